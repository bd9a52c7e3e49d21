/**
 * What unpacking and generating ask of the disk: a root, directories found
 * inside it, and names in a directory. No path string that was put together
 * elsewhere ever reaches the system.
 *
 * @module
 */
import type { TarEntryType, Timestamp } from "../tar/header.ts";

/** What an inode is; `socket` is the one that no archive can hold. */
export type InodeType = Exclude<TarEntryType, "link" | "unknown"> | "socket";

/** What lstat says of a name. */
export interface InodeInfo {
  /** What the inode is. */
  type: InodeType;
  /** Permission, set-id and sticky bits. */
  mode: number;
  /** The owner's user id. */
  uid: number;
  /** The owner's group id. */
  gid: number;
  /** Size in bytes. */
  size: number;
  /** When it was last read. */
  atime: Timestamp;
  /** When its contents changed last. */
  mtime: Timestamp;
  /** When anything about it changed last; to Deno's API whole seconds. */
  ctime: Timestamp;
  /** Number of the device that holds it. */
  device: number;
  /** Its number on that device. */
  inode: number;
  /** How many names it has. */
  nlink: number;
  /**
   * Tells inodes that have several names apart; empty where there is but one,
   * and for directories.
   */
  identity: string;
  /** Major number of a device. */
  deviceMajor: number;
  /** Minor number of a device. */
  deviceMinor: number;
}

/** A file that is being read. Close it. */
export interface OpenedFile {
  /** What the file was when it was opened. */
  readonly info: InodeInfo;

  /**
   * Reads on.
   *
   * @param buffer Where to put what is read.
   * @returns How many bytes were read, 0 at the end.
   */
  read(buffer: Uint8Array): number;

  /** @returns The file's xattrs but those of the host's own. */
  xattrs(): Map<string, Uint8Array>;

  /** Closes the file. */
  close(): void;
}

/** Owner, mode, xattrs and times, to be set in this order. */
export interface Metadata {
  /** The owner, or undefined where it is to stay as it is. */
  owner: { uid: number; gid: number } | undefined;
  /** Permission, set-id and sticky bits. Symlinks have none. */
  mode: number;
  /** All the xattrs the inode shall have but those of the host's own. */
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** When it was last read. */
  atime: Timestamp;
  /** When its contents changed last. */
  mtime: Timestamp;
}

/** A file that was written. */
export interface WrittenFile {
  /** What it is. */
  info: InodeInfo;
  /** Its xattrs but those of the host's own. */
  xattrs: ReadonlyMap<string, Uint8Array>;
}

/** A file that is being written. Close it with `finish` or `discard`. */
export interface NewFile {
  /**
   * Writes data; what lies between two pieces becomes a hole.
   *
   * @param bytes The data.
   * @param offset Where in the file it belongs; never in front of earlier data.
   */
  write(bytes: Uint8Array, offset: number): void;

  /**
   * Sets size and metadata, and closes the file.
   *
   * @param size Size of the file in bytes, holes included.
   * @param metadata The metadata.
   */
  finish(size: number, metadata: Metadata): void;

  /**
   * Does as `finish` does, and looks at what became of it.
   *
   * @param size Size of the file in bytes, holes included.
   * @param metadata The metadata.
   * @returns What the file is now.
   */
  finishAndStat(size: number, metadata: Metadata): WrittenFile;

  /** Closes the file as it is. */
  discard(): void;
}

/** Told of what the host could not keep; throws where that must not be. */
export interface Shortfalls {
  /**
   * An xattr could not be set or removed, for lack of privilege (EPERM), of
   * support by the filesystem (ENOTSUP), or of FFI (ENOSYS).
   */
  xattr(name: string, code: string): void;

  /** Times lost fractions of a second, for lack of FFI. */
  time(): void;
}

/** A directory inside the root, and the names in it. */
export interface Directory {
  /**
   * Where the directory is: its path below the root, with no symlink in it and
   * no slash at either end. Empty for the root itself.
   */
  readonly path: string;

  /** @returns What the directory itself is. */
  stat(): InodeInfo;

  /**
   * Looks a name up, not following it.
   *
   * @param name The name.
   * @returns What it is, or undefined where there is nothing.
   */
  lookup(name: string): InodeInfo | undefined;

  /** @returns The names in the directory, in no particular order. */
  list(): string[];

  /**
   * Reads a symlink.
   *
   * @param name The symlink.
   * @returns Its target.
   */
  readLink(name: string): string;

  /**
   * Reads a regular file.
   *
   * @param name The file; a symlink is not followed.
   * @param limit The most bytes it may have.
   * @returns The contents.
   */
  readFile(name: string, limit: number): Uint8Array;

