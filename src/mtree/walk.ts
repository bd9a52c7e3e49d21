/**
 * A directory on disk as a hierarchy.
 *
 * @module
 */
import { StrataError } from "../errors.ts";
import type {
  Directory,
  InodeInfo,
  Root,
  Shortfalls,
} from "../host/directory.ts";
import { openRoot } from "../host/open_root.ts";
import type { Warning } from "../options.ts";
import { type CompareOptions, compareTrees } from "./compare.ts";
import { DIGESTS } from "./content_hash.ts";
import {
  type Hierarchy,
  type HierarchyNode,
  usedKeywords,
} from "./hierarchy.ts";
import type { InodeDelta } from "./inode_delta.ts";
import { canonicalKeyword } from "./keywords.ts";
import { KeywordReader } from "./inode_keywords.ts";
import { type TreeVisitor, walkInOrder } from "./tree_walk.ts";
import { Turns } from "./turns.ts";

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

const WALKED_KEYWORDS: ReadonlySet<string> = new Set([
  ...BUNDLE_KEYWORDS,
  "time",
  ...DIGESTS.keys(),
]);

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
 * and `onWarning` is told. Directories and files whose modes keep out their
 * owner are opened for the moment, which takes `--allow-write=<root>`.
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
  const keywords = walkedKeywords(root, options.keywords);
  const turns = new Turns(options.signal);
  using opened = openWalked(root, options);
  const builder = new HierarchyBuilder(new KeywordReader(keywords, turns));
  await walkInOrder(opened, builder, turns);
  return { root: builder.root };
}

function walkedKeywords(
  root: string,
  keywords: Iterable<string> = BUNDLE_KEYWORDS,
): Set<string> {
  return new Set(Array.from(keywords, (keyword) => {
    const name = canonicalKeyword(keyword);
    if (WALKED_KEYWORDS.has(name)) return name;
    throw new StrataError(
      `Cannot walk ${JSON.stringify(root)}: the keyword ${
        JSON.stringify(keyword)
      } is none that a walk can note`,
    );
  }));
}

/**
 * Opens a tree to be walked.
 *
 * @param root The directory.
 * @param options Who is told of what cannot be noted.
 * @returns The root; close it.
 */
export function openWalked(
  root: string,
  options: Pick<WalkOptions, "onWarning">,
): Root {
  return openRoot(root, "read", new WalkShortfalls(options.onWarning));
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
  const keywords = options.keywords ??
    [...usedKeywords(hierarchy)].filter((name) => WALKED_KEYWORDS.has(name));
  const walked = await walkTree(root, { ...options, keywords });
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

/** Makes a hierarchy of what a walk comes by. */
class HierarchyBuilder implements TreeVisitor {
  readonly root: HierarchyNode = {};
  readonly #reader: KeywordReader;
  readonly #entered: HierarchyNode[] = [];

  constructor(reader: KeywordReader) {
    this.#reader = reader;
  }

  enter(directory: Directory, info: InodeInfo): void {
    const { path } = directory;
    const node = path === ""
      ? this.root
      : this.#add(path.slice(path.lastIndexOf("/") + 1));
    node.keywords = this.#reader.ofDirectory(directory, info);
    this.#entered.push(node);
  }

  async leaf(
    directory: Directory,
    name: string,
    info: InodeInfo,
  ): Promise<void> {
    this.#add(name).keywords = await this.#reader.of(directory, name, info);
  }

  below(): boolean {
    return true;
  }

  leave(): void {
    this.#entered.pop();
  }

  #add(name: string): HierarchyNode {
    const node: HierarchyNode = {};
    const parent = this.#entered.at(-1) ?? this.root;
    parent.children ??= new Map();
    parent.children.set(name, node);
    return node;
  }
}
