/**
 * What tells an inode that changed from one that did not, as git's index tells
 * them apart: whatever is done to an inode, its ctime becomes the present, and
 * nobody can set it back.
 *
 * @module
 */
import type { InodeInfo } from "../host/directory.ts";
import type { Timestamp } from "../tar/header.ts";

/**
 * Device, inode, size, seconds and nanoseconds of mtime, and those of ctime.
 */
export type InodeStamp = readonly number[];

/**
 * Takes an inode's stamp.
 *
 * @param info The inode.
 * @returns Its stamp.
 */
export function stampOf(info: InodeInfo): InodeStamp {
  const { device, inode, size, mtime, ctime } = info;
  return [
    device,
    inode,
    size,
    mtime.seconds,
    mtime.nanoseconds,
    ctime.seconds,
    ctime.nanoseconds,
  ];
}

/**
 * Tells whether an inode is what it was.
 *
 * @param info The inode as it is now.
 * @param stamp The stamp that was taken of it.
 * @returns Whether nothing about it changed.
 */
export function hasStamp(info: InodeInfo, stamp: InodeStamp): boolean {
  return stamp[1] === info.inode &&
    stamp[6] === info.ctime.nanoseconds &&
    stamp[5] === info.ctime.seconds &&
    stamp[4] === info.mtime.nanoseconds &&
    stamp[3] === info.mtime.seconds &&
    stamp[2] === info.size &&
    stamp[0] === info.device;
}

/**
 * Tells whether a stamp can be trusted. An inode that changed in the tick of
 * the clock in which one began to look, or later, may have changed again
 * without another time to show it.
 *
 * @param info The inode.
 * @param begun When one began to look, by the filesystem's own clock.
 * @returns Whether it changed before that for the last time.
 */
export function isSettled(info: InodeInfo, begun: Timestamp): boolean {
  const { seconds, nanoseconds } = info.ctime;
  return seconds < begun.seconds ||
    seconds === begun.seconds && nanoseconds < begun.nanoseconds;
}
