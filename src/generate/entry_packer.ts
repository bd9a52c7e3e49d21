/**
 * Inodes on disk as entries of a layer.
 *
 * @module
 */
import {
  MissingPermissionError,
  quoteName,
  StrataError,
  SystemError,
} from "../errors.ts";
import type { Directory, InodeInfo, InodeType } from "../host/directory.ts";
import { toContainerId } from "../id_map.ts";
import type { IdMapping, RepackOptions } from "../options.ts";
import {
  encodeHeader,
  type TarEntryInput,
  TarWriteError,
} from "../tar/encode_header.ts";
import { OverlayXattrs } from "../overlay/overlay_xattrs.ts";
import {
  decodeRootlessOwner,
  type Owner,
  ROOTLESS_OWNER,
} from "../rootless_owner.ts";
import type { LayerBuffer } from "./layer_buffer.ts";

const WHITEOUT_PREFIX = ".wh.";
const OPAQUE_WHITEOUT = ".wh..wh..opq";

/** What an inode is found by: its directory, and its name in it. */
export interface Located {
  directory: Directory;
  /** The name, empty for the directory itself. */
  name: string;
}

/** What is kept of an inode for the further names it has. */
interface LinkedInode {
  /** The path it was packed at. */
  path: string;
  owner: Owner;
}

/** Packs the entries of one layer. */
export class EntryPacker {
  readonly #buffer: LayerBuffer;
  readonly #options: RepackOptions;
  readonly #overlay: OverlayXattrs | undefined;
  /** Each inode that has several names, by its identity. */
  readonly #linked = new Map<string, LinkedInode>();

  /** Entries that were packed. */
  entries = 0;

  /**
   * @param buffer Where the entries go.
   * @param options The caller's options.
   */
  constructor(buffer: LayerBuffer, options: RepackOptions) {
    this.#buffer = buffer;
    this.#options = options;
    if (options.onDiskFormat?.type === "overlayfs") {
      const isUser = options.onDiskFormat.userXattr === true;
      this.#overlay = new OverlayXattrs(isUser);
    }
  }

  /**
   * Packs an inode.
   *
   * @param located The inode.
   * @param path Its path in the layer, empty for the root.
   */
  *pack(located: Located, path: string): Generator<Uint8Array> {
    refuseWhiteoutName(path);
    try {
      yield* this.#pack(located, path);
    } catch (error) {
      throw explain(error, path);
    }
  }

  /**
   * Packs a whiteout.
   *
   * @param path What it removes.
   */
  *whiteout(path: string): Generator<Uint8Array> {
    refuseWhiteoutName(path);
    const slash = path.lastIndexOf("/") + 1;
    const name = path.slice(0, slash) + WHITEOUT_PREFIX + path.slice(slash);
    yield* this.#header({ name, mode: 0, ...this.#markTime() });
  }

  /**
   * Packs an opaque whiteout.
   *
   * @param path The directory that it empties.
   */
  *opaqueWhiteout(path: string): Generator<Uint8Array> {
    refuseWhiteoutName(path);
    const name = path === "" ? OPAQUE_WHITEOUT : `${path}/${OPAQUE_WHITEOUT}`;
    yield* this.#header({ name, mode: 0, ...this.#markTime() });
  }

