/**
 * The walk itself: directory by directory, in the order of a manifest.
 *
 * @module
 */
import { SystemError } from "../errors.ts";
import type { Directory, InodeInfo, Root } from "../host/directory.ts";
import { sortByBytes } from "./byte_order.ts";
import type { Turns } from "./turns.ts";

/**
 * Told of what a walk comes by: a directory, what lies in it and is none, and
 * then each directory in it in the same way; siblings come by their bytes.
 */
export interface TreeVisitor {
  /**
   * Begins a directory.
   *
   * @param directory The directory, open for the moment.
   * @param info What it is.
   */
  enter(directory: Directory, info: InodeInfo): void;

  /**
   * Takes what is no directory.
   *
   * @param directory The directory begun last.
   * @param name The name in it.
   * @param info What it is.
   */
  leaf(
    directory: Directory,
    name: string,
    info: InodeInfo,
  ): void | Promise<void>;

  /**
   * Takes note of a directory that lies in the one begun last.
   *
   * @param name Its name.
   * @returns Whether the walk is to enter it.
   */
  below(name: string): boolean;

  /** Ends the directory that was begun last and not ended yet. */
  leave(): void;
}

/**
 * Walks a tree.
 *
 * @param root The root.
 * @param visitor Told of what is there.
 * @param turns Whoever stops the walk gets turns.
 */
export async function walkInOrder(
  root: Root,
  visitor: TreeVisitor,
  turns: Turns,
): Promise<void> {
  /** Directories to enter, the next one last; undefined to leave one. */
  const pending: (string | undefined)[] = [""];
  while (pending.length > 0) {
    const path = pending.pop();
    if (path === undefined) {
      visitor.leave();
      continue;
    }
    if (turns.isOver()) await turns.give();
    const directory = root.directoryAt(path);
    if (directory === undefined) throw vanished(path);
    visitor.enter(directory, directory.stat());
    const directories: string[] = [];
    for (const name of sortByBytes(directory.list())) {
      if (turns.isOver()) await turns.give();
      const info = directory.lookup(name);
      if (info === undefined) throw vanished(join(path, name));
      if (info.type !== "directory") {
        const work = visitor.leaf(directory, name, info);
        // Most are done at once, and a promise costs more than they do.
        if (work !== undefined) await work;
      } else if (visitor.below(name)) {
        directories.push(join(path, name));
      }
    }
    pending.push(undefined);
    for (let next = directories.pop(); next; next = directories.pop()) {
      pending.push(next);
    }
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
