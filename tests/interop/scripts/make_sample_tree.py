"""Makes the tree whose archives are read.

Usage: make_sample_tree.py DIRECTORY

Each directory below it holds what one family of formats can or cannot carry,
so that an archive takes the directories that its format is fit for.
"""
import os
import stat
import subprocess
import sys


def write(path, content=b"content\n", mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def write_extents(path, size, extents):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for offset, content in extents:
            file.seek(offset)
            file.write(content)
        file.truncate(size)


def make_plain():
    write(b"plain/empty", b"")
    write(b"plain/one-block", b"x" * 512)
    write(b"plain/one-more", b"x" * 513)
    write(b"plain/megabyte", bytes(i * i % 251 for i in range(1 << 20)))
    write(b"plain/set-id", mode=0o6755)
    write(b"plain/no-mode", mode=0)
    write(b"plain/with space")
    write(b"plain/with\nnewline")
    write(b"plain/back\\slash \"quotes\" 'and' *")
    write(b"plain/owned")
    os.chown(b"plain/owned", 1000, 2000)
    os.makedirs(b"plain/directory/empty")
    os.chmod(b"plain/directory", 0o1777)
    os.chmod(b"plain/directory/empty", 0o700)
    os.makedirs(b"plain/links")
    os.link(b"plain/one-more", b"plain/links/hard")
    os.symlink(b"../one-more", b"plain/links/symlink")
    os.symlink(b"/nowhere at all", b"plain/links/dangling")


def make_names():
    write("unicode/grüße-日本語-🦕".encode())
    os.symlink("grüße".encode(), "unicode/symlink-é".encode())
    write(b"raw/not-utf8-\xff\xfe")
    os.symlink(b"not-utf8-\xff\xfe", b"raw/symlink")
    os.link(b"raw/not-utf8-\xff\xfe", b"raw/hard-link")
    # All of the name field, without a NUL at its end.
    write(b"long/" + b"n" * 95)
    # ustar splits these at a slash.
    write(b"long/" + b"p" * 90 + b"/" + b"q" * 50 + b"/" + b"n" * 90)
    write(b"long/" + b"/".join([b"q" * 49] * 3) + b"/" + b"f" * 99)
    # Nothing but an extension holds these.
    deep = b"longer/" + b"/".join([b"d" * 100] * 3)
    write(deep + b"/" + b"f" * 200)
    os.symlink(b"t" * 1500, b"longer/symlink")
    os.link(deep + b"/" + b"f" * 200, b"longer/hard-link")


def make_numbers():
    for name, uid, gid in (
        (b"octal", 2097151, 2097151),
        (b"beyond-octal", 2097152, 3000000),
        (b"largest", 4294967294, 4294967294),
    ):
        write(b"ids/" + name)
        os.chown(b"ids/" + name, uid, gid)
    for name, nanoseconds in (
        (b"before-1970", -315619200 * 10**9),
        (b"second-before", -(10**9)),
        (b"epoch", 0),
        (b"beyond-octal", 8589934592 * 10**9),
    ):
        write(b"times/" + name)
        os.utime(b"times/" + name, ns=(nanoseconds, nanoseconds))
    for name, nanoseconds in (
        (b"nanoseconds", 1234567890_123456789),
        (b"leading-zeros", 1234567890_000000001),
        (b"trailing-zeros", 1234567890_500000000),
    ):
        write(b"fractions/" + name)
        os.utime(b"fractions/" + name, ns=(nanoseconds, nanoseconds))
    for name, nanoseconds in (
        (b"half", -315619200 * 10**9 + 500000000),
        (b"just-before", -1),
        (b"below-one", -1_500000000),
    ):
        write(b"negative-fractions/" + name)
        os.utime(b"negative-fractions/" + name, ns=(nanoseconds, nanoseconds))


def make_special():
    os.makedirs(b"special")
    os.mkfifo(b"special/fifo", 0o640)
    os.mknod(b"special/char", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    os.mknod(b"special/block", stat.S_IFBLK | 0o660, os.makedev(7, 200))
    # More than the six octal digits that bsdtar has for it in ustar.
    os.makedirs(b"large-device")
    large = os.makedev(259, 1048575)
    os.mknod(b"large-device/char", stat.S_IFCHR | 0o600, large)


def make_xattrs():
    write(b"xattrs/file")
    os.setxattr(b"xattrs/file", b"user.text", b"text")
    os.setxattr(b"xattrs/file", b"user.binary", bytes(range(256)))
    os.setxattr(b"xattrs/file", b"user.newline", b"3 a=b\n12 x=y\n")
    os.setxattr(b"xattrs/file", b"user.empty", b"")
    os.setxattr(b"xattrs/file", b"user.large", b"large" * 500)
    os.setxattr(b"xattrs", b"user.directory", b"\0")
    write(b"xattrs/capability", mode=0o755)
    write(b"xattr-names/file")
    os.setxattr(b"xattr-names/file", "user.näme".encode(), b"\xff\xfe")
    capability = bytes.fromhex("0100000204000000" + "00" * 12)
    os.setxattr(b"xattrs/capability", b"security.capability", capability)


def make_sparse():
    many = [(i * 300000, b"extent %d" % i) for i in range(1, 61)]
    write_extents(b"sparse/many-extents", 20_000_000, many)
    write_extents(b"sparse/all-hole", 5_000_000, [])
    write_extents(b"sparse/data-first", 5_000_000, [(0, b"data")])
    write_extents(b"sparse/data-last", 5_000_000, [(4_999_996, b"data")])
    write_extents(b"sparse/short-tail", 1_000_003, [(0, b"a"), (500_000, b"b")])
    name = b"sparse/" + b"/".join([b"s" * 100] * 2)
    write_extents(name, 3_000_000, [(1_000_000, b"under a long name")])
    write(b"sparse/after", b"the next entry is found again\n")
    # More than the 8 GiB that eleven octal digits hold.
    write_extents(
        b"huge/over-8-gib",
        9 << 30,
        [(0, b"first"), (5 << 30, b"middle"), ((9 << 30) - 4, b"last")],
    )
    write(b"huge/then", b"the next entry is found again\n")


def main(directory):
    os.makedirs(directory)
    os.chdir(directory)
    os.umask(0o022)
    make_plain()
    make_names()
    make_numbers()
    make_special()
    make_xattrs()
    make_sparse()
    # Whole seconds for all that is not about time.
    for group in os.listdir(b"."):
        if group.startswith((b"times", b"fractions", b"negative")):
            os.utime(group, (1500000000, 1500000000))
            continue
        subprocess.run(
            [b"find", group]
            + b"-exec touch --no-dereference -d @1500000000 {} +".split(),
            check=True,
        )


main(sys.argv[1])
