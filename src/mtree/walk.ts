/**
 * A directory on disk as a hierarchy.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { StrataError, SystemError } from "../errors.ts";
import type {
  Directory,
  InodeInfo,
  OpenedFile,
  Root,
  Shortfalls,
} from "../host/directory.ts";
import { openRoot } from "../host/open_root.ts";
import type { Warning } from "../options.ts";
import type { Timestamp } from "../tar/header.ts";
import { Cksum } from "./cksum.ts";
import { type CompareOptions, compareTrees } from "./compare.ts";
import {
  type Hierarchy,
  type HierarchyNode,
  type Keywords,
  usedKeywords,
} from "./hierarchy.ts";
import type { InodeDelta } from "./inode_delta.ts";
import type { InodeIndex, KnownFile } from "./inode_index.ts";
import { canonicalKeyword } from "./keywords.ts";

/** The keywords that umoci's bundles have. */
export const BUNDLE_KEYWORDS: readonly string[] = [
  "size",
  "type",
  "uid",
  "gid",
  "mode",
  "link",
  "nlink",
  "tar_time",
  "sha256digest",
  "xattr",
];

/** Takes a digest of a file that comes in pieces. */
interface ContentHash {
  update(bytes: Uint8Array): void;
  /** The value as manifests have it. */
  finish(): string;
}

/** The digests that are taken of files, by keyword. */
const DIGESTS: ReadonlyMap<string, () => ContentHash> = new Map([
  ["cksum", () => new Cksum()],
  ["md5digest", () => hexHash("md5")],
  ["sha1digest", () => hexHash("sha1")],
  ["sha256digest", () => hexHash("sha256")],
  ["sha384digest", () => hexHash("sha384")],
  ["sha512digest", () => hexHash("sha512")],
]);

function hexHash(algorithm: string): ContentHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    finish: () => hash.digest("hex"),
  };
}

const WALKED_KEYWORDS: ReadonlySet<string> = new Set([
  ...BUNDLE_KEYWORDS,
  "time",
  ...DIGESTS.keys(),
]);

const TYPE_NAMES = {
  "file": "file",
  "directory": "dir",
  "symlink": "link",
  "character-device": "char",
  "block-device": "block",
  "fifo": "fifo",
  "socket": "socket",
};

/** How a tree is walked. */
export interface WalkOptions {
  /**
   * What is noted of each inode: `size`, `type`, `uid`, `gid`, `mode`, `link`,
   * `nlink`, `time`, `tar_time`, `cksum`, `xattr`, and the digests `md5`, `sha1`,
   * `sha256`, `sha384` and `sha512`, with or without `digest` at their end.
   * Those of umoci's bundles unless told.
   */
  keywords?: Iterable<string>;
  /** Stops the walk. */
  signal?: AbortSignal;
  /** Told of what could not be noted. */
  onWarning?: (warning: Warning) => void;
}

/** What `checkTree` compares, and how. */
export interface CheckOptions
  extends WalkOptions, Omit<CompareOptions, "keywords"> {}

/**
 * Walks a directory and notes what umoci's bundles note of each inode: its
 * metadata, its xattrs, and a digest of its contents. Symlinks are not
 * followed. Times are floored, never rounded up. Follows mtree(5).
 *
 * Permissions: `--allow-read=<root>`. Xattrs, times below a millisecond and
 * names that are not UTF-8 need `--allow-ffi`; without it xattrs are left out,
 * and `onWarning` is told.
 *
 * @param root The directory.
 * @param options What is noted.
 * @returns The hierarchy.
 * @throws {StrataError} Where a keyword is none that a walk can note.
 * @throws {SystemError} Where something cannot be read.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import { walkTree } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${root}/motd`, "hello\n");
 * const { root: top } = await walkTree(root, { keywords: ["type", "size"] });
 * const motd = top.children?.get("motd");
 * assertEquals([...motd?.keywords ?? []], [["type", "file"], ["size", "6"]]);
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function walkTree(
  root: string,
  options: WalkOptions = {},
): Promise<Hierarchy> {
  return await walkWithIndex(root, options);
}

/** Files that need not be read, and files that were. */
export interface WalkIndexes {
  /** What is known already. */
  known?: InodeIndex;
  /** Where it is noted what was found. */
  noted?: InodeIndex;
}

