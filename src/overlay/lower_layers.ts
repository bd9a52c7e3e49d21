/**
 * Layers on top of each other, looked at as overlayfs would show them.
 *
 * @module
 */
import type {
  Directory,
  InodeInfo,
  Metadata,
  Root,
} from "../host/directory.ts";
import type { OverlayXattrs } from "./overlay_xattrs.ts";

/** Something that one of the layers has, and the ones above do not hide. */
export interface LowerInode {
  /** The directory that holds it, or that it is. */
  directory: Directory;
  /** The name in it, empty for the directory itself. */
  name: string;
  /** What it is. */
  info: InodeInfo;
}

/** A directory's own marks. */
interface Marks {
  isOpaque: boolean;
  hasXattrWhiteouts: boolean;
}

/** The layers that lie below one, each in a directory of its own. */
export class LowerLayers implements Disposable {
  readonly #roots: readonly Root[];
  readonly #xattrs: OverlayXattrs;
  readonly #marks: Map<string, Marks>[];

  /**
   * @param roots The layers' directories, the uppermost first. They are
   * disposed of together with this.
   * @param xattrs The marks that they hold.
   */
  constructor(roots: readonly Root[], xattrs: OverlayXattrs) {
    this.#roots = roots;
    this.#xattrs = xattrs;
    this.#marks = roots.map(() => new Map());
  }

  /**
   * Looks a path up; no symlink is followed.
   *
   * @param path The path, without symlinks on the way.
   * @returns What is there, or undefined where the layers show nothing.
   */
  lookup(path: string): LowerInode | undefined {
    for (let i = 0; i < this.#roots.length; i++) {
      const found = this.#lookupIn(i, path);
      if (found === "hidden") return undefined;
      if (found !== "missing") return found;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const root of this.#roots) root[Symbol.dispose]();
  }

  #lookupIn(layer: number, path: string): LowerInode | "missing" | "hidden" {
    const root = this.#roots[layer];
    const top = root?.directoryAt("");
    if (root === undefined || top === undefined) return "missing";
    if (path === "") return { directory: top, name: "", info: top.stat() };
    let directory = top;
    let isOpaque = false;
    const names = path.split("/");
    for (let i = 0; i < names.length; i++) {
      const name = names[i] ?? "";
      const marks = this.#marksOf(layer, directory);
      isOpaque ||= marks.isOpaque;
      const info = directory.lookup(name);
      if (info === undefined) return isOpaque ? "hidden" : "missing";
      if (this.#isWhiteout(directory, name, info, marks)) return "hidden";
      if (i === names.length - 1) return { directory, name, info };
      if (info.type !== "directory") return "hidden";
      const next = root.directoryAt(names.slice(0, i + 1).join("/"));
      if (next === undefined) return "hidden";
      directory = next;
    }
    return "missing";
  }

  #isWhiteout(
    directory: Directory,
    name: string,
    info: InodeInfo,
    marks: Marks,
  ): boolean {
    if (info.type === "character-device") {
      return info.deviceMajor === 0 && info.deviceMinor === 0;
    }
    return info.type === "file" && marks.hasXattrWhiteouts &&
      xattrsOf(directory, name, info).has(this.#xattrs.whiteout);
  }

  #marksOf(layer: number, directory: Directory): Marks {
    const cache = this.#marks[layer];
    const known = cache?.get(directory.path);
    if (known !== undefined) return known;
    const value = directory.xattrs("").get(this.#xattrs.opaque)?.[0];
    const marks = {
      isOpaque: value === "y".charCodeAt(0),
      hasXattrWhiteouts: value === "x".charCodeAt(0),
    };
    cache?.set(directory.path, marks);
    return marks;
  }
}

/**
 * Reads what a copy of an inode must have to be the same.
 *
 * @param inode The inode.
 * @param xattrs The marks of overlayfs, which are no part of it.
 * @returns Its metadata.
 */
export function inodeMetadata(
  { directory, name, info }: LowerInode,
  xattrs: OverlayXattrs,
): Metadata {
  const { mode, uid, gid, atime, mtime } = info;
  return {
    owner: { uid, gid },
    mode,
    xattrs: xattrs.withoutOwn(xattrsOf(directory, name, info)),
    atime,
    mtime,
  };
}

function xattrsOf(
  directory: Directory,
  name: string,
  { type }: InodeInfo,
): Map<string, Uint8Array> {
  if (type !== "file" || name === "") return directory.xattrs(name);
  const file = directory.openFile(name);
  try {
    return file.xattrs();
  } finally {
    file.close();
  }
}
