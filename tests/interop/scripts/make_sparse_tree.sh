#!/bin/sh
# Makes what GNU tar archives as the sparse layer.
# Usage: make_sparse_tree.sh DIRECTORY
set -eu
mkdir -p "$1/srv/strata/holes"
cd "$1/srv/strata/holes"
truncate --size 64M many-extents
for i in $(seq 1 40); do
  printf 'extent %d' "$i" |
    dd of=many-extents bs=1 seek=$((i * 1500000)) conv=notrunc status=none
done
truncate --size 10M nothing-but-a-hole
printf data > ends-in-a-hole
truncate --size 3M ends-in-a-hole
printf 'no holes' > no-holes
find . -exec touch -d '2020-02-20 20:20:20Z' {} +
