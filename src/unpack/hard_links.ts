/**
 * The hard links of one layer.
 *
 * @module
 */
import { EntryError, quoteName } from "../errors.ts";
import type { Root } from "../host/directory.ts";
import type { KnownFiles } from "../mtree/known_files.ts";
import type { DeferredLink, DeferredLinks } from "./deferred_links.ts";
import { splitPath } from "./entry_path.ts";
import type { LayerChanges } from "./layer_changes.ts";
import { join, type LayerDirectories } from "./layer_directories.ts";
import type { LayerFormat } from "./layer_format.ts";

/** Makes hard links, at once where that is possible. */
export class HardLinks {
  readonly #root: Root;
  readonly #changes: LayerChanges;
  readonly #deferred: DeferredLinks;
  readonly #directories: LayerDirectories;
  readonly #format: LayerFormat;
  readonly #known: KnownFiles | undefined;

  /**
   * @param root Where the layer goes.
   * @param changes What the layer has done so far.
   * @param deferred Links that wait for their targets.
   * @param directories The layer's directories.
   * @param format How the layer is kept.
   * @param known Files whose digests are known.
   */
  constructor(
    root: Root,
    changes: LayerChanges,
    deferred: DeferredLinks,
    directories: LayerDirectories,
    format: LayerFormat,
    known: KnownFiles | undefined,
  ) {
    this.#root = root;
    this.#changes = changes;
    this.#deferred = deferred;
    this.#directories = directories;
    this.#format = format;
    this.#known = known;
  }

  /**
   * Makes a link, or keeps it for the layer's end where its target may yet
   * come, or be replaced.
   *
   * @param entry The entry's name.
   * @param directory The path of the directory it goes into.
   * @param name Its name there.
   * @param target The target's path, cleaned.
   * @throws {EntryError} Where there can be no such link.
   */
  place(entry: string, directory: string, name: string, target: string): void {
    const parent = this.#directories.make(directory);
    const path = join(parent.path, name);
    this.#deferred.replaced(path);
    const state = this.#link(entry, path, target);
    if (state === "final") return;
    if (state === "missing") {
      // Until the target comes nothing is here, and nothing stays here.
      parent.remove(name);
      this.#changes.add(parent.path, name);
    }
    const isLinked = state === "provisional";
    this.#deferred.add({ entry, path, target, isLinked });
  }

  /**
   * Makes the links that were kept.
   *
   * @param failed Called with the entry's name and the error where one fails.
   * @throws {EntryError} Where a target never came.
   */
  settle(failed: (entry: string, error: unknown) => never): void {
    this.#deferred.settle(
      (path) => {
        const [directory, name] = splitPath(path);
        const resolved = this.#directories.tryFind(directory);
        return resolved && join(resolved.path, name);
      },
      (link) => {
        try {
          return this.#settleLink(link);
        } catch (error) {
          return failed(link.entry, error);
        }
      },
    );
  }

  /** Makes a link at the layer's end; false where its target never came. */
  #settleLink({ entry, path, target }: DeferredLink): boolean {
    const [directory, name] = splitPath(path);
    // Something else may have taken the place of the directory since.
    const isWanted = this.#root.directoryAt(directory) !== undefined &&
      this.#changes.hasAdded(directory, name);
    return !isWanted || this.#link(entry, path, target) !== "missing";
  }

  /**
   * Makes a hard link.
   *
   * @param entry The entry's name.
   * @param path Where to, without symlinks on the way; the directory is there.
   * @param target The target's path, cleaned.
   * @returns Whether the target is what this layer wants there; a layer below
   * may have left it, and this one may still replace it.
   */
  #link(
    entry: string,
    path: string,
    target: string,
  ): "missing" | "provisional" | "final" {
    const [targetDirectory, targetName] = splitPath(target);
    if (targetName === "") {
      throw new EntryError(entry, "a hard link to the root is impossible");
    }
    const source = this.#directories.find(targetDirectory);
    if (source === undefined) return "missing";
    const type = this.#format.linkSource(source, targetName);
    if (type === undefined) return "missing";
    if (type === "directory") {
      throw new EntryError(
        entry,
        `it is a hard link to ${quoteName(target)}, which is a directory`,
      );
    }
    const [directory, name] = splitPath(path);
    const parent = this.#directories.make(directory);
    const targetPath = join(source.path, targetName);
    const before = this.#known && source.lookup(targetName);
    // Making room for a link to itself would remove what it is to link to.
    if (targetPath !== path && !parent.createLink(name, source, targetName)) {
      parent.remove(name);
      if (!parent.createLink(name, source, targetName)) {
        throw new EntryError(
          entry,
          "something else keeps taking its place; is it in use?",
        );
      }
    }
    const after = before && parent.lookup(name);
    if (before && after) this.#known?.linked(before, after);
    this.#format.replaced(path, false);
    const isFinal = this.#changes.hasAdded(source.path, targetName) &&
      !this.#deferred.has(targetPath);
    this.#changes.add(directory, name);
    return isFinal ? "final" : "provisional";
  }
}
