/**
 * A layer in a directory of its own, as overlayfs wants it: what it removes
 * from the layers below is marked instead.
 *
 * @see https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
 * @module
 */
import { SystemError } from "../errors.ts";
import type {
  Directory,
  InodeType,
  Metadata,
  Root,
} from "../host/directory.ts";
import { OverlayXattrs } from "../overlay/overlay_xattrs.ts";
import {
  inodeMetadata,
  type LowerInode,
  type LowerLayers,
} from "../overlay/lower_layers.ts";
import type { UnpackOptions } from "../options.ts";
import { copyInode } from "./copy_up.ts";
import { splitPath } from "./entry_path.ts";
import type { LayerChanges } from "./layer_changes.ts";
import { join, type LayerDirectories } from "./layer_directories.ts";
import type { Below, LayerFormat } from "./layer_format.ts";
import { removeLowerChildren } from "./whiteout.ts";

const YES = new TextEncoder().encode("y");
/** The value of `opaque` where names in the directory may be whiteout files. */
const HAS_WHITEOUTS = new TextEncoder().encode("x");

/** Keeps one layer as overlayfs wants it. */
export class OverlayFormat implements LayerFormat {
  readonly #root: Root;
  readonly #changes: LayerChanges;
  readonly #lower: LowerLayers | undefined;
  readonly #xattrs: OverlayXattrs;
  readonly #isRootless: boolean;
  /** Directories whose namesakes in the layers below are hidden. */
  readonly #opaque = new Set<string>();
  /** Paths at which there is a whiteout. */
  readonly #whiteouts = new Set<string>();
  /** Directories that hold files which stand for whiteouts. */
  readonly #withWhiteoutFiles = new Set<string>();

  /**
   * @param root The layer's own directory.
   * @param changes What the layer has done so far.
   * @param options The caller's options.
   * @param lower The layers below, where they are at hand.
   */
  constructor(
    root: Root,
    changes: LayerChanges,
    options: UnpackOptions,
    lower: LowerLayers | undefined,
  ) {
    const { onDiskFormat } = options;
    this.#root = root;
    this.#changes = changes;
    this.#lower = lower;
    this.#isRootless = options.rootless === true;
    this.#xattrs = new OverlayXattrs(
      onDiskFormat?.type === "overlayfs" && onDiskFormat.userXattr === true,
    );
    const top = lower?.lookup("");
    if (top !== undefined) changes.setMetadata("", this.#metadataOf(top));
  }

  metadata(metadata: Metadata): Metadata {
    const xattrs = this.#xattrs.escape(metadata.xattrs);
    return xattrs === metadata.xattrs ? metadata : { ...metadata, xattrs };
  }

  below(parent: Directory, name: string): Below | undefined {
    const found = this.#lookUp(join(parent.path, name));
    if (found === undefined) return undefined;
    if (found.info.type === "symlink") {
      const target = found.directory.readLink(found.name);
      return { type: "symlink", target };
    }
    if (found.info.type !== "directory") return undefined;
    return { type: "directory", metadata: this.#metadataOf(found) };
  }

  replaced(path: string, isDirectory: boolean): void {
    this.#whiteouts.delete(path);
    this.#opaque.delete(path);
    if (isDirectory && !this.#isHidden(path)) this.#opaque.add(path);
  }

  whiteout(
    directories: LayerDirectories,
    directory: string,
    name: string | undefined,
  ): void {
    // Where the layers below are not at hand, there may be anything in them.
    const parent = this.#lower === undefined
      ? directories.make(directory)
      : directories.find(directory);
    if (parent === undefined) return;
    if (name === undefined) return this.#makeOpaque(parent.path);
    const path = join(parent.path, name);
    if (this.#changes.hasAdded(parent.path, name)) {
      if (parent.lookup(name)?.type === "directory") this.#makeOpaque(path);
      return;
    }
    const isHidden = this.#isHidden(path) || this.#whiteouts.has(path);
    const isNeeded = !isHidden &&
      (this.#lower === undefined || this.#lower.lookup(path) !== undefined);
    if (!isNeeded) return;
    this.#changes.touch(parent);
    // It may have been copied up on the way to something else.
    if (parent.remove(name)) this.#forgetBelow(path);
    this.#makeWhiteout(parent, name);
    this.#whiteouts.add(path);
  }

  linkSource(directory: Directory, name: string): InodeType | undefined {
    const path = join(directory.path, name);
    if (this.#whiteouts.has(path)) return undefined;
    const type = directory.lookup(name)?.type;
    if (type !== undefined) return type;
    const found = this.#lookUp(path);
    if (found === undefined || found.info.type === "directory") {
      return found?.info.type;
    }
    this.#changes.touch(directory);
    copyInode(found, this.#metadataOf(found), directory, name);
    return found.info.type;
  }

  finish(): void {
    for (const path of this.#opaque) {
      this.#root.directoryAt(path)?.setOwnXattr(this.#xattrs.opaque, YES);
    }
    for (const path of this.#withWhiteoutFiles) {
      if (this.#opaque.has(path)) continue;
      this.#root.directoryAt(path)
        ?.setOwnXattr(this.#xattrs.opaque, HAS_WHITEOUTS);
    }
  }

  /** What the layers below have at a path, unless this one hides it. */
  #lookUp(path: string): LowerInode | undefined {
    const isHidden = this.#whiteouts.has(path) || this.#isHidden(path);
    return isHidden ? undefined : this.#lower?.lookup(path);
  }

  /** Whether a directory that leads to a path hides the layers below. */
  #isHidden(path: string): boolean {
    if (this.#opaque.size === 0) return false;
    for (let directory = path; directory !== "";) {
      [directory] = splitPath(directory);
      if (this.#opaque.has(directory)) return true;
    }
    return false;
  }

  #makeOpaque(path: string): void {
    // In an opaque directory overlayfs would show whiteouts as what they are.
    removeLowerChildren(this.#root, this.#changes, path);
    this.#forgetBelow(path);
    if (!this.#isHidden(path)) this.#opaque.add(path);
  }

  /** Forgets the marks below a path, which are gone or hidden. */
  #forgetBelow(path: string): void {
    const prefix = path === "" ? "" : `${path}/`;
    for (
      const marks of [this.#opaque, this.#whiteouts, this.#withWhiteoutFiles]
    ) {
      for (const marked of marks) {
        if (marked !== path && marked.startsWith(prefix)) marks.delete(marked);
      }
      marks.delete(path);
    }
  }

  #makeWhiteout(parent: Directory, name: string): void {
    try {
      parent.createNode(name, "character-device", 0, 0);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== "EPERM") {
        throw error;
      }
      this.#makeWhiteoutFile(parent, name);
    }
  }

  /** For where no device may be made, not even this one. */
  #makeWhiteoutFile(parent: Directory, name: string): void {
    const time = { seconds: 0, nanoseconds: 0 };
    parent.createFile(name)?.finish(0, {
      owner: undefined,
      mode: 0,
      xattrs: new Map([[this.#xattrs.whiteout, YES]]),
      atime: time,
      mtime: time,
    });
    this.#withWhiteoutFiles.add(parent.path);
  }

  #metadataOf(inode: LowerInode): Metadata {
    const metadata = inodeMetadata(inode, this.#xattrs);
    return this.#isRootless ? { ...metadata, owner: undefined } : metadata;
  }
}
