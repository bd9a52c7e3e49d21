"""Prints what is in a directory tree, as one JSON array.

Usage: scan_tree.py ROOT

Looks at the disk by itself, so that no code of Strata judges Strata's work.
Bytes of names that are not UTF-8 become lone surrogates, as Strata has them.
"""
import hashlib
import json
import os
import stat
import sys

TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "character-device",
    stat.S_IFBLK: "block-device",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}

# Larger files are hashed by what is not zero in them, to skip the holes.
LARGE = 1 << 30
PIECE = 64 * 1024


def walk(root):
    yield root
    for directory, names, files in os.walk(root):
        for name in sorted(names + files):
            yield os.path.join(directory, name)


def hash_contents(path, size):
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        if size <= LARGE:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
            return digest.hexdigest()
        position = 0
        while position < size:
            try:
                position = os.lseek(file.fileno(), position, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                break
            position -= position % PIECE
            piece = os.pread(file.fileno(), PIECE, position)
            if piece.strip(b"\0"):
                digest.update(b"%d:" % position + piece)
            position += PIECE
    return "by-piece:" + digest.hexdigest()


def read_xattrs(path):
    return {
        name: os.getxattr(path, name, follow_symlinks=False).hex()
        for name in sorted(os.listxattr(path, follow_symlinks=False))
    }


def describe(path, relative, link_groups):
    info = os.lstat(path)
    kind = TYPES[stat.S_IFMT(info.st_mode)]
    seconds, nanoseconds = divmod(info.st_mtime_ns, 10**9)
    entry = {
        "path": relative,
        "type": kind,
        "mode": stat.S_IMODE(info.st_mode),
        "uid": info.st_uid,
        "gid": info.st_gid,
        "mtimeSeconds": seconds,
        "mtimeNanoseconds": nanoseconds,
        "xattrs": read_xattrs(path),
    }
    if kind == "file":
        entry["size"] = info.st_size
        entry["allocated"] = info.st_blocks * 512
        entry["sha256"] = hash_contents(path, info.st_size)
    if kind == "symlink":
        entry["target"] = os.readlink(path)
    if kind.endswith("-device"):
        entry["device"] = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    if kind != "directory" and info.st_nlink > 1:
        link_groups.setdefault((info.st_dev, info.st_ino), []).append(entry)
    return entry


def main(root):
    link_groups = {}
    entries = [
        describe(path, os.path.relpath(path, root), link_groups)
        for path in walk(root)
    ]
    for group in link_groups.values():
        first = min(entry["path"] for entry in group)
        for entry in group:
            entry["linkGroup"] = first
    json.dump(entries, sys.stdout)


main(sys.argv[1])
