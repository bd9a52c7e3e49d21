/**
 * A manifest once more, with the stamp of each inode: what has its stamp still
 * is what the manifest says of it, and need neither be read nor be compared.
 *
 * The index has two lines of JSON for each directory, in the order of
 * `walkInOrder`: the stamps of what lies in it, and what the manifest says of
 * that, which is parsed only where something changed. The last line has the
 * digests of the manifest and of all lines before, so that an index that was
 * damaged, or is another manifest's, is known for what it is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { InodeInfo } from "../host/directory.ts";
import type { Timestamp } from "../tar/header.ts";
import type { Keywords } from "./hierarchy.ts";
import {
  hasStamp,
  type InodeStamp,
  isSettled,
  stampOf,
} from "./inode_stamp.ts";

const VERSION = 2;

/** Null where the inode must be looked at whatever its stamp is. */
type Stamp = InodeStamp | null;

/** The first line of a directory; the root's depth is 0, and its name empty. */
type StampLine = [
  depth: number,
  name: string,
  own: Stamp,
  leaves: string[],
  stamps: Stamp[],
  directories: string[],
];

/** The second line: of the directory and its leaves, names and values in turn. */
type KeywordLine = string[][];

/** The last line. */
interface Footer {
  version: number;
  /** SHA-256 of the manifest, in hexadecimal digits. */
  manifest: string;
  /** SHA-256 of all lines before this one. */
  index: string;
}

/** Writes an index as a tree is walked. */
export class TreeIndexWriter {
  readonly #begun: Timestamp;
  readonly #write: (text: string) => void;
  #depth = -1;
  /** The lines of the directory begun last, until they are written. */
  #begunLines: { stamps: StampLine; keywords: KeywordLine } | undefined;

  /**
   * @param begun When the walk began, by its filesystem's own clock.
   * @param write Takes the text.
   */
  constructor(begun: Timestamp, write: (text: string) => void) {
    this.#begun = begun;
    this.#write = write;
  }

  /** Begins a directory; the root's name is empty. */
  enter(name: string, info: InodeInfo, keywords: Keywords): void {
    this.#writeDirectory();
    this.#begunLines = {
      stamps: [++this.#depth, name, this.#stampOf(info), [], [], []],
      keywords: [flatten(keywords)],
    };
  }

