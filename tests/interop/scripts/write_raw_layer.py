"""Writes a layer that no program would make from a directory.

Usage: write_raw_layer.py ARCHIVE

It makes a directory opaque after entries of the same layer, whites things out
in both orders, leaves parents out, goes through symlinks of lower layers and
links to files of lower layers.
"""
import io
import sys
import tarfile

TIME = 1100000000


def add(archive, name, kind=tarfile.REGTYPE, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    info.mtime = TIME
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(content))


def main(path):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        # What this layer itself adds stays, whatever the order.
        add(archive, "srv/strata/marked", tarfile.DIRTYPE, mode=0o711)
        add(archive, "srv/strata/marked/new", content=b"new\n")
        add(archive, "srv/strata/marked/replaced", content=b"other\n")
        add(archive, "srv/strata/marked/.wh..wh..opq")
        add(archive, "srv/strata/marked/after", content=b"after\n")

        add(archive, "srv/strata/.wh.whited-out")
        add(archive, "srv/strata/.wh.whited-out-directory")
        add(archive, "srv/strata/.wh.never-was-there")
        add(archive, "srv/strata/.wh.again")
        add(archive, "srv/strata/again", content=b"again\n")

        # AUFS's own bookkeeping is no content.
        add(archive, "srv/strata/.wh..wh.plnk", tarfile.DIRTYPE)

        # Parents without entries of their own.
        add(archive, "srv/strata/orphans/no/entry/for/parents", content=b"deep\n")

        # /lib is a symlink to /usr/lib in the base layer.
        add(archive, "lib/strata.txt", content=b"through a symlink\n")
        add(archive, "./srv//strata/./untidy/../tidy", content=b"cleaned\n")

        # A directory replaces a symlink, and the symlink's target stays.
        add(archive, "srv/strata/symlink-to-directory", tarfile.DIRTYPE)
        add(archive, "srv/strata/symlink-to-directory/new", content=b"new\n")

        # A link to a lower layer's file, and the metadata the link carries.
        add(
            archive,
            "srv/strata/link-to-lower",
            tarfile.LNKTYPE,
            linkname="srv/strata/keep/file",
            mtime=TIME,
        )
        add(archive, "srv/strata/keep", tarfile.DIRTYPE, mode=0o700, uid=7)

        # Times with a fraction, in a PAX record.
        add(
            archive,
            "srv/strata/fraction",
            content=b"fraction\n",
            pax_headers={"mtime": "1234567890.987654321"},
        )
        # The root itself.
        add(archive, "./", tarfile.DIRTYPE, mode=0o755, mtime=TIME + 1)


main(sys.argv[1])
