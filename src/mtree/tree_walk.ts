/**
 * The walk itself: inode by inode, with what is noted of each.
 *
 * @module
 */
import { SystemError } from "../errors.ts";
import type {
  Directory,
  InodeInfo,
  OpenedFile,
  Root,
} from "../host/directory.ts";
import type { Timestamp } from "../tar/header.ts";
import { type ContentHash, DIGESTS } from "./content_hash.ts";
import type { Hierarchy, HierarchyNode, Keywords } from "./hierarchy.ts";
import type { InodeIndex, KnownFile } from "./inode_index.ts";

const TYPE_NAMES = {
  "file": "file",
  "directory": "dir",
  "symlink": "link",
  "character-device": "char",
  "block-device": "block",
  "fifo": "fifo",
  "socket": "socket",
};

/** Files that need not be read, and files that were. */
export interface WalkIndexes {
  /** What is known already. */
  known?: InodeIndex;
  /** Where it is noted what was found. */
  noted?: InodeIndex;
}

/** Abort signals are heard when this many milliseconds have gone by. */
const TURN = 50;

/** Walks one tree. */
export class TreeWalk {
  readonly #root: Root;
  readonly #keywords: ReadonlySet<string>;
  readonly #digests: [keyword: string, begin: () => ContentHash][];
  readonly #signal: AbortSignal | undefined;
  readonly #known: InodeIndex | undefined;
  readonly #noted: InodeIndex | undefined;
  readonly #buffer = new Uint8Array(1024 * 1024);
  #turnEnds = Date.now() + TURN;

  constructor(
    root: Root,
    keywords: ReadonlySet<string>,
    signal: AbortSignal | undefined,
    { known, noted }: WalkIndexes,
  ) {
    this.#root = root;
    this.#keywords = keywords;
    this.#digests = [...DIGESTS].filter(([keyword]) => keywords.has(keyword));
    this.#signal = signal;
    // Deno's API knows when an inode changed to the second only.
    const isIndexed = root.kind === "libc" && this.#digests.length === 1 &&
      keywords.has("sha256digest") && keywords.has("xattr");
    this.#known = isIndexed ? known : undefined;
    this.#noted = isIndexed ? noted : undefined;
  }

  async run(): Promise<Hierarchy> {
    this.#signal?.throwIfAborted();
    const top: HierarchyNode = {};
    const pending: [path: string, node: HierarchyNode][] = [["", top]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (Date.now() > this.#turnEnds) await this.#turn();
      const [path, node] = next;
      const directory = this.#root.directoryAt(path);
      if (directory === undefined) throw vanished(path);
      node.keywords = this.#directoryKeywords(directory);
      const names = directory.list();
      if (names.length === 0) continue;
      node.children = new Map();
      for (const name of names) {
        if (Date.now() > this.#turnEnds) await this.#turn();
        this.#signal?.throwIfAborted();
        const info = directory.lookup(name);
        if (info === undefined) throw vanished(join(path, name));
        const child: HierarchyNode = {};
        node.children.set(name, child);
        if (info.type === "directory") {
          pending.push([join(path, name), child]);
        } else {
          child.keywords = info.type === "file"
            ? await this.#fileKeywords(directory, name, info)
            : this.#keywordsOf(info);
          if (info.type === "symlink" && this.#keywords.has("link")) {
            child.keywords.set("link", directory.readLink(name));
          }
        }
      }
    }
    return { root: top };
  }

  /** Lets others have their turn, the one who aborts among them. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#signal?.throwIfAborted();
    this.#turnEnds = Date.now() + TURN;
  }

  #keywordsOf(info: InodeInfo): Keywords {
    const keywords: Keywords = new Map();
    for (const keyword of this.#keywords) {
      const value = keywordValue(keyword, info);
      if (value !== undefined) keywords.set(keyword, value);
    }
    return keywords;
  }

  #directoryKeywords(directory: Directory): Keywords {
    const keywords = this.#keywordsOf(directory.stat());
    if (this.#keywords.has("xattr")) addXattrs(keywords, directory.xattrs(""));
    return keywords;
  }

  async #fileKeywords(
    directory: Directory,
    name: string,
    info: InodeInfo,
  ): Promise<Keywords> {
    const keywords = this.#keywordsOf(info);
    if (this.#digests.length === 0 && !this.#keywords.has("xattr")) {
      return keywords;
    }
    const known = this.#known?.find(info) ??
      await this.#readFile(directory, name, keywords);
    if (known === undefined) return keywords;
    const { sha256 } = known;
    const xattrs = known.xattrs ?? readXattrs(directory, name);
    keywords.set("sha256digest", sha256);
    for (const [xattr, value] of xattrs) keywords.set(`xattr.${xattr}`, value);
    this.#noted?.note(info, { sha256, xattrs });
    return keywords;
  }

  /** Adds what takes reading; returns it where it is what an index knows. */
  async #readFile(
    directory: Directory,
    name: string,
    keywords: Keywords,
  ): Promise<KnownFile | undefined> {
    const file = directory.openFile(name);
    try {
      await this.#addDigests(keywords, file);
      const xattrs = this.#keywords.has("xattr")
        ? encodeXattrs(file.xattrs())
        : [];
      const sha256 = keywords.get("sha256digest");
      if (this.#noted !== undefined && sha256 !== undefined) {
        return { sha256, xattrs };
      }
      for (const [xattr, value] of xattrs) {
        keywords.set(`xattr.${xattr}`, value);
      }
      return undefined;
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
      if (Date.now() > this.#turnEnds) await this.#turn();
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

function addXattrs(
  keywords: Keywords,
  xattrs: Map<string, Uint8Array>,
): void {
  for (const [name, value] of encodeXattrs(xattrs)) {
    keywords.set(`xattr.${name}`, value);
  }
}

function encodeXattrs(
  xattrs: Map<string, Uint8Array>,
): [name: string, value: string][] {
  return [...xattrs].map(([name, value]) => [name, value.toBase64()]);
}

function readXattrs(directory: Directory, name: string) {
  const file = directory.openFile(name);
  try {
    return encodeXattrs(file.xattrs());
  } finally {
    file.close();
  }
}

function join(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function vanished(path: string): SystemError {
  return new SystemError(
    "ENOENT",
    `Cannot walk ${
      JSON.stringify(path)
    }: it was there a moment ago; keep others from changing the tree`,
  );
}
