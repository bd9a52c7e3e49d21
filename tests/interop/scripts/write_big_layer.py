"""Writes a gzip layer with one file of many gibibytes, and prints its diffID.

Usage: write_big_layer.py LAYER GIBIBYTES

The file repeats a mebibyte that is noise at its start and zeros behind it; nothing of it is
kept in memory.
"""
import hashlib
import random
import sys
import tarfile
import zlib

MEBIBYTE = 1 << 20


class Compressor:
    """What tarfile writes to: hashes and compresses what passes."""

    def __init__(self, target):
        self.target = target
        self.hash = hashlib.sha256()
        self.gzip = zlib.compressobj(1, zlib.DEFLATED, 31)

    def write(self, data):
        self.hash.update(data)
        self.target.write(self.gzip.compress(data))

    def finish(self):
        self.target.write(self.gzip.flush())


class Repeated:
    """What tarfile reads the file from."""

    def __init__(self, piece):
        self.piece = piece

    def read(self, size):
        return self.piece[:size]


def main(path, gibibytes):
    noise = random.Random(1).randbytes(32 * 1024)
    piece = noise + bytes(MEBIBYTE - len(noise))
    with open(path, "wb") as target:
        compressor = Compressor(target)
        with tarfile.open(
            fileobj=compressor,
            mode="w|",
            format=tarfile.PAX_FORMAT,
            bufsize=MEBIBYTE,
            copybufsize=MEBIBYTE,
        ) as archive:
            info = tarfile.TarInfo("big")
            info.size = gibibytes << 30
            archive.addfile(info, Repeated(piece))
        compressor.finish()
    print("sha256:" + compressor.hash.hexdigest())


main(sys.argv[1], int(sys.argv[2]))
