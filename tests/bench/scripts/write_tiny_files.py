"""Writes an archive of very many tiny files.

Usage: write_tiny_files.py ARCHIVE COUNT
"""
import io
import sys
import tarfile

PER_DIRECTORY = 200


def main(path, count):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for i in range(count):
            directory = f"tree/{i // PER_DIRECTORY:05}"
            if i % PER_DIRECTORY == 0:
                info = tarfile.TarInfo(directory)
                info.type = tarfile.DIRTYPE
                info.mode = 0o755
                archive.addfile(info)
            content = b"%d\n" % i
            info = tarfile.TarInfo(f"{directory}/{i:06}")
            info.size = len(content)
            info.mtime = 1600000000 + i
            archive.addfile(info, io.BytesIO(content))


main(sys.argv[1], int(sys.argv[2]))
