/**
 * What a manifest says of an inode, read from the inode itself.
 *
 * @module
 */
import type { Directory, InodeInfo, OpenedFile } from "../host/directory.ts";
import type { Timestamp } from "../tar/header.ts";
import { type ContentHash, DIGESTS } from "./content_hash.ts";
import type { Keywords } from "./hierarchy.ts";
import type { KnownFile } from "./known_files.ts";
import type { Turns } from "./turns.ts";

const TYPE_NAMES = {
  "file": "file",
  "directory": "dir",
  "symlink": "link",
  "character-device": "char",
  "block-device": "block",
  "fifo": "fifo",
  "socket": "socket",
};

/** Reads the keywords of inodes. */
export class KeywordReader {
  readonly #keywords: ReadonlySet<string>;
  readonly #digests: [keyword: string, begin: () => ContentHash][];
  readonly #hasXattrs: boolean;
  readonly #turns: Turns;
  readonly #buffer = new Uint8Array(1024 * 1024);

  /**
   * @param keywords Which, by their canonical names.
   * @param turns Long files are read in turns.
   */
  constructor(keywords: ReadonlySet<string>, turns: Turns) {
    this.#keywords = keywords;
    this.#digests = [...DIGESTS].filter(([keyword]) => keywords.has(keyword));
    this.#hasXattrs = keywords.has("xattr");
    this.#turns = turns;
  }

  /**
   * Reads the keywords of a directory.
   *
   * @param directory The directory.
   * @param info What it is.
   */
  ofDirectory(directory: Directory, info: InodeInfo): Keywords {
    const keywords = this.ofInode(info);
    if (this.#hasXattrs) addXattrs(keywords, directory.xattrs(""));
    return keywords;
  }

  /**
   * Reads the keywords of anything else.
   *
   * @param directory Where it is.
   * @param name Its name there.
   * @param info What it is.
   * @param known A file's SHA-256 and xattrs, where they are known; then it is
   * not read.
   */
  of(
    directory: Directory,
    name: string,
    info: InodeInfo,
    known?: KnownFile,
  ): Keywords | Promise<Keywords> {
    const keywords = this.ofInode(info);
    if (info.type === "file") {
      if (known === undefined) {
        return this.#readFile(directory, name, keywords);
      }
      addKnown(keywords, known);
    } else if (info.type === "symlink" && this.#keywords.has("link")) {
      keywords.set("link", directory.readLink(name));
    }
    return keywords;
  }

  /**
   * Gives the keywords that lstat tells.
   *
   * @param info The inode.
   */
  ofInode(info: InodeInfo): Keywords {
    const keywords: Keywords = new Map();
    for (const keyword of this.#keywords) {
      const value = keywordValue(keyword, info);
      if (value !== undefined) keywords.set(keyword, value);
    }
    return keywords;
  }

  async #readFile(
    directory: Directory,
    name: string,
    keywords: Keywords,
  ): Promise<Keywords> {
    if (this.#digests.length === 0 && !this.#hasXattrs) return keywords;
    const file = directory.openFile(name);
    try {
      await this.#addDigests(keywords, file);
      if (this.#hasXattrs) addXattrs(keywords, file.xattrs());
      return keywords;
    } finally {
      file.close();
    }
  }

  async #addDigests(keywords: Keywords, file: OpenedFile): Promise<void> {
    if (this.#digests.length === 0) return;
    const hashes = this.#digests.map(([, begin]) => begin());
    for (
      let length = file.read(this.#buffer);
      length > 0;
      length = file.read(this.#buffer)
    ) {
      const bytes = this.#buffer.subarray(0, length);
      for (const hash of hashes) hash.update(bytes);
      if (this.#turns.isOver()) await this.#turns.give();
    }
    this.#digests.forEach(([keyword], i) => {
      keywords.set(keyword, hashes[i]?.finish() ?? "");
    });
  }
}

function keywordValue(keyword: string, info: InodeInfo): string | undefined {
  switch (keyword) {
    case "type":
      return TYPE_NAMES[info.type];
    case "size":
      return String(info.size);
    case "uid":
      return String(info.uid);
    case "gid":
      return String(info.gid);
    case "nlink":
      return String(info.nlink);
    case "mode":
      return info.mode === 0 ? "0" : `0${info.mode.toString(8)}`;
    case "time":
      return formatTime(info.mtime);
    case "tar_time":
      return `${info.mtime.seconds}.000000000`;
  }
}

function formatTime({ seconds, nanoseconds }: Timestamp): string {
  return `${seconds}.${String(nanoseconds).padStart(9, "0")}`;
}

function addKnown(keywords: Keywords, { sha256, xattrs }: KnownFile): void {
  keywords.set("sha256digest", sha256);
  addXattrs(keywords, xattrs);
}

function addXattrs(
  keywords: Keywords,
  xattrs: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [name, value] of xattrs) {
    keywords.set(`xattr.${name}`, value.toBase64());
  }
}
