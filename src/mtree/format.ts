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
  type Keywords,
} from "./hierarchy.ts";
import { formatKeyword, KEYWORD_ORDER } from "./keywords.ts";
import { vis } from "./vis.ts";

/** What go-mtree puts into `/set`, whatever the tree. */
const COMMON_VALUES: [string, string][] = [
  ["type", "file"],
  ["nlink", "1"],
  ["mode", "0664"],
];

/** What go-mtree puts into `/set` as the directory has it. */
const OWNER_KEYWORDS = ["uid", "gid"];

/** go-mtree reads no line over 64 KiB, so that longer ones are continued. */
const MAX_LINE_LENGTH = 32 * 1024;

/**
 * Directories with longer paths get no comment: in a deep tree these comments
 * would grow with the square of its size.
 */
const MAX_COMMENT_LENGTH = 512;

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
  const writer = new ManifestWriter(sharedKeywords(hierarchy));
  writer.writeTree(hierarchy.root);
  return writer.finish();
}

/** Which of the keywords that `/set` may hold every single entry has. */
function sharedKeywords(hierarchy: Hierarchy): Set<string> {
  const names = COMMON_VALUES.map(([name]) => name).concat(OWNER_KEYWORDS);
  const shared = new Set(names);
  for (const { keywords } of hierarchyEntries(hierarchy)) {
    for (const name of names) {
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

class ManifestWriter {
  readonly #shared: Set<string>;
  readonly #lines: string[] = ["#mtree"];
  /** What `/set` says, once it was written. */
  #defaults?: Map<string, string>;
  /** What no relative entry can reach. */
  readonly #unreached: Place[] = [];

  constructor(shared: Set<string>) {
    this.#shared = shared;
  }

  finish(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  writeTree(root: HierarchyNode): void {
    // Not by recursion: a hostile tree may be deeper than the call stack.
    const pending: Pending[] = [];
    const place = { path: ".", name: ".", node: root };
    if (isDirectory(root)) {
      pending.push(place);
    } else {
      if (root.keywords !== undefined) this.#writeEntry("    .", root.keywords);
      for (const directory of this.#writeFiles(place)) pending.push(directory);
    }
    for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
      if (top === "..") {
        this.#lines.push("..");
        continue;
      }
      this.#writeDirectory(top);
      pending.push("..");
      for (const directory of this.#writeFiles(top)) pending.push(directory);
    }
    this.#writeUnreached();
  }

  #writeDirectory({ path, name, node }: Place): void {
    const keywords = node.keywords ?? new Map();
    this.#lines.push("");
    if (path.length <= MAX_COMMENT_LENGTH) this.#lines.push(`# ${vis(path)}`);
    this.#writeDefaults(keywords);
    this.#writeEntry(vis(name), keywords);
  }

  /** Writes what is no directory, and gives the directories, the last first. */
  #writeFiles({ path, node }: Place): Place[] {
    const directories: Place[] = [];
    for (const [name, child] of sortedChildren(node)) {
      const place = { path: joinPath(path, name), name, node: child };
      if (isDirectory(child)) {
        directories.push(place);
        continue;
      }
      if (child.keywords !== undefined) {
        this.#writeEntry(`    ${vis(name)}`, child.keywords);
      }
      if (child.children !== undefined) this.#unreached.push(place);
    }
    return directories.reverse();
  }

  #writeUnreached(): void {
    const pending = this.#unreached.reverse().flatMap(placesBelow);
    for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
      const { keywords } = top.node;
      if (keywords !== undefined) {
        this.#writeEntry(`./${vis(top.path)}`, keywords);
      }
      for (const place of placesBelow(top)) pending.push(place);
    }
  }

  /** Writes `/set` before the first directory, and where the owner changes. */
  #writeDefaults(directory: Keywords): void {
    const owner = OWNER_KEYWORDS.filter((name) => this.#shared.has(name));
    const unchanged = this.#defaults !== undefined &&
      owner.every((name) => this.#defaults?.get(name) === directory.get(name));
    if (unchanged) return;
    this.#defaults = new Map(
      COMMON_VALUES.filter(([name]) => this.#shared.has(name)),
    );
    for (const name of owner) {
      this.#defaults.set(name, directory.get(name) ?? "");
    }
    if (this.#defaults.size === 0) return;
    let line = "/set";
    for (const [name, value] of this.#defaults) {
      line += ` ${formatKeyword(name, value)}`;
    }
    this.#lines.push(line);
  }

  #writeEntry(encodedName: string, keywords: Keywords): void {
    let line = encodedName;
    let written = 0;
    for (const name of KEYWORD_ORDER) {
      const value = keywords.get(name);
      if (value === undefined) continue;
      written++;
      if (this.#defaults?.get(name) === value) continue;
      line += ` ${formatKeyword(name, value)}`;
    }
    if (written < keywords.size) line += formatOthers(keywords);
    // go-mtree takes a backslash at the end for a continuation even where it
    // is an encoded one.
    if (line.endsWith("\\")) line += " ";
    this.#lines.push(continueLine(line));
  }
}

const ORDERED_KEYWORDS = new Set(KEYWORD_ORDER);

/** Formats the keywords that have no place in the order, by name. */
function formatOthers(keywords: Keywords): string {
  const names = [...keywords.keys()]
    .filter((name) => !ORDERED_KEYWORDS.has(name))
    .sort(compareBytes);
  return names
    .map((name) => ` ${formatKeyword(name, keywords.get(name) ?? "")}`)
    .join("");
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

/** Cuts a line into pieces that a backslash at the end joins. */
function continueLine(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  const pieces: string[] = [];
  let start = 0;
  while (line.length - start > MAX_LINE_LENGTH) {
    const end = outsideEscape(line, start, start + MAX_LINE_LENGTH);
    pieces.push(line.slice(start, end));
    start = end;
  }
  pieces.push(line.slice(start));
  return pieces.join("\\\n");
}

/** Moves `end` back where it would come between a backslash and its letter. */
function outsideEscape(line: string, start: number, end: number): number {
  let first = end;
  while (first > start && line.charCodeAt(first - 1) === 0x5c) first--;
  return (end - first) % 2 === 0 ? end : end - 1;
}
