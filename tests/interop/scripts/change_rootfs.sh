#!/bin/sh
# Makes the changes that umoci turns into the second layer.
# Usage: change_rootfs.sh ROOTFS
set -eu
cd "$1/srv/strata"
rootfs=$1

# Additions, removals, and one type replaced by another.
mkdir -p added/one/two
echo "added" > added/one/two/file
: > added/empty
rm removed-file
rm -r removed-directory
rm -r "$rootfs/usr/share/common-licenses"
rm -r directory-to-symlink
ln -s symlink-target directory-to-symlink
rm file-to-directory
mkdir file-to-directory
echo "inside what was a file" > file-to-directory/inside
rm file-to-fifo
mkfifo file-to-fifo
rm symlink-to-file
echo "was a symlink" > symlink-to-file
echo "more" >> touched-directory/sub/file

# Owners, modes, times.
chown 1234:5678 metadata
chmod 0640 metadata
touch -d '1999-12-31 23:59:59Z' metadata
mkdir modes
for mode in 0000 0400 0755 1777 2755 4755 6711 7777; do
  echo "$mode" > "modes/file-$mode"
  mkdir "modes/directory-$mode"
  # An owner first: chown(2) takes the set-id bits away.
  chown 1000:1000 "modes/file-$mode" "modes/directory-$mode"
  chmod "$mode" "modes/file-$mode" "modes/directory-$mode"
done
mkdir ids
echo "beyond what octal holds" > ids/large
chown 3000000:4294967294 ids/large
ln -s nowhere ids/symlink
chown --no-dereference 42:43 ids/symlink
mkdir times
echo "before 1970" > times/before-1970
touch -d '1960-01-01 00:00:00Z' times/before-1970
echo "after 2038" > times/after-2038
touch -d '2100-01-01 00:00:00Z' times/after-2038
ln -s before-1970 times/symlink
touch --no-dereference -d '2010-10-10 10:10:10Z' times/symlink

# Hard links, across directories and to files of the layer below.
mkdir -p links/a links/b
echo "one inode, three names" > links/a/first
ln links/a/first links/b/second
ln links/a/first links/third
ln lower-file links/to-lower
ln -s first links/a/symlink
ln links/a/symlink links/b/hard-link-to-symlink
echo "a third name" >> pair-1
ln pair-1 links/pair-3

# Devices, a fifo, file capabilities, xattrs with binary values.
mkdir special
mknod special/char c 1 3
mknod special/block b 7 200
mknod special/large c 259 1048575
chmod 0640 special/char
chown 0:6 special/block
mkfifo special/fifo
cp "$rootfs/bin/cat" special/cat-with-capability
setcap cap_dac_read_search=ep special/cat-with-capability
cp "$rootfs/bin/cat" special/cat-without-capability
echo "readable with a capability only" > special/secret
chmod 0600 special/secret
setfattr -x user.goes xattrs
setfattr -n user.changes -v after xattrs
setfattr -n user.binary -v 0x00ff0a3d0d80fe00 xattrs
setfattr -n user.empty xattrs
setfattr -n user.on-a-directory -v 0x0001 links
setfattr -n trusted.strata -v 0xdeadbeef links

# Names.
mkdir names
echo 1 > 'names/with space'
printf 2 > "names/with
newline"
echo 3 > 'names/grüße-日本語-🦕'
printf 4 > "names/$(printf 'not-utf8-\377\376')"
echo 5 > 'names/back\slash "quotes" '\''and'\'' *'
echo 6 > 'names/ leading and trailing '
echo 7 > names/-dash
hundred=$(printf '%0100d' 0)
echo 8 > "names/$hundred"
echo 9 > "names/$hundred$hundred-long-name"
deep=d$hundred/e$hundred/f$hundred
mkdir -p "names/$deep"
echo 10 > "names/$deep/file"
ln -s "$deep/file" names/long-target
ln "names/$deep/file" names/hard-link-to-long-name

# A file with holes: umoci writes it out in full.
truncate --size 4M sparse
printf data | dd of=sparse bs=1 seek=2000000 conv=notrunc status=none
