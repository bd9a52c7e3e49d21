/**
 * Puts the entries of one layer on disk. Everything in here is synchronous: a
 * layer has many thousand entries, and a promise for each would cost more than
 * the work.
 *
 * @module
 */
import {
  EntryError,
  MissingPermissionError,
  quoteName,
  SystemError,
} from "../errors.ts";
import type { Directory, Metadata, NewFile, Root } from "../host/directory.ts";
import type { KnownFiles } from "../mtree/known_files.ts";
import type { UnpackOptions } from "../options.ts";
import type { LowerLayers } from "../overlay/lower_layers.ts";
import { ROOTLESS_OWNER } from "../rootless_owner.ts";
import type { TarHeader } from "../tar/header.ts";
import { ContentDigests } from "./content_digests.ts";
import { DeferredLinks } from "./deferred_links.ts";
import { parseEntryPath, relativePath } from "./entry_path.ts";
import { HardLinks } from "./hard_links.ts";
import { LayerChanges } from "./layer_changes.ts";
import { join, LayerDirectories } from "./layer_directories.ts";
import { type LayerFormat, PlainFormat } from "./layer_format.ts";
import { toMetadata } from "./metadata.ts";
import { OverlayFormat } from "./overlay_format.ts";
import type { UnpackShortfalls } from "./shortfalls.ts";

/** What this package's own callers want beside what options say. */
export interface ExtractInternals {
  /** The layers below, where each has a directory of its own. */
  below?: LowerLayers;
  /** Where the digests of files are noted. */
  known?: KnownFiles;
}

/** Unpacks one layer. Call `finish` or `abort` at its end. */
export class Extractor {
  readonly #root: Root;
  readonly #options: UnpackOptions;
  readonly #shortfalls: UnpackShortfalls;
  readonly #changes = new LayerChanges();
  readonly #links = new DeferredLinks();
  readonly #format: LayerFormat;
  readonly #directories: LayerDirectories;

  readonly #hardLinks: HardLinks;
  readonly #digests: ContentDigests | undefined;

  #entry = "";
  #file: NewFile | undefined;
  #fileSize = 0;
  #fileMetadata: Metadata | undefined;

