/**
 * A directory hierarchy as an mtree manifest describes it.
 *
 * It is a tree and not a list of paths: a deep manifest would need memory
 * that grows with the square of its size if every entry held its full path.
 *
 * @module
 */
import { isXattr } from "./keywords.ts";

/**
 * Keywords of one entry and their values, both decoded: `link` holds the
 * target itself, `xattr.NAME` the attribute's name as it is on disk and its
 * value in base64. Digests go by their long names (`sha256digest`). A keyword
 * without a value (`optional`, `nochange`, `ignore`) has the empty string.
 */
export type Keywords = Map<string, string>;

/** One file, directory or other inode of a hierarchy. */
export interface HierarchyNode {
  /**
   * The entry's keywords. Absent where the manifest has no entry for this
   * directory, and names it in the paths of others only.
   */
  keywords?: Keywords;
  /** What lies in this directory, by name; absent where nothing does. */
  children?: Map<string, HierarchyNode>;
}

/**
 * A directory hierarchy: what `walkTree` and `parseMtree` give, and what
 * `formatMtree` and `compareTrees` take.
 *
 * Names are strings in which a byte that is not part of well-formed UTF-8
 * stands as U+DC00 + byte, as in Python's `surrogateescape`.
 */
export interface Hierarchy {
  /** The entry `.`, the directory that all others lie in. */
  root: HierarchyNode;
}

/** One entry of a hierarchy with its path. */
export interface HierarchyEntry {
  /** The path, relative to the root of the tree; the root itself is `.`. */
  path: string;
  /** The entry's keywords, those of the hierarchy and no copy. */
  keywords: Keywords;
}

/**
 * Joins a path inside a hierarchy and a name below it.
 *
 * @param directory Path of the directory, `.` for the root.
 * @param name The name in it.
 * @returns The path of that name.
 */
export function joinPath(directory: string, name: string): string {
  return directory === "." ? name : `${directory}/${name}`;
}

/**
 * Tells whether an entry is a directory.
 *
 * @param node The entry.
 * @returns Whether its keyword `type` says so.
 */
export function isDirectory(node: HierarchyNode): boolean {
  return node.keywords?.get("type") === "dir";
}

/**
 * Goes through the entries of a hierarchy, each directory before what lies in
 * it. Pure; needs no permission.
 *
 * @param hierarchy The hierarchy; it must not be changed meanwhile.
 * @returns Its entries; siblings come in the order of their maps.
 *
 * @example
 * ```ts
 * import { hierarchyEntries, parseMtree } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const hierarchy = parseMtree(". type=dir\n  motd type=file size=12\n..\n");
 * const sizes = [...hierarchyEntries(hierarchy)]
 *   .map(({ path, keywords }) => `${path} ${keywords.get("size") ?? "-"}`);
 * assertEquals(sizes, [". -", "motd 12"]);
 * ```
 */
export function* hierarchyEntries(
  hierarchy: Hierarchy,
): Generator<HierarchyEntry> {
  const pending: [string, HierarchyNode][] = [[".", hierarchy.root]];
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const [path, node] = top;
    if (node.keywords !== undefined) yield { path, keywords: node.keywords };
    if (node.children === undefined) continue;
    // The stack gives its last back first.
    for (const [name, child] of [...node.children].reverse()) {
      pending.push([joinPath(path, name), child]);
    }
  }
}

/**
 * Finds the keywords that a hierarchy uses anywhere.
 *
 * @param hierarchy The hierarchy.
 * @returns Their names; `xattr` stands for all extended attributes.
 */
export function usedKeywords(hierarchy: Hierarchy): Set<string> {
  const used = new Set<string>();
  for (const { keywords } of hierarchyEntries(hierarchy)) {
    for (const name of keywords.keys()) {
      used.add(isXattr(name) ? "xattr" : name);
    }
  }
  return used;
}