  /**
   * Opens a regular file, to be read in pieces.
   *
   * @param name The file; a symlink is not followed.
   * @returns The file.
   */
  openFile(name: string): OpenedFile;

  /**
   * Reads the xattrs of anything but a regular file.
   *
   * @param name The name, empty for the directory itself.
   * @returns The xattrs but those of the host's own.
   */
  xattrs(name: string): Map<string, Uint8Array>;

  /**
   * Makes a directory that only its owner may use, until its metadata is set.
   *
   * @param name The name.
   * @returns False where the name is taken.
   */
  createDirectory(name: string): boolean;

  /**
   * Makes a file.
   *
   * Only its owner may use it until its metadata is set.
   *
   * @param name The name.
   * @param planned The metadata that it is to have when it is finished; where
   * it can be made with that, and nobody can do more with it meanwhile, it is.
   * @returns The file, or undefined where the name is taken.
   */
  createFile(name: string, planned?: Metadata): NewFile | undefined;

  /**
   * Makes a symlink.
   *
   * @param name The name.
   * @param target What it points to, taken as it is.
   * @returns False where the name is taken.
   */
  createSymlink(name: string, target: string): boolean;

  /**
   * Makes a device or a fifo.
   *
   * @param name The name.
   * @param type What to make.
   * @param major A device's major number.
   * @param minor A device's minor number.
   * @returns False where the name is taken.
   */
  createNode(
    name: string,
    type: "character-device" | "block-device" | "fifo",
    major: number,
    minor: number,
  ): boolean;

  /**
   * Makes a hard link.
   *
   * @param name The name.
   * @param source Directory of the file to link to.
   * @param sourceName The file to link to; a symlink is not followed.
   * @returns False where the name is taken.
   */
  createLink(name: string, source: Directory, sourceName: string): boolean;

  /**
   * Sets the metadata of a symlink, a device or a fifo.
   *
   * @param name The name.
   * @param type What it is.
   * @param metadata The metadata.
   */
  setMetadata(name: string, type: InodeType, metadata: Metadata): void;

  /**
   * Sets the metadata of the directory itself. Xattrs it has beside those
   * given are removed.
   *
   * @param metadata The metadata.
   */
  setOwnMetadata(metadata: Metadata): void;

  /**
   * Sets an xattr of the directory itself.
   *
   * @param name The xattr.
   * @param value Its value.
   */
  setOwnXattr(name: string, value: Uint8Array): void;

  /**
   * Sets the times of the directory itself.
   *
   * @param atime When it was last read.
   * @param mtime When its contents changed last.
   */
  setOwnTimes(atime: Timestamp, mtime: Timestamp): void;

  /**
   * Removes a name, and where it is a directory all that is below it.
   *
   * @param name The name; a symlink is not followed.
   * @returns False where there was nothing.
   */
  remove(name: string): boolean;
}

/**
 * Called where a directory that leads to a name is not there.
 *
 * @param parent The last directory that is.
 * @param name The name in it that is missing, or is no directory.
 * @param taken Whether the name is something other than a directory.
 * @returns Whether there is a directory now; or a path, to go on there as if
 * the name were a symlink to it.
 */
export type MissingDirectory = (
  parent: Directory,
  name: string,
  taken: boolean,
) => boolean | string;

/** What is done in a root. */
export type Access = "read" | "write";

/** A directory tree that no lookup leaves. */
export interface Root extends Disposable {
  /** Path of the root, as the caller gave it. */
  readonly path: string;
  /** Which implementation this is. */
  readonly kind: "libc" | "deno";
  /** Whether the privileges are those of the host's own root. */
  readonly isPrivileged: boolean;
  /** Whether ids are those of a user namespace. */
  readonly inUserNamespace: boolean;

  /**
   * Finds a directory inside the root as chroot(2) would: `..` stops at the
   * root, symlinks are followed and lead to places inside the root. The
   * directory may be used until ten more were asked for.
   *
   * @param path The directory's path, empty for the root.
   * @param onMissing Makes what is missing; without it nothing is made.
   * @returns The directory, or undefined where there is none.
   * @throws {SystemError} Where there are too many symlinks, or the path
   * would grow too long.
   */
  directory(path: string, onMissing?: MissingDirectory): Directory | undefined;

  /**
   * Finds a directory without following any symlink. It may be used as long
   * as one that `directory` found.
   *
   * @param path The directory's path, as `Directory.path` gives it.
   * @returns The directory, or undefined where something else has taken the
   * place of it, or of one that leads to it.
   */
  directoryAt(path: string): Directory | undefined;

  /**
   * Gives up the directories that were found. Those that had been opened for
   * the moment, as their mode kept their owner out, are closed again. What
   * was found before may not be used any more.
   */
  release(): void;
}
