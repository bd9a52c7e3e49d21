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

/** Size of a `struct statx` in bytes. */
export const STATX_SIZE = 256;

/**
 * Reads a `struct statx`. Where its fields are is counted in words of 32 bits,
 * of which those of 64 bits have two, the lower one first.
 *
 * @param statx The structure.
 * @returns What it says.
 */
export function readStatx(statx: Uint32Array): InodeInfo {
  const word = (at: number) => statx[at] ?? 0;
  const long = (at: number) => word(at + 1) * 2 ** 32 + word(at);
  const mode = word(7) & 0xffff;
  const type = INODE_TYPES[mode & S_IFMT] ?? "file";
  const nlink = word(4);
  const inode = long(8);
  const device = word(34) * 2 ** 20 + word(35);
  return {
    type,
    mode: mode & 0o7777,
    uid: word(5),
    gid: word(6),
    size: long(10),
    atime: readTime(statx, 16),
    mtime: readTime(statx, 28),
    ctime: readTime(statx, 24),
    device,
    inode,
    nlink,
    identity: nlink > 1 && type !== "directory" ? readIdentity(statx) : "",
    deviceMajor: word(32),
    deviceMinor: word(33),
  };
}

/** Device and inode number, which may have more digits than a number. */
function readIdentity(statx: Uint32Array): string {
  const [low, high, major, minor] = [statx[8], statx[9], statx[34], statx[35]];
  return `${major}:${minor}:${high}:${low}`;
}

function readTime(statx: Uint32Array, at: number): Timestamp {
  // The upper half of the seconds is signed.
  const high = (statx[at + 1] ?? 0) | 0;
  return {
    seconds: high * 2 ** 32 + (statx[at] ?? 0),
    nanoseconds: statx[at + 2] ?? 0,
  };
}
