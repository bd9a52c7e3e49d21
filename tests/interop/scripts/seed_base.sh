#!/bin/sh
# Adds to the base root filesystem what the layers above change.
# Usage: seed_base.sh ROOTFS
set -eu
cd "$1"
mkdir -p srv/strata
cd srv/strata

mkdir -p directory-to-symlink/inside symlink-target opaque/sub marked/sub
mkdir -p removed-directory/sub keep orphans over-symlink-target touched-directory
echo "goes with its directory" > directory-to-symlink/inside/file
echo "seen through the symlink" > symlink-target/file
echo "becomes a directory" > file-to-directory
echo "becomes a fifo" > file-to-fifo
ln -s keep symlink-to-file
ln -s over-symlink-target symlink-to-directory
echo "stays, whatever happens to the symlink" > over-symlink-target/file
echo "removed" > removed-file
echo "removed" > removed-directory/sub/file
echo "removed" > removed-directory/file
echo "hidden" > opaque/hidden
echo "hidden" > opaque/sub/hidden
echo "replaced" > opaque/replaced
echo "hidden" > marked/hidden
echo "hidden" > marked/sub/hidden
echo "replaced" > marked/replaced
echo "removed by a whiteout in the layer that adds it again" > again
echo "removed by a plain whiteout" > whited-out
mkdir -p whited-out-directory/sub
echo "removed" > whited-out-directory/sub/file
echo "a link to this comes with a later layer" > lower-file
echo "kept as it is" > keep/file
echo "its owner, mode and time change" > metadata
echo "its xattrs change" > xattrs
setfattr -n user.stays -v same xattrs
setfattr -n user.goes -v gone xattrs
setfattr -n user.changes -v before xattrs
echo "one of two names" > pair-1
ln pair-1 pair-2
mkdir -p touched-directory/sub
echo "comes in a directory whose own entry does not come again" \
  > touched-directory/sub/file

# Times that no build of today can have, with nanoseconds.
find . -exec touch --no-dereference -d '2001-02-03 04:05:06.123456789Z' {} +
