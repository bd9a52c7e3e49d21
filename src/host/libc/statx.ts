/**
 * What statx(2) says of an inode.
 *
 * @module
 */
import type { Timestamp } from "../../tar/header.ts";
import type { InodeInfo, InodeType } from "../directory.ts";

const S_IFMT = 0o170000;
const INODE_TYPES: Readonly<Record<number, InodeType>> = {
  0o010000: "fifo",
  0o020000: "character-device",
  0o040000: "directory",
  0o060000: "block-device",
  0o100000: "file",
  0o120000: "symlink",
  0o140000: "socket",
};

/**
 * Reads a `struct statx`.
 *
 * @param statx The structure.
 * @returns What it says.
 */
export function readStatx(statx: DataView): InodeInfo {
  const mode = statx.getUint16(28, true);
  const type = INODE_TYPES[mode & S_IFMT] ?? "file";
  const nlink = statx.getUint32(16, true);
  return {
    type,
    mode: mode & 0o7777,
    uid: statx.getUint32(20, true),
    gid: statx.getUint32(24, true),
    size: Number(statx.getBigUint64(40, true)),
    atime: readTime(statx, 64),
    mtime: readTime(statx, 112),
    ctime: readTime(statx, 96),
    device: statx.getUint32(136, true) * 2 ** 20 +
      statx.getUint32(140, true),
    inode: Number(statx.getBigUint64(32, true)),
    nlink,
    identity: nlink > 1 && type !== "directory" ? readIdentity(statx) : "",
    deviceMajor: statx.getUint32(128, true),
    deviceMinor: statx.getUint32(132, true),
  };
}

/** Device and inode number. */
function readIdentity(view: DataView): string {
  const major = view.getUint32(136, true);
  const minor = view.getUint32(140, true);
  return `${major}:${minor}:${view.getBigUint64(32, true)}`;
}

function readTime(view: DataView, offset: number): Timestamp {
  const low = view.getUint32(offset, true);
  const high = view.getInt32(offset + 4, true);
  return {
    seconds: high * 0x100000000 + low,
    nanoseconds: view.getUint32(offset + 8, true),
  };
}