  /**
   * @param root Where the layer goes.
   * @param options The caller's options.
   * @param shortfalls Told of what could not be kept.
   * @param internals What this package's own callers want beside.
   */
  constructor(
    root: Root,
    options: UnpackOptions,
    shortfalls: UnpackShortfalls,
    { below, known }: ExtractInternals = {},
  ) {
    if (known !== undefined) this.#digests = new ContentDigests(known);
    this.#root = root;
    this.#options = options;
    this.#shortfalls = shortfalls;
    const changes = this.#changes;
    this.#format = options.onDiskFormat?.type === "overlayfs"
      ? new OverlayFormat(root, changes, options, below)
      : new PlainFormat(root, changes);
    this.#directories = new LayerDirectories(
      root,
      changes,
      this.#links,
      this.#format,
      options,
    );
    this.#hardLinks = new HardLinks(
      root,
      changes,
      this.#links,
      this.#directories,
      this.#format,
      known,
    );
    shortfalls.inUserNamespace = root.inUserNamespace;
  }

  /**
   * Begins an entry.
   *
   * @param header The entry.
   * @throws {EntryError} Where it cannot be put on disk, or must not be.
   */
  entry(header: TarHeader): void {
    this.#entry = header.name;
    try {
      this.#place(header);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /**
   * Takes a piece of the entry's contents.
   *
   * @param bytes The piece.
   * @param offset Where in the file it belongs.
   */
  data(bytes: Uint8Array, offset: number): void {
    if (this.#file === undefined) return;
    try {
      this.#file.write(bytes, offset);
      this.#digests?.update(bytes, offset);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Ends the entry. */
  endOfEntry(): void {
    const file = this.#file;
    const metadata = this.#fileMetadata;
    if (file === undefined || metadata === undefined) return;
    this.#file = undefined;
    try {
      if (this.#digests === undefined) file.finish(this.#fileSize, metadata);
      else this.#digests.end(file.finishAndStat(this.#fileSize, metadata));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Ends the layer: late hard links, then directories' modes and times. */
  finish(): void {
    this.#hardLinks.settle((entry, error) => {
      this.#entry = entry;
      throw this.#explain(error);
    });
    this.#changes.settle(this.#root, (path, error) => {
      this.#entry = `${path}/`;
      throw this.#explain(error);
    });
    this.#format.finish();
    this.#root.release();
  }

  /** Leaves everything as it is, and closes what is open. */
  abort(): void {
    this.#file?.discard();
    this.#file = undefined;
  }

  #explain(error: unknown): unknown {
    if (
      !(error instanceof Error) || error instanceof EntryError ||
      error instanceof MissingPermissionError
    ) {
      return error;
    }
    const mayNotChown = error instanceof SystemError &&
      error.code === "EPERM" && !this.#shortfalls.isUnprivileged;
    const advice = mayNotChown
      ? "; unpack as root, or with the option rootless"
      : "";
    const message = error.message + advice;
    return new EntryError(this.#entry, message, { cause: error });
  }

  #refuse(message: string): never {
    throw new EntryError(this.#entry, message);
  }

  #place(header: TarHeader): void {
    const { directory, name, role } = parseEntryPath(header.name);
    switch (role) {
      case "skipped":
        return;
      case "whiteout":
        return this.#format.whiteout(this.#directories, directory, name);
      case "opaque":
        return this.#format.whiteout(this.#directories, directory, undefined);
    }
    if (name === "") return this.#placeRoot(header);
    if (header.type === "link") {
      const target = relativePath(header.linkName);
      return this.#hardLinks.place(header.name, directory, name, target);
    }
    const metadata = this.#metadata(header);
    this.#create(this.#directories.make(directory), name, header, metadata);
  }

  #metadata(header: TarHeader): Metadata {
    const metadata = this.#format.metadata(toMetadata(header, this.#options));
    const { xattrs } = metadata;
    const mayKeepOwner = header.type !== "symlink" && header.type !== "fifo";
    if (mayKeepOwner || metadata.owner !== undefined) return metadata;
    if (!xattrs.has(ROOTLESS_OWNER)) return metadata;
    this.#shortfalls.owner(header.name);
    const rest = [...xattrs].filter(([xattr]) => xattr !== ROOTLESS_OWNER);
    return { ...metadata, xattrs: new Map(rest) };
  }

  #placeRoot(header: TarHeader): void {
    // Anything else would replace the root itself (CVE-2021-29136).
    if (header.type !== "directory") {
      this.#refuse(`the root of an image is no ${header.type}`);
    }
    this.#changes.setMetadata("", this.#metadata(header));
  }

  #create(
    parent: Directory,
    name: string,
    header: TarHeader,
    metadata: Metadata,
  ): void {
    const path = join(parent.path, name);
    this.#links.replaced(path);
    if (header.type === "directory") {
      this.#createDirectory(parent, name, metadata);
    } else if (!this.#tryCreate(parent, name, header, metadata)) {
      parent.remove(name);
      if (!this.#tryCreate(parent, name, header, metadata)) {
        this.#refuse("something else keeps taking its place; is it in use?");
      }
    }
    if (header.type !== "directory") this.#format.replaced(path, false);
    this.#changes.add(parent.path, name);
  }

  /** Makes anything but a directory; false where the name is taken. */
  #tryCreate(
    parent: Directory,
    name: string,
    header: TarHeader,
    metadata: Metadata,
  ): boolean {
    switch (header.type) {
      case "file":
        return this.#beginFile(parent, name, header.size, metadata);
      case "symlink":
        if (!parent.createSymlink(name, header.linkName)) return false;
        parent.setMetadata(name, "symlink", metadata);
        return true;
      case "fifo":
        return this.#createNode(parent, name, header.type, header, metadata);
      case "character-device":
      case "block-device":
        if (this.#shortfalls.isUnprivileged) {
          if (!this.#beginFile(parent, name, 0, metadata)) return false;
          this.#shortfalls.device(header.name);
          return true;
        }
        return this.#createNode(parent, name, header.type, header, metadata);
      default:
        return this.#refuse(
          `its type ${
            quoteName(header.typeflag)
          } is none that a layer may hold`,
        );
    }
  }

  #createNode(
    parent: Directory,
    name: string,
    type: "character-device" | "block-device" | "fifo",
    { name: entry, deviceMajor, deviceMinor }: TarHeader,
    metadata: Metadata,
  ): boolean {
    if (this.#root.kind === "deno" && this.#options.skipUnsupported === true) {
      parent.remove(name);
      this.#shortfalls.skipped(entry);
      return true;
    }
    if (deviceMajor === 0 && deviceMinor === 0 && this.#isOverlay(type)) {
      this.#refuse("to overlayfs the device 0:0 is a whiteout, and no other");
    }
    const isMade = parent.createNode(name, type, deviceMajor, deviceMinor);
    if (isMade) parent.setMetadata(name, type, metadata);
    return isMade;
  }

  #isOverlay(type: string): boolean {
    return type === "character-device" &&
      this.#options.onDiskFormat?.type === "overlayfs";
  }

  #beginFile(
    parent: Directory,
    name: string,
    size: number,
    metadata: Metadata,
  ): boolean {
    // Who does not look at it when it is finished would not see what it lacks.
    const planned = this.#digests && metadata;
    const file = parent.createFile(name, planned);
    if (file === undefined) return false;
    this.#digests?.begin();
    this.#file = file;
    this.#fileSize = size;
    this.#fileMetadata = metadata;
    return true;
  }

  #createDirectory(parent: Directory, name: string, metadata: Metadata): void {
    const path = join(parent.path, name);
    const kept = this.#keptDirectory(parent, name);
    if (kept !== undefined) {
      this.#changes.setMetadata(kept, metadata);
      return;
    }
    const isTaken = !parent.createDirectory(name);
    if (isTaken) {
      parent.remove(name);
      if (!parent.createDirectory(name)) {
        this.#refuse("something else keeps taking its place; is it in use?");
      }
    }
    this.#changes.created(path);
    this.#changes.setMetadata(path, metadata);
    this.#format.replaced(path, isTaken);
  }

  /** Path of the directory that is to have the metadata of an entry. */
  #keptDirectory(parent: Directory, name: string): string | undefined {
    const path = join(parent.path, name);
    const type = parent.lookup(name)?.type;
    if (type === "directory") return path;
    const mayLead = type === undefined || type === "symlink";
    if (!mayLead || this.#options.keepDirlinks !== true) return undefined;
    return this.#directories.tryFind(path)?.path;
  }
}
