/**
 * Writing mtree manifests.
 *
 * @module
 */
import { quoteName, StrataError } from "../errors.ts";
import { compareBytes } from "./byte_order.ts";
import {
  type Hierarchy,
  hierarchyEntries,
  type HierarchyNode,
  isDirectory,
  joinPath,
} from "./hierarchy.ts";
import { ManifestLines, SET_KEYWORDS } from "./manifest_lines.ts";

/**
 * Writes a hierarchy as an mtree(5) manifest, in the form in which go-mtree
 * and umoci write it: relative entries, files before directories, each by
 * bytes, `..` after a directory, `/set` where the owner changes. go-mtree,
 * umoci, bsdtar and `parseMtree` read from it what the hierarchy holds. Equal
 * hierarchies give equal manifests. Pure; needs no permission.
 *
 * What lies in no directory that has an entry of its own is written at the
 * end, with its full path.
 *
 * @param hierarchy The hierarchy.
 * @returns The manifest: ASCII text that ends with a newline.
 * @throws {StrataError} Where a name is none that a file can have, or holds a
 * surrogate that stands for no byte.
 *
 * @example
 * ```ts
 * import { formatMtree, type Hierarchy } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const hierarchy: Hierarchy = {
 *   root: {
 *     keywords: new Map([["type", "dir"], ["mode", "0755"]]),
 *     children: new Map([
 *       ["release notes", {
 *         keywords: new Map([["type", "file"], ["mode", "0644"]]),
 *       }],
 *     ]),
 *   },
 * };
 * assertEquals(formatMtree(hierarchy).split("\n"), [
 *   "#mtree",
 *   "",
 *   "# .",
 *   "/set type=file mode=0664",
 *   ". type=dir mode=0755",
 *   "    release\\040notes mode=0644",
 *   "..",
 *   "",
 * ]);
 * ```
 */
export function formatMtree(hierarchy: Hierarchy): string {
  const lines: string[] = [];
  const writer = new ManifestLines(
    sharedKeywords(hierarchy),
    (line) => lines.push(line),
  );
  writeTree(writer, hierarchy.root);
  return `${lines.join("\n")}\n`;
}

/** Which of the keywords that `/set` may hold every single entry has. */
function sharedKeywords(hierarchy: Hierarchy): Set<string> {
  const shared = new Set(SET_KEYWORDS);
  for (const { keywords } of hierarchyEntries(hierarchy)) {
    for (const name of SET_KEYWORDS) {
      if (!keywords.has(name)) shared.delete(name);
    }
    if (shared.size === 0) break;
  }
  return shared;
}

/** A node and its place. */
interface Place {
  path: string;
  name: string;
  node: HierarchyNode;
}

/** What is still to be written: a directory, or the end of one. */
type Pending = Place | "..";

function writeTree(lines: ManifestLines, root: HierarchyNode): void {
  const top = { path: ".", name: ".", node: root };
  /** What no relative entry can reach. */
  const unreached: Place[] = [];
  // Not by recursion: a hostile tree may be deeper than the call stack.
  const pending: Pending[] = [];
  if (isDirectory(root)) {
    pending.push(top);
  } else {
    if (root.keywords !== undefined) lines.leaf(".", root.keywords);
    for (const place of writeLeaves(lines, top, unreached)) pending.push(place);
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === "..") {
      lines.leave();
      continue;
    }
    const { path, name, node } = next;
    lines.enter(path, name, node.keywords ?? new Map());
    pending.push("..");
    for (const place of writeLeaves(lines, next, unreached)) {
      pending.push(place);
    }
  }
  writeUnreached(lines, unreached);
}

/** Writes what is no directory, and gives the directories, the last first. */
function writeLeaves(
  lines: ManifestLines,
  { path, node }: Place,
  unreached: Place[],
): Place[] {
  const directories: Place[] = [];
  for (const [name, child] of sortedChildren(node)) {
    const place = { path: joinPath(path, name), name, node: child };
    if (isDirectory(child)) {
      directories.push(place);
      continue;
    }
    if (child.keywords !== undefined) lines.leaf(name, child.keywords);
    if (child.children !== undefined) unreached.push(place);
  }
  return directories.reverse();
}

function writeUnreached(lines: ManifestLines, unreached: Place[]): void {
  const pending = unreached.reverse().flatMap(placesBelow);
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const { keywords } = top.node;
    if (keywords !== undefined) lines.elsewhere(top.path, keywords);
    for (const place of placesBelow(top)) pending.push(place);
  }
}

/** What lies in a place, the last first. */
function placesBelow({ path, node }: Place): Place[] {
  return sortedChildren(node)
    .reverse()
    .map(([name, node]) => ({ path: joinPath(path, name), name, node }));
}

function sortedChildren(node: HierarchyNode): [string, HierarchyNode][] {
  if (node.children === undefined) return [];
  const children = [...node.children];
  for (const [name] of children) checkName(name);
  return children.sort(([a], [b]) => compareBytes(a, b));
}

function checkName(name: string): void {
  if (name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name)) {
    return;
  }
  throw new StrataError(
    `Cannot format the hierarchy: ${
      quoteName(name)
    } is no name that a file can have`,
  );
}
