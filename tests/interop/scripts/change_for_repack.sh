#!/bin/sh
# Makes a change of every kind in the unpacked base. What of it belongs into a
# layer is listed by hand in repack_test.ts.
# Usage: change_for_repack.sh ROOTFS
set -eu
cd "$1/srv/strata"

# Added, changed, deleted, renamed.
mkdir -p added/sub
echo "added" > added/sub/file
echo "changed" >> keep/file
rm -r removed-directory
rm removed-file
mv lower-file renamed

# Mode, owner, time; and a file touched to the time that it has.
chmod 0600 metadata
chown --no-dereference 12:34 symlink-to-file
touch -d '2015-05-05 05:05:05Z' whited-out
touch -d '2001-02-03 04:05:06.123456789Z' again

# A name more of an inode, and one that is an inode of its own from now on.
ln opaque/replaced linked
rm pair-2
echo "no link any more" > pair-2

# A file replaced by a directory, and the reverse.
rm file-to-directory
mkdir file-to-directory
echo "inside" > file-to-directory/file
rm -r directory-to-symlink
echo "a file" > directory-to-symlink

# Xattrs and capabilities, a device and a fifo.
setfattr -n user.changes -v after xattrs
cp "$1/bin/true" capable
chmod 0755 capable
setcap cap_net_raw=ep capable
mknod null c 1 3
rm file-to-fifo
mkfifo file-to-fifo

# Names.
mkdir names
echo 1 > 'names/with space'
printf 2 > "names/with
newline"
echo 3 > 'names/grüße-日本語'
printf 4 > "names/$(printf 'not-utf8-\377')"