/**
 * Walks a directory as `walkTree` does, and reads no file that is known. The
 * index knows what bundles have of a file: its SHA-256 and its xattrs.
 *
 * @param root The directory.
 * @param options What is noted.
 * @param indexes The files that are known.
 * @returns The hierarchy.
 */
export async function walkWithIndex(
  root: string,
  options: WalkOptions,
  indexes: WalkIndexes = {},
): Promise<Hierarchy> {
  const keywords = new Set<string>();
  for (const keyword of options.keywords ?? BUNDLE_KEYWORDS) {
    const name = canonicalKeyword(keyword);
    if (!WALKED_KEYWORDS.has(name)) {
      throw new StrataError(
        `Cannot walk ${JSON.stringify(root)}: the keyword ${
          JSON.stringify(keyword)
        } is none that a walk can note`,
      );
    }
    keywords.add(name);
  }
  using opened = openRoot(root, "read", new WalkShortfalls(options.onWarning));
  return await new TreeWalk(opened, keywords, options.signal, indexes).run();
}

/**
 * Compares a directory with a manifest of it: what was changed, what was
 * added, and what is gone. The keywords compared are those of the manifest
 * that a walk can note; a manifest's others are not compared.
 *
 * Permissions: those of `walkTree`.
 *
 * @param root The directory.
 * @param hierarchy What it was, as `walkTree` or `parseMtree` gave it.
 * @param options What is compared, and how.
 * @returns What differs, sorted by path.
 * @throws {StrataError} Where a keyword is none that a walk can note.
 * @throws {SystemError} Where something cannot be read.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import { checkTree, walkTree } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * const before = await walkTree(root, { keywords: ["type", "size"] });
 * await Deno.writeTextFile(`${root}/motd`, "hello\n");
 * const deltas = await checkTree(root, before);
 * assertEquals(deltas.at(-1), { type: "extra", path: "motd" });
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function checkTree(
  root: string,
  hierarchy: Hierarchy,
  options: CheckOptions = {},
): Promise<InodeDelta[]> {
  return await checkWithIndex(root, hierarchy, options);
}

/**
 * Compares a directory with a manifest as `checkTree` does, and reads no file
 * that is known.
 *
 * @param root The directory.
 * @param hierarchy What it was.
 * @param options What is compared, and how.
 * @param indexes The files that are known.
 * @returns What differs, sorted by path.
 */
export async function checkWithIndex(
  root: string,
  hierarchy: Hierarchy,
  options: CheckOptions,
  indexes: WalkIndexes = {},
): Promise<InodeDelta[]> {
  const keywords = options.keywords ??
    [...usedKeywords(hierarchy)].filter((name) => WALKED_KEYWORDS.has(name));
  const walked = await walkWithIndex(root, { ...options, keywords }, indexes);
  return compareTrees(hierarchy, walked, { ...options, keywords });
}

/** What a walk without FFI cannot read is told once. */
class WalkShortfalls implements Shortfalls {
  readonly #onWarning: ((warning: Warning) => void) | undefined;
  #isTold = false;

  constructor(onWarning: ((warning: Warning) => void) | undefined) {
    this.#onWarning = onWarning;
  }

  xattr(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#onWarning?.({
      code: "xattr-unsupported",
      message:
        "Xattrs were left out, as Deno's own API has none; run deno with --allow-ffi",
    });
  }

  time(): void {}
}

/** Abort signals are heard when this many milliseconds have gone by. */
const TURN = 50;

class TreeWalk {
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
