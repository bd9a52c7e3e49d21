"""Archives directories with Python's tarfile.

Usage: write_tar.py FORMAT ARCHIVE ROOT DIRECTORY...

FORMAT is ustar, gnu or pax.
"""
import os
import sys
import tarfile

FORMATS = {
    "ustar": tarfile.USTAR_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}


def main(format_name, path, root, *directories):
    os.chdir(root)

    def with_xattrs(info):
        if format_name != "pax":
            return info
        for name in os.listxattr(info.name, follow_symlinks=False):
            value = os.getxattr(info.name, name, follow_symlinks=False)
            text = value.decode("utf-8", "surrogateescape")
            info.pax_headers["SCHILY.xattr." + name] = text
        # A float of today has room for microseconds only.
        info.mtime = int(info.mtime)
        seconds, rest = divmod(os.lstat(info.name).st_mtime_ns, 10**9)
        if rest and seconds >= 0:
            info.pax_headers["mtime"] = f"{seconds}.{rest:09}"
        return info

    with tarfile.open(path, "w", format=FORMATS[format_name]) as archive:
        for directory in directories:
            archive.add(directory, filter=with_xattrs)


main(*sys.argv[1:])
