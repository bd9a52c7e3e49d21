"""Writes archives whose files overwrite each other's.

Usage: write_overlapping_layers.py DIRECTORY COUNT

Each has half of the same paths, drawn anew, with other contents.
"""
import io
import os
import random
import sys
import tarfile

DIRECTORIES = 40
FILES_EACH = 50


def main(directory, count):
    source = random.Random(1)
    paths = [
        f"srv/{i:02}/{j:02}" for i in range(DIRECTORIES) for j in range(FILES_EACH)
    ]
    for layer in range(count):
        path = os.path.join(directory, f"{layer:02}.tar")
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for name in sorted(source.sample(paths, len(paths) // 2)):
                content = source.randbytes(2000) + b"layer %d\n" % layer * 1000
                info = tarfile.TarInfo(name)
                info.size = len(content)
                info.mtime = 1600000000 + layer
                archive.addfile(info, io.BytesIO(content))


main(sys.argv[1], int(sys.argv[2]))
