/**
 * What one layer has done to directories so far. A whiteout needs to know what
 * the layer itself added; and a directory's mode and times can only be set
 * when nothing more will be put into it.
 *
 * @module
 */
import type { Directory, Metadata, Root } from "../host/directory.ts";
import type { Timestamp } from "../tar/header.ts";

interface DirectoryChanges {
  /** Names that this layer put here, or put something below. */
  readonly added: Set<string>;
  /** What the directory is to be when the layer ends. */
  metadata?: Metadata;
  /** The times it had, where the layer says nothing of them. */
  times?: { atime: Timestamp; mtime: Timestamp };
  /** Whether its times are accounted for. */
  isTouched: boolean;
}

/** The changes of one layer, by the directories' paths without symlinks. */
export class LayerChanges {
  readonly #directories = new Map<string, DirectoryChanges>();

  /**
   * Notes that something in a directory is about to change.
   *
   * @param directory The directory.
   */
  touch(directory: Directory): void {
    const changes = this.#of(directory.path);
    if (changes.isTouched) return;
    changes.isTouched = true;
    if (changes.metadata === undefined) {
      const { atime, mtime } = directory.stat();
      changes.times = { atime, mtime };
    }
  }

  /**
   * Notes that the layer puts something into a directory.
   *
   * @param path The directory's path.
   * @param name The name of what it puts there.
   */
  add(path: string, name: string): void {
    const { added } = this.#of(path);
    // Where a directory holds something added, those above it are marked too.
    if (added.size === 0) this.#markAncestors(path);
    added.add(name);
  }

  /**
   * Tells whether the layer put a name into a directory, or something below it.
   *
   * @param path The directory's path.
   * @param name The name.
   * @returns Whether it did.
   */
  hasAdded(path: string, name: string): boolean {
    return this.#directories.get(path)?.added.has(name) ?? false;
  }

  /**
   * Notes that a directory was made, whatever was at its path before.
   *
   * @param path The directory's path.
   */
  created(path: string): void {
    this.#directories.set(path, { added: new Set(), isTouched: true });
  }

  /**
   * Notes what a directory is to be.
   *
   * @param path The directory's path.
   * @param metadata Its metadata at the layer's end.
   */
  setMetadata(path: string, metadata: Metadata): void {
    const changes = this.#of(path);
    changes.metadata = metadata;
    changes.times = undefined;
  }

  /**
   * Gives directories their metadata, or the times they had, the innermost
   * first: a directory may take away the right to reach those in it.
   *
   * @param root The root.
   * @param failed Called with the path and the error where one fails.
   */
  settle(root: Root, failed: (path: string, error: unknown) => never): void {
    const paths = [...this.#directories.keys()].sort().reverse();
    for (const path of paths) {
      const changes = this.#directories.get(path);
      if (changes?.metadata === undefined && changes?.times === undefined) {
        continue;
      }
      try {
        const directory = root.directoryAt(path);
        // Something may have taken the directory's place since.
        if (directory === undefined) continue;
        if (changes.metadata !== undefined) {
          directory.setOwnMetadata(changes.metadata);
        } else if (changes.times !== undefined) {
          directory.setOwnTimes(changes.times.atime, changes.times.mtime);
        }
      } catch (error) {
        failed(path, error);
      }
    }
  }

  #of(path: string): DirectoryChanges {
    let changes = this.#directories.get(path);
    if (changes === undefined) {
      changes = { added: new Set(), isTouched: false };
      this.#directories.set(path, changes);
    }
    return changes;
  }

  #markAncestors(path: string): void {
    let child = path;
    while (child !== "") {
      const slash = child.lastIndexOf("/");
      const parent = slash === -1 ? "" : child.slice(0, slash);
      const { added } = this.#of(parent);
      const name = child.slice(slash + 1);
      if (added.has(name)) return;
      added.add(name);
      child = parent;
    }
  }
}
