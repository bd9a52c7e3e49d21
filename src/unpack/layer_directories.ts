/**
 * The directories that a layer's entries go into.
 *
 * @module
 */
import { quoteName, StrataError, SystemError } from "../errors.ts";
import type {
  Directory,
  Metadata,
  MissingDirectory,
  Root,
} from "../host/directory.ts";
import type { UnpackOptions } from "../options.ts";
import type { DeferredLinks } from "./deferred_links.ts";
import type { LayerChanges } from "./layer_changes.ts";
import type { LayerFormat } from "./layer_format.ts";
import { parentMetadata } from "./metadata.ts";

/** Finds and makes the directories of one layer. */
export class LayerDirectories {
  readonly #root: Root;
  readonly #changes: LayerChanges;
  readonly #links: DeferredLinks;
  readonly #format: LayerFormat;
  readonly #options: UnpackOptions;

  constructor(
    root: Root,
    changes: LayerChanges,
    links: DeferredLinks,
    format: LayerFormat,
    options: UnpackOptions,
  ) {
    this.#root = root;
    this.#changes = changes;
    this.#links = links;
    this.#format = format;
    this.#options = options;
  }

  /**
   * The directory that an entry goes into, made where it is missing.
   *
   * @param path Its path.
   * @returns The directory, about to be changed.
   */
  make(path: string): Directory {
    const directory = this.#root.directory(path, this.#makeMissing);
    if (directory === undefined) {
      throw new StrataError(
        `its directory ${quoteName(path)} could not be made`,
      );
    }
    this.#changes.touch(directory);
    return directory;
  }

  /**
   * The directory at a path, where that leads to one.
   *
   * @param path The path.
   * @returns The directory, or undefined where there is none.
   */
  find(path: string): Directory | undefined {
    return this.#root.directory(path, this.#copyUp);
  }

  /**
   * The directory at a path that may lead nowhere.
   *
   * @param path The path.
   * @returns The directory, or undefined where there is none.
   */
  tryFind(path: string): Directory | undefined {
    try {
      return this.find(path);
    } catch (error) {
      // Symlinks that lead round in a circle lead nowhere.
      if (error instanceof SystemError && error.code === "ELOOP") return;
      throw error;
    }
  }

  /** A field, so that no closure is made for each entry. */
  readonly #makeMissing: MissingDirectory = (parent, name, taken) => {
    const answer = this.#copyUp(parent, name, taken);
    if (answer !== false) return answer;
    const path = join(parent.path, name);
    this.#make(parent, name, taken, parentMetadata(path, this.#options));
    this.#changes.add(parent.path, name);
    return true;
  };

  readonly #copyUp: MissingDirectory = (parent, name, taken) => {
    if (taken) return false;
    const below = this.#format.below(parent, name);
    if (below === undefined) return false;
    if (below.type === "symlink") return below.target;
    this.#make(parent, name, false, below.metadata);
    return true;
  };

  #make(
    parent: Directory,
    name: string,
    taken: boolean,
    metadata: Metadata,
  ): void {
    this.#changes.touch(parent);
    if (taken) parent.remove(name);
    parent.createDirectory(name);
    const path = join(parent.path, name);
    this.#links.replaced(path);
    this.#changes.created(path);
    this.#changes.setMetadata(path, metadata);
    this.#format.replaced(path, taken);
  }
}

/**
 * Puts a path together.
 *
 * @param directory The directory's path, empty for the root.
 * @param name The name in it.
 * @returns The name's path.
 */
export function join(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
