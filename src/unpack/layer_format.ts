/**
 * How a layer's state is kept on disk: what differs between plain directories
 * and those that overlayfs puts on top of each other.
 *
 * @module
 */
import type {
  Directory,
  InodeType,
  Metadata,
  Root,
} from "../host/directory.ts";
import type { LayerChanges } from "./layer_changes.ts";
import type { LayerDirectories } from "./layer_directories.ts";
import { removeLower, removeLowerChildren } from "./whiteout.ts";

/** What the layers below have at a name that this one does not have yet. */
export type Below =
  | { type: "directory"; metadata: Metadata }
  | { type: "symlink"; target: string };

/** A way to keep a layer on disk. */
export interface LayerFormat {
  /**
   * What an inode's metadata is on disk.
   *
   * @param metadata What the layer wants it to be.
   */
  metadata(metadata: Metadata): Metadata;

  /**
   * Finds a directory, or what leads to one, in the layers below.
   *
   * @param parent The directory that lacks the name.
   * @param name The name.
   */
  below(parent: Directory, name: string): Below | undefined;

  /**
   * Notes that a path was given to something of this layer.
   *
   * @param path The path.
   * @param isDirectory Whether that is a new directory, in whose place
   * something else of this layer was.
   */
  replaced(path: string, isDirectory: boolean): void;

  /**
   * Carries a whiteout out.
   *
   * @param directories The layer's directories.
   * @param directory The directory's path.
   * @param name What is removed in it, or undefined for all that is in it.
   */
  whiteout(
    directories: LayerDirectories,
    directory: string,
    name: string | undefined,
  ): void;

  /**
   * Looks up what a hard link leads to, and makes sure that it is here.
   *
   * @param directory The directory.
   * @param name The name in it.
   */
  linkSource(directory: Directory, name: string): InodeType | undefined;

  /** Ends the layer, when its directories have their metadata. */
  finish(): void;
}

/** Plain directories, which are changed where they are. */
export class PlainFormat implements LayerFormat {
  readonly #root: Root;
  readonly #changes: LayerChanges;

  /**
   * @param root The root.
   * @param changes What the layer has done so far.
   */
  constructor(root: Root, changes: LayerChanges) {
    this.#root = root;
    this.#changes = changes;
  }

  metadata(metadata: Metadata): Metadata {
    return metadata;
  }

  below(): undefined {}

  replaced(): void {}

  whiteout(
    directories: LayerDirectories,
    directory: string,
    name: string | undefined,
  ): void {
    const parent = directories.find(directory);
    if (parent === undefined) return;
    if (name === undefined) {
      removeLowerChildren(this.#root, this.#changes, parent.path);
    } else {
      removeLower(this.#root, this.#changes, parent, name);
    }
  }

  linkSource(directory: Directory, name: string): InodeType | undefined {
    return directory.lookup(name)?.type;
  }

  finish(): void {}
}
