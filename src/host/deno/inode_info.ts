/**
 * What Deno's API says of an inode.
 *
 * @module
 */
import type { Timestamp } from "../../tar/header.ts";
import type { InodeInfo, InodeType } from "../directory.ts";

/**
 * What Deno says of an inode.
 *
 * @param info What `Deno.lstat` returned.
 * @returns The same in this package's terms.
 */
export function toInodeInfo(info: Deno.FileInfo): InodeInfo {
  return {
    type: inodeType(info),
    mode: (info.mode ?? 0) & 0o7777,
    uid: info.uid ?? 0,
    gid: info.gid ?? 0,
    size: info.size,
    atime: toTimestamp(info.atime),
    mtime: toTimestamp(info.mtime),
    ctime: toTimestamp(info.ctime),
    device: info.dev,
    inode: info.ino ?? 0,
    nlink: info.nlink ?? 1,
    identity: (info.nlink ?? 1) > 1 && !info.isDirectory
      ? `${info.dev}:${info.ino}`
      : "",
    ...toDeviceNumbers(info.rdev ?? 0),
  };
}

/** Both libraries' makedev, backwards. */
function toDeviceNumbers(rdev: number) {
  const device = BigInt(rdev);
  const major = (device >> 8n & 0xfffn) | (device >> 32n & ~0xfffn);
  const minor = (device & 0xffn) | (device >> 12n & 0xffffff00n);
  return { deviceMajor: Number(major), deviceMinor: Number(minor) };
}

function inodeType(info: Deno.FileInfo): InodeType {
  if (info.isDirectory) return "directory";
  if (info.isSymlink) return "symlink";
  if (info.isCharDevice === true) return "character-device";
  if (info.isBlockDevice === true) return "block-device";
  if (info.isFifo === true) return "fifo";
  return info.isSocket === true ? "socket" : "file";
}

function toTimestamp(date: Date | null): Timestamp {
  const milliseconds = date?.getTime() ?? 0;
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 };
}