  /** Notes what lies in the directory begun last and is none. */
  leaf(name: string, info: InodeInfo, keywords: Keywords): void {
    if (this.#begunLines === undefined) return;
    const [, , , leaves, stamps] = this.#begunLines.stamps;
    leaves.push(name);
    stamps.push(this.#stampOf(info));
    this.#begunLines.keywords.push(flatten(keywords));
  }

  /** Notes a directory that lies in the one begun last. */
  below(name: string): void {
    this.#begunLines?.stamps[5].push(name);
  }

  /** Ends the directory that was begun last and not ended yet. */
  leave(): void {
    this.#depth--;
  }

  /**
   * Ends the index.
   *
   * @param manifest SHA-256 of the manifest, in hexadecimal digits.
   * @param digest Takes that of what was written so far.
   */
  finish(manifest: string, digest: () => string): void {
    this.#writeDirectory();
    const index = digest();
    const footer: Footer = { version: VERSION, manifest, index };
    this.#write(`${JSON.stringify(footer)}\n`);
  }

  #stampOf(info: InodeInfo): Stamp {
    return isSettled(info, this.#begun) ? stampOf(info) : null;
  }

  #writeDirectory(): void {
    if (this.#begunLines === undefined) return;
    const { stamps, keywords } = this.#begunLines;
    this.#begunLines = undefined;
    this.#write(`${JSON.stringify(stamps)}\n${JSON.stringify(keywords)}\n`);
  }
}

/** An index that was read; it is gone through once, from its start. */
export class TreeIndex implements Disposable {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #end: number;
  #position = 0;

  private constructor(bytes: Uint8Array<ArrayBuffer>, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  /**
   * Reads an index.
   *
   * @param bytes The index; it is not the caller's any more.
   * @param manifest SHA-256 of the manifest that it should be of.
   * @returns The index, or undefined where it is damaged, or of another kind
   * or another manifest.
   */
  static parse(
    bytes: Uint8Array<ArrayBuffer>,
    manifest: string,
  ): TreeIndex | undefined {
    const end = bytes.lastIndexOf(0x0a, -2) + 1;
    try {
      const footer: Footer = JSON.parse(decoder.decode(bytes.subarray(end)));
      const isSound = footer.version === VERSION &&
        footer.manifest === manifest && footer.index ===
          createHash("sha256").update(bytes.subarray(0, end)).digest("hex");
      return isSound ? new TreeIndex(bytes, end) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Goes on to a directory, over those that are passed on the way.
   *
   * @param depth How many directories lie above it.
   * @param name Its name, empty for the root.
   * @returns What the index has of it, or undefined where it has no more.
   */
  find(depth: number, name: string): IndexedDirectory | undefined {
    while (this.#position < this.#end) {
      const line: StampLine = JSON.parse(this.#nextLine());
      const keywords = this.#nextLine();
      if (line[0] === depth && line[1] === name) {
        return new IndexedDirectory(line, keywords);
      }
    }
    return undefined;
  }

  /** Frees its memory at once; the garbage collector does not know how much. */
  [Symbol.dispose](): void {
    this.#bytes.buffer.transfer(0);
  }

  #nextLine(): string {
    const start = this.#position;
    const newline = this.#bytes.indexOf(0x0a, start);
    this.#position = newline + 1;
    return decoder.decode(this.#bytes.subarray(start, newline));
  }
}

const decoder = new TextDecoder();

/** What an index has of a directory. */
export class IndexedDirectory {
  readonly #line: StampLine;
  readonly #keywordText: string;
  #keywords: KeywordLine | undefined;
  /** The places of what is in it and no directory, by name. */
  readonly #leaves: ReadonlyMap<string, number>;
  readonly #directories: ReadonlySet<string>;

  constructor(line: StampLine, keywordText: string) {
    this.#line = line;
    this.#keywordText = keywordText;
    const [, , , leaves, , directories] = line;
    this.#leaves = new Map(leaves.map((name, place) => [name, place]));
    this.#directories = new Set(directories);
  }

  /** The names of what is in it. */
  get names(): string[] {
    const [, , , leaves, , directories] = this.#line;
    return leaves.concat(directories);
  }

  /** Whether a name is that of a directory in it. */
  hasDirectory(name: string): boolean {
    return this.#directories.has(name);
  }

  /** Whether a name is that of anything else in it. */
  hasLeaf(name: string): boolean {
    return this.#leaves.has(name);
  }

  /** Whether the directory itself is what it was. */
  isUnchanged(info: InodeInfo): boolean {
    return isStill(info, this.#line[2]);
  }

  /** Whether what is no directory is what it was. */
  isLeafUnchanged(name: string, info: InodeInfo): boolean {
    const place = this.#leaves.get(name);
    return place !== undefined && isStill(info, this.#line[4][place]);
  }

  /** What the manifest says of the directory itself. */
  keywords(): Keywords {
    return this.#keywordsAt(0);
  }

  /** What the manifest says of what is no directory. */
  leafKeywords(name: string): Keywords {
    return this.#keywordsAt((this.#leaves.get(name) ?? NaN) + 1);
  }

  #keywordsAt(place: number): Keywords {
    this.#keywords ??= parseKeywords(this.#keywordText);
    const flat = this.#keywords[place] ?? [];
    const keywords: Keywords = new Map();
    for (let i = 0; i < flat.length; i += 2) {
      keywords.set(flat[i] ?? "", flat[i + 1] ?? "");
    }
    return keywords;
  }
}

/** Goes through an index in step with a walk. */
export class IndexCursor {
  readonly #index: TreeIndex | undefined;
  readonly #open: (IndexedDirectory | undefined)[] = [];

  /** @param index The index, where there is one. */
  constructor(index: TreeIndex | undefined) {
    this.#index = index;
  }

  /** What the index has of the directory that the walk is in. */
  get directory(): IndexedDirectory | undefined {
    return this.#open.at(-1);
  }

  /** Begins a directory; the root's name is empty. */
  enter(name: string): void {
    const depth = this.#open.length;
    const isThere = depth === 0 || this.directory?.hasDirectory(name) === true;
    this.#open.push(isThere ? this.#index?.find(depth, name) : undefined);
  }

  /** Ends the directory that was begun last and not ended yet. */
  leave(): void {
    this.#open.pop();
  }
}

function isStill(info: InodeInfo, stamp: Stamp | undefined): boolean {
  return stamp !== null && stamp !== undefined && hasStamp(info, stamp);
}

function flatten(keywords: Keywords): string[] {
  const flat: string[] = [];
  for (const [name, value] of keywords) flat.push(name, value);
  return flat;
}

function parseKeywords(text: string): KeywordLine {
  return JSON.parse(text);
}
