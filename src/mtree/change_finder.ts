/**
 * What changed in a tree since its index was written. What has its stamp still
 * costs one lstat; what has not is compared with what the manifest says of it.
 *
 * @module
 */
import type { Directory, InodeInfo } from "../host/directory.ts";
import { joinPath, type Keywords } from "./hierarchy.ts";
import type { InodeDelta } from "./inode_delta.ts";
import type { KeywordReader } from "./inode_keywords.ts";
import type { PathMask } from "./path_mask.ts";
import { IndexCursor, type TreeIndex } from "./tree_index.ts";
import type { TreeVisitor } from "./tree_walk.ts";

/** A path that differs, and how. */
export type Change = Pick<InodeDelta, "type" | "path">;

/** A directory that the walk is in. */
interface Entered {
  path: string;
  mask: PathMask | undefined;
  /** The names of it that the walk came by. */
  seen: Set<string>;
}

/**
 * Finds what `compareTrees` would find between the manifest and the tree, but
 * for what is missing with a directory above it.
 */
export class ChangeFinder implements TreeVisitor {
  /** What was found so far, in no particular order. */
  readonly changes: Change[] = [];
  readonly #old: IndexCursor;
  readonly #reader: KeywordReader;
  readonly #mask: PathMask;
  readonly #entered: Entered[] = [];

  /**
   * @param index What was.
   * @param reader Reads what is, all keywords that the index has.
   * @param mask What does not count.
   */
  constructor(index: TreeIndex, reader: KeywordReader, mask: PathMask) {
    this.#old = new IndexCursor(index);
    this.#reader = reader;
    this.#mask = mask;
  }

  enter(directory: Directory, info: InodeInfo): void {
    const parent = this.#entered.at(-1);
    const name = directory.path.slice(directory.path.lastIndexOf("/") + 1);
    const path = parent === undefined ? "." : joinPath(parent.path, name);
    const mask = parent === undefined
      ? this.#mask
      : parent.mask?.children.get(name);
    const wasLeaf = this.#old.directory?.hasLeaf(name) === true;
    this.#entered.push({ path, mask, seen: new Set() });
    this.#old.enter(name);
    const old = this.#old.directory;
    if (old === undefined) {
      this.changes.push({ type: wasLeaf ? "modified" : "extra", path });
    } else if (!old.isUnchanged(info)) {
      const now = this.#reader.ofDirectory(directory, info);
      if (!isSame(old.keywords(), now)) {
        this.changes.push({ type: "modified", path });
      }
    }
  }

  below(name: string): boolean {
    return !this.#isMasked(name);
  }

  leaf(
    directory: Directory,
    name: string,
    info: InodeInfo,
  ): void | Promise<void> {
    if (this.#isMasked(name)) return;
    const old = this.#old.directory;
    if (old?.isLeafUnchanged(name, info) === true) return;
    const path = joinPath(this.#entered.at(-1)?.path ?? ".", name);
    if (old === undefined || !old.hasLeaf(name)) {
      const wasDirectory = old?.hasDirectory(name) === true;
      this.changes.push({ type: wasDirectory ? "modified" : "extra", path });
      return;
    }
    const keywords = old.leafKeywords(name);
    // What differs already need not be read.
    if (!holds(keywords, this.#reader.ofInode(info))) {
      this.changes.push({ type: "modified", path });
      return;
    }
    return this.#compare(keywords, directory, name, info, path);
  }

  leave(): void {
    const entered = this.#entered.pop();
    const old = this.#old.directory;
    this.#old.leave();
    if (entered === undefined || old === undefined) return;
    const { path, mask, seen } = entered;
    for (const name of old.names) {
      if (seen.has(name) || mask?.children.get(name)?.masked === true) continue;
      this.changes.push({ type: "missing", path: joinPath(path, name) });
    }
  }

  async #compare(
    old: Keywords,
    directory: Directory,
    name: string,
    info: InodeInfo,
    path: string,
  ): Promise<void> {
    const now = await this.#reader.of(directory, name, info);
    if (!isSame(old, now)) this.changes.push({ type: "modified", path });
  }

  /** Takes note of a name, and tells whether it is masked. */
  #isMasked(name: string): boolean {
    const entered = this.#entered.at(-1);
    entered?.seen.add(name);
    return entered?.mask?.children.get(name)?.masked === true;
  }
}

function isSame(a: Keywords, b: Keywords): boolean {
  return a.size === b.size && holds(a, b);
}

/** Whether the first says all that the second says. */
function holds(a: Keywords, b: Keywords): boolean {
  for (const [name, value] of b) {
    if (a.get(name) !== value) return false;
  }
  return true;
}
