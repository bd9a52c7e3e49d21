"""Writes an archive of a few big files that gzip makes about half as big.

Usage: write_big_files.py ARCHIVE COUNT BYTES
"""
import random
import sys
import tarfile

MEBIBYTE = 1 << 20


class HalfNoise:
    """What tarfile reads a file from: of each mebibyte half is noise."""

    def __init__(self, source):
        self.source = source
        self.words = [source.randbytes(12) for _ in range(1000)]
        self.rest = b""

    def read(self, size):
        while len(self.rest) < size:
            self.rest += self.source.randbytes(MEBIBYTE // 2)
            words = self.source.choices(self.words, k=MEBIBYTE // 2 // 12)
            self.rest += b"".join(words)
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece


def main(path, count, size):
    source = HalfNoise(random.Random(1))
    with tarfile.open(
        path, "w", format=tarfile.PAX_FORMAT, copybufsize=MEBIBYTE
    ) as archive:
        for i in range(count):
            info = tarfile.TarInfo(f"big-{i}")
            info.size = size
            archive.addfile(info, source)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
