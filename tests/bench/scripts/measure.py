"""Runs a program and prints what it cost, as JSON.

Usage: measure.py PROGRAM [ARGUMENT ...]

The times are in seconds, the memory in bytes; those of the program's own
children count as well. The kernel counts what a process had in use before it
became the program, so the memory is never less than this script's own: it
imports little. What the program prints is thrown away, its errors are passed
on, and its failure is this script's.
"""
import os
import sys
from time import perf_counter


def main(command):
    quiet = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    start = perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    wall = perf_counter() - start
    cpu = usage.ru_utime + usage.ru_stime
    memory = usage.ru_maxrss * 1024
    print(f'{{"wall": {wall}, "cpu": {cpu}, "memory": {memory}}}')
    return 0 if status == 0 else 1


sys.exit(main(sys.argv[1:]))
