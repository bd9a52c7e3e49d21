"""Prints the entries of an archive as one JSON array.

Usage: list_tar.py ARCHIVE

Python's tarfile reads it. Bytes of names that are not UTF-8 become lone
surrogates, as Strata has them.
"""
import hashlib
import json
import sys
import tarfile
from decimal import Decimal

TYPES = {
    tarfile.LNKTYPE: "link",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "character-device",
    tarfile.BLKTYPE: "block-device",
    tarfile.DIRTYPE: "directory",
    tarfile.FIFOTYPE: "fifo",
}

XATTR_PREFIX = "SCHILY.xattr."

# Larger bodies are holes but for a few bytes: the caller looks at those.
LARGE = 1 << 30


def timestamp(member):
    # The record's own digits: as a float it has lost some.
    exact = Decimal(member.pax_headers.get("mtime", str(int(member.mtime))))
    seconds = exact.to_integral_value(rounding="ROUND_FLOOR")
    return int(seconds), int((exact - seconds) * 10**9)


def hash_body(archive, member):
    digest = hashlib.sha256()
    body = archive.extractfile(member)
    while chunk := body.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def describe(archive, member):
    kind = TYPES.get(member.type, "file")
    seconds, nanoseconds = timestamp(member)
    entry = {
        "type": kind,
        "name": member.name,
        "mode": member.mode & 0o7777,
        "uid": member.uid,
        "gid": member.gid,
        "mtimeSeconds": seconds,
        "mtimeNanoseconds": nanoseconds,
        "userName": member.uname,
        "groupName": member.gname,
        "xattrs": {
            key[len(XATTR_PREFIX):]:
                value.encode("utf-8", "surrogateescape").hex()
            for key, value in sorted(member.pax_headers.items())
            if key.startswith(XATTR_PREFIX)
        },
    }
    if kind == "file":
        entry["size"] = member.size
        if member.size <= LARGE:
            entry["sha256"] = hash_body(archive, member)
    if kind in ("link", "symlink"):
        entry["linkName"] = member.linkname
    if kind.endswith("-device"):
        entry["device"] = f"{member.devmajor}:{member.devminor}"
    return entry


def main(path):
    with tarfile.open(path) as archive:
        entries = [describe(archive, member) for member in archive]
    json.dump(entries, sys.stdout)


main(sys.argv[1])