  *#pack(
    { directory, name }: Located,
    path: string,
  ): Generator<Uint8Array> {
    const info = name === "" ? directory.stat() : directory.lookup(name);
    if (info === undefined) {
      throw new StrataError(
        "it is not there; keep others from changing the tree",
      );
    }
    const { type } = info;
    if (type === "socket") {
      this.#options.onWarning?.({
        code: "socket-skipped",
        message: `The socket ${
          quoteName(path)
        } was left out: no layer can hold one`,
        entry: path,
      });
      return;
    }
    if (this.#isWhiteoutDevice(info)) return yield* this.whiteout(path);
    const linked = this.#linked.get(info.identity);
    if (linked !== undefined) {
      const header = this.#input(info, path, linked.owner);
      const linkName = linked.path;
      yield* this.#header({ ...header, type: "link", linkName, size: 0 });
      return;
    }
    if (type === "file") {
      yield* this.#packFile(directory, name, path);
      return;
    }
    const raw = directory.xattrs(name);
    const xattrs = this.#imageXattrs(raw);
    const owner = this.#takeOwner(info, xattrs);
    this.#remember(info, path, owner);
    yield* this.#header({
      ...this.#input(info, path, owner),
      xattrs,
      linkName: type === "symlink" ? directory.readLink(name) : "",
      deviceMajor: info.deviceMajor,
      deviceMinor: info.deviceMinor,
    });
    if (this.#isOpaque(raw)) yield* this.opaqueWhiteout(path);
  }

  *#packFile(
    directory: Directory,
    name: string,
    path: string,
  ): Generator<Uint8Array> {
    const file = directory.openFile(name);
    try {
      const { info } = file;
      const raw = file.xattrs();
      if (this.#overlay !== undefined && raw.has(this.#overlay.whiteout)) {
        return yield* this.whiteout(path);
      }
      const xattrs = this.#imageXattrs(raw);
      const owner = this.#takeOwner(info, xattrs);
      this.#remember(info, path, owner);
      const { size } = info;
      yield* this.#header({
        ...this.#input(info, path, owner),
        size,
        xattrs,
      });
      yield* this.#buffer.addFile(file, path);
    } finally {
      file.close();
    }
  }

  *#header(input: TarEntryInput): Generator<Uint8Array> {
    this.entries++;
    yield* this.#buffer.add(encodeHeader(input));
  }

  #remember(info: InodeInfo, path: string, owner: Owner): void {
    if (info.identity !== "") this.#linked.set(info.identity, { path, owner });
  }

  #input(info: InodeInfo, path: string, owner: Owner): TarEntryInput {
    return {
      name: entryName(path, info.type),
      type: info.type === "socket" ? "unknown" : info.type,
      mode: info.mode,
      ...owner,
      mtime: this.#clamp(info.mtime.seconds),
    };
  }

  #isWhiteoutDevice(info: InodeInfo): boolean {
    return this.#overlay !== undefined && info.type === "character-device" &&
      info.deviceMajor === 0 && info.deviceMinor === 0;
  }

  #isOpaque(xattrs: ReadonlyMap<string, Uint8Array>): boolean {
    if (this.#overlay === undefined) return false;
    return xattrs.get(this.#overlay.opaque)?.[0] === "y".charCodeAt(0);
  }

  #imageXattrs(xattrs: Map<string, Uint8Array>): Map<string, Uint8Array> {
    if (this.#overlay === undefined) return xattrs;
    for (const name of [this.#overlay.redirect, this.#overlay.metacopy]) {
      if (!xattrs.has(name)) continue;
      throw new StrataError(
        `what it holds is in another layer (${name}); mount with redirect_dir=off and metacopy=off`,
      );
    }
    return this.#overlay.unescape(xattrs);
  }

  /** The owner in the container; what kept it is no part of the image. */
  #takeOwner(info: InodeInfo, xattrs: Map<string, Uint8Array>): Owner {
    const { rootless, uidMappings, gidMappings } = this.#options;
    if (rootless !== true) {
      return {
        uid: containerId(info.uid, "uid", uidMappings),
        gid: containerId(info.gid, "gid", gidMappings),
      };
    }
    const kept = xattrs.get(ROOTLESS_OWNER);
    xattrs.delete(ROOTLESS_OWNER);
    return kept === undefined ? { uid: 0, gid: 0 } : decodeRootlessOwner(kept);
  }

  /** Whole seconds: the image-spec's own tools compare no more of a time. */
  #clamp(seconds: number) {
    const latest = this.#options.sourceDateEpoch ?? Infinity;
    return { seconds: Math.min(seconds, latest), nanoseconds: 0 };
  }

  /** A whiteout has no time of its own; the latest that may be is as good. */
  #markTime() {
    const { sourceDateEpoch = 0 } = this.#options;
    return { mtime: { seconds: sourceDateEpoch, nanoseconds: 0 } };
  }
}

function containerId(
  id: number,
  kind: "uid" | "gid",
  mappings: IdMapping[] | undefined,
): number {
  const isMapped = mappings !== undefined && mappings.length > 0;
  return isMapped ? toContainerId(id, mappings, kind) : id;
}

function entryName(path: string, type: InodeType): string {
  if (path === "") return "./";
  return type === "directory" ? `${path}/` : path;
}

/** A file of such a name would remove another when it is unpacked. */
function refuseWhiteoutName(path: string): void {
  if (!path.includes(WHITEOUT_PREFIX)) return;
  for (const component of path.split("/")) {
    if (component.startsWith(WHITEOUT_PREFIX)) {
      throw new TarWriteError(
        path,
        `names that begin with ${WHITEOUT_PREFIX} are whiteouts in a layer; rename it`,
      );
    }
  }
}

function explain(error: unknown, path: string): unknown {
  const isOurs = error instanceof StrataError &&
    !(error instanceof TarWriteError) &&
    !(error instanceof MissingPermissionError);
  return isOurs || error instanceof SystemError
    ? new TarWriteError(path, error.message, { cause: error })
    : error;
}
