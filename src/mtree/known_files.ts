/**
 * What is known of files that need not be read.
 *
 * @module
 */
import type { InodeInfo } from "../host/directory.ts";
import { hasStamp, type InodeStamp, stampOf } from "./inode_stamp.ts";

/** What is known of a file beside what lstat says. */
export interface KnownFile {
  /** Digest of its contents, in hexadecimal digits. */
  sha256: string;
  /** Its xattrs but those of the host's own. */
  xattrs: ReadonlyMap<string, Uint8Array>;
}

/** Hardly a file has any, and each empty map would take its own memory. */
const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

/** Files by their inodes, as they were when they were noted. */
export class KnownFiles {
  readonly #files = new Map<number, KnownFile & { stamp: InodeStamp }>();

  /**
   * Notes a file.
   *
   * @param info Its inode.
   * @param known What is known of it.
   */
  note(info: InodeInfo, { sha256, xattrs }: KnownFile): void {
    this.#files.set(info.inode, {
      stamp: stampOf(info),
      sha256,
      xattrs: xattrs.size === 0 ? NO_XATTRS : xattrs,
    });
  }

  /**
   * Forgets what was noted of an inode that is another file now.
   *
   * @param info The inode.
   */
  forget(info: InodeInfo): void {
    this.#files.delete(info.inode);
  }

  /**
   * Takes note that a file got another name, which changes nothing but its
   * ctime.
   *
   * @param before Its inode before that.
   * @param after Its inode after it.
   */
  linked(before: InodeInfo, after: InodeInfo): void {
    const known = this.find(before);
    if (known !== undefined) this.note(after, known);
  }

  /**
   * Finds a file.
   *
   * @param info Its inode as it is now.
   * @returns What is known of it, or undefined where it is another, or may be.
   */
  find(info: InodeInfo): KnownFile | undefined {
    const file = this.#files.get(info.inode);
    return file !== undefined && hasStamp(info, file.stamp) ? file : undefined;
  }
}
