/**
 * Comparing two hierarchies.
 *
 * @module
 */
import { compareBytes } from "./byte_order.ts";
import {
  type Hierarchy,
  type HierarchyNode,
  isDirectory,
  joinPath,
  type Keywords,
} from "./hierarchy.ts";
import type { InodeDelta, KeyDelta } from "./inode_delta.ts";
import { maskPaths, type PathMask } from "./path_mask.ts";
import {
  canonicalKeyword,
  isXattr,
  sameValue,
  wholeSeconds,
} from "./keywords.ts";

/** What of two hierarchies is compared, and what is told. */
export interface CompareOptions {
  /**
   * The keywords that are compared, all unless told. `xattr` stands for all
   * extended attributes, `time` and `tar_time` for either.
   */
  keywords?: Iterable<string>;
  /**
   * Paths at and below which nothing is compared, relative to the root of the
   * tree or absolute, such as the volumes of an image. As in umoci's
   * `--mask-path` they are cleaned lexically, and the root itself masks
   * nothing.
   */
  maskPaths?: Iterable<string>;
  /**
   * Leave out what is missing because a directory above it is: one delta for a
   * removed directory, and none for what lay in it. The same holds for a
   * directory that something else has replaced. False unless told.
   */
  simplify?: boolean;
}

/**
 * Compares two hierarchies by the rules of go-mtree. Pure; needs no
 * permission.
 *
 * A keyword that only one side has for a path is not compared, except for
 * times and extended attributes. Where one side has `tar_time`, whole seconds
 * are compared. Leading zeros and the case of hexadecimal digits do not count.
 * `optional`, `nochange` and `ignore` change nothing here.
 *
 * @param a The first hierarchy: how it was.
 * @param b The second hierarchy: how it is.
 * @param options What is compared, and what is told.
 * @returns What differs, sorted by the bytes of the paths; the keywords of
 * each sorted by name.
 * @throws {StrataError} Where a path holds a surrogate that stands for no
 * byte.
 *
 * @example
 * ```ts
 * import { compareTrees, parseMtree } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const before = parseMtree(`. type=dir
 *   motd type=file size=12
 *   old type=dir
 *     notes type=file size=3
 *   ..
 * ..
 * `);
 * const after = parseMtree(". type=dir\n  motd type=file size=15\n..\n");
 * assertEquals(compareTrees(before, after, { simplify: true }), [
 *   {
 *     type: "modified",
 *     path: "motd",
 *     keys: [{ type: "modified", name: "size", old: "12", new: "15" }],
 *   },
 *   { type: "missing", path: "old" },
 * ]);
 * ```
 */
export function compareTrees(
  a: Hierarchy,
  b: Hierarchy,
  options: CompareOptions = {},
): InodeDelta[] {
  const wanted = wantedKeywords(options.keywords);
  const deltas: InodeDelta[] = [];
  const pending: Pair[] = [{
    path: ".",
    old: a.root,
    new: b.root,
    mask: maskPaths(options.maskPaths ?? []),
  }];
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const delta = comparePair(top, wanted);
    if (delta !== undefined) deltas.push(delta);
    const removed = options.simplify === true && isRemoved(top);
    pushChildren(pending, removed ? { ...top, old: undefined } : top);
  }
  return deltas.sort((x, y) => compareBytes(x.path, y.path));
}

/** One path in both hierarchies. */
interface Pair {
  path: string;
  old?: HierarchyNode;
  new?: HierarchyNode;
  mask?: PathMask;
}

function pushChildren(pending: Pair[], pair: Pair): void {
  const before = pair.old?.children;
  const after = pair.new?.children;
  const push = (name: string, old?: HierarchyNode, now?: HierarchyNode) => {
    const mask = pair.mask?.children.get(name);
    if (mask?.masked) return;
    pending.push({ path: joinPath(pair.path, name), old, new: now, mask });
  };
  if (before !== undefined) {
    for (const [name, node] of before) push(name, node, after?.get(name));
  }
  if (after !== undefined) {
    for (const [name, node] of after) {
      if (!before?.has(name)) push(name, undefined, node);
    }
  }
}

/** Whether what lay below the path is gone because the path itself is. */
function isRemoved({ old, new: now }: Pair): boolean {
  if (old?.keywords === undefined) return false;
  if (now?.keywords === undefined) return true;
  return isDirectory(old) && now.keywords.has("type") && !isDirectory(now);
}

function comparePair(
  pair: Pair,
  wanted: WantedKeywords,
): InodeDelta | undefined {
  const { path } = pair;
  const old = pair.old?.keywords;
  const now = pair.new?.keywords;
  if (old === undefined && now === undefined) return undefined;
  if (now === undefined) return { type: "missing", path };
  if (old === undefined) return { type: "extra", path };
  const keys = compareKeywords(old, now, wanted);
  return keys.length === 0 ? undefined : { type: "modified", path, keys };
}

/** Tells whether a keyword is compared. */
type WantedKeywords = (name: string) => boolean;

function wantedKeywords(keywords?: Iterable<string>): WantedKeywords {
  if (keywords === undefined) return () => true;
  const names = new Set([...keywords].map(canonicalKeyword));
  return (name) =>
    names.has(name) || (isXattr(name) && names.has("xattr")) ||
    (name === "time" && names.has("tar_time")) ||
    (name === "tar_time" && names.has("time"));
}

function compareKeywords(
  old: Keywords,
  now: Keywords,
  wanted: WantedKeywords,
): KeyDelta[] {
  const keys: KeyDelta[] = [];
  for (const [name, value] of old) {
    if (isTime(name)) continue;
    const other = now.get(name);
    if (other === value) continue;
    if (other === undefined && !isXattr(name)) continue;
    addKeyDelta(keys, name, value, other);
  }
  for (const [name, value] of now) {
    if (isXattr(name) && !old.has(name)) {
      addKeyDelta(keys, name, undefined, value);
    }
  }
  compareTimes(keys, old, now);
  return keys
    .filter(({ name }) => wanted(name))
    .sort((x, y) => compareBytes(x.name, y.name));
}

function addKeyDelta(
  keys: KeyDelta[],
  name: string,
  old: string | undefined,
  now: string | undefined,
): void {
  if (old === undefined) {
    if (now !== undefined) keys.push({ type: "extra", name, new: now });
  } else if (now === undefined) {
    keys.push({ type: "missing", name, old });
  } else if (!sameValue(name, old, now)) {
    keys.push({ type: "modified", name, old, new: now });
  }
}

function isTime(name: string): boolean {
  return name === "time" || name === "tar_time";
}

/** A layer has whole seconds only: one `tar_time` makes a `time` into one. */
function compareTimes(keys: KeyDelta[], old: Keywords, now: Keywords): void {
  const oneIsTar = old.has("tar_time") || now.has("tar_time");
  if (oneIsTar) {
    addKeyDelta(keys, "tar_time", tarTime(old), tarTime(now));
  }
  if (!oneIsTar || (old.has("time") && now.has("time"))) {
    addKeyDelta(keys, "time", old.get("time"), now.get("time"));
  }
}

function tarTime(keywords: Keywords): string | undefined {
  const time = keywords.get("time");
  return keywords.get("tar_time") ??
    (time === undefined ? undefined : `${wholeSeconds(time)}.000000000`);
}
