/**
 * What is known of files by their inodes, as git's index knows it: a file whose
 * inode did not change has the contents that it had, and is not read again.
 *
 * @module
 */
import type { InodeInfo } from "../host/directory.ts";
import type { Timestamp } from "../tar/header.ts";

/** What is known of a file. */
export interface KnownFile {
  /** Digest of its contents, in hexadecimal digits. */
  sha256: string;
  /** Its xattrs, the values in base64, where they are known. */
  xattrs?: [name: string, value: string][];
}

/** A file that is known, as it was. */
interface Entry extends KnownFile {
  /** Device, inode, size and times, which no change leaves as they are. */
  stamp: string;
}

const VERSION = 1;

/** Files by their inodes. */
export class InodeIndex {
  readonly #entries = new Map<string, Entry>();

  /** How many files are known. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Notes a file.
   *
   * @param info Its inode.
   * @param known What is known of it.
   */
  note(info: InodeInfo, known: KnownFile): void {
    this.#entries.set(keyOf(info), { stamp: stampOf(info), ...known });
  }

  /**
   * Finds a file that is what it was.
   *
   * @param info Its inode as it is now.
   * @returns What is known of it, or undefined where it is another, or may be.
   */
  find(info: InodeInfo): KnownFile | undefined {
    if (this.#entries.size === 0) return undefined;
    const entry = this.#entries.get(keyOf(info));
    return entry?.stamp === stampOf(info) ? entry : undefined;
  }

  /**
   * Writes the index down. Files that changed in the same tick of the clock in
   * which it was begun, or later, are left out: they may have changed again
   * without another time to show it.
   *
   * @param begun When the files began to be looked at, by their filesystem's
   * own clock.
   * @returns The index as text.
   */
  format(begun: Timestamp): string {
    const limit = timeOf(begun);
    const files = [...this.#entries].filter(([, { stamp }]) =>
      isBefore(stamp.slice(stamp.lastIndexOf(" ") + 1), limit)
    );
    return JSON.stringify({ version: VERSION, files });
  }

  /**
   * Reads an index that was written down.
   *
   * @param text The index as text.
   * @returns The index; an empty one where the text is none, for whoever finds
   * nothing in it reads the files.
   */
  static parse(text: string): InodeIndex {
    const index = new InodeIndex();
    for (const [key, entry] of parseFiles(text)) {
      index.#entries.set(key, entry);
    }
    return index;
  }
}

function parseFiles(text: string): [string, Entry][] {
  try {
    const document: { version: number; files: [string, Entry][] } = JSON.parse(
      text,
    );
    const isSound = document.version === VERSION &&
      document.files.every(isFile);
    return isSound ? document.files : [];
  } catch {
    return [];
  }
}

function isFile([key, entry]: [string, Entry]): boolean {
  const { stamp, sha256, xattrs = [] } = entry;
  return typeof key === "string" && typeof stamp === "string" &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    xattrs.every(([name, value]) =>
      typeof name === "string" && typeof value === "string"
    );
}

function keyOf({ device, inode }: InodeInfo): string {
  return `${device}:${inode}`;
}

function stampOf({ size, mtime, ctime }: InodeInfo): string {
  return `${size} ${timeOf(mtime)} ${timeOf(ctime)}`;
}

function timeOf({ seconds, nanoseconds }: Timestamp): string {
  return `${seconds}.${nanoseconds}`;
}

function isBefore(time: string, limit: string): boolean {
  const [seconds = 0, nanoseconds = 0] = time.split(".").map(Number);
  const [limitSeconds = 0, limitNanoseconds = 0] = limit.split(".").map(Number);
  return seconds < limitSeconds ||
    seconds === limitSeconds && nanoseconds < limitNanoseconds;
}
