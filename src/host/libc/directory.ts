/**
 * A directory as a descriptor.
 *
 * @module
 */
import { decodeBytes } from "../../byte_string.ts";
import type { Timestamp } from "../../tar/header.ts";
import type {
  Directory,
  InodeInfo,
  InodeType,
  Metadata,
  NewFile,
  OpenedFile,
} from "../directory.ts";
import { DEFAULT_ACL } from "../xattr_policy.ts";
import { EACCES, EEXIST, EISDIR, ENOENT } from "./errno.ts";
import { LibcFile } from "./file.ts";
import { LibcOpenedFile, readWholeFile } from "./opened_file.ts";
import { readXattrs, xattrsAt, xattrsOf } from "./read_xattrs.ts";
import { removeTree } from "./remove_tree.ts";
import type { LibcRoot } from "./root.ts";
import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
} from "./constants.ts";
import { systemError } from "./system.ts";
import {
  addXattr,
  listXattrs,
  replaceXattrs,
  setNamedXattrs,
  XattrTarget,
} from "./xattrs.ts";

const NODE_TYPES = {
  "character-device": S_IFCHR,
  "block-device": S_IFBLK,
  "fifo": S_IFIFO,
};

/** A directory, reached by its descriptor. */
export class LibcDirectory implements Directory {
  readonly path: string;
  readonly root: LibcRoot;
  /** The descriptor, -1 once it is closed. */
  fd: number;
  #inheritsAcl: boolean | undefined;
  #wasListed = false;

  constructor(root: LibcRoot, fd: number, path: string) {
    this.root = root;
    this.fd = fd;
    this.path = path;
  }

  /** Path of a name in this directory, below the root. */
  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}/${name}`;
  }

  /** Whether what is made here begins with an ACL of the directory's. */
  get inheritsAcl(): boolean {
    this.#inheritsAcl ??= listXattrs(this.#system, this.fd, this.#shownPath)
      .includes(DEFAULT_ACL);
    return this.#inheritsAcl;
  }

  get #system() {
    return this.root.system;
  }

  /** For messages: the root's own path is empty, which would say little. */
  get #shownPath(): string {
    return this.path === "" ? this.root.path : this.path;
  }

  close(): void {
    if (this.fd >= 0) this.#system.close(this.fd);
    this.fd = -1;
  }

  stat(): InodeInfo {
    const info = this.#system.stat(this.fd, "");
    if (typeof info === "number") {
      throw systemError(info, "stat", this.#shownPath);
    }
    info.mode = this.root.originalModes.of(this.path, info.mode);
    return info;
  }

  lookup(name: string): InodeInfo | undefined {
    const info = this.#system.stat(this.fd, name);
    if (info === -ENOENT) return undefined;
    if (typeof info === "number") {
      throw systemError(info, "look up", this.pathOf(name));
    }
    if (info.type === "directory") {
      info.mode = this.root.originalModes.of(this.pathOf(name), info.mode);
    }
    return info;
  }

  list(): string[] {
    const names: string[] = [];
    const take = (bytes: Uint8Array, start: number, end: number) => {
      names.push(decodeBytes(bytes, start, end));
    };
    let result = this.#wasListed ? this.#system.seek(this.fd, 0) : 0;
    this.#wasListed = true;
    if (result === 0) {
      do result = this.#system.readEntries(this.fd, take); while (result > 0);
    }
    if (result < 0) throw systemError(result, "list", this.#shownPath);
    return names;
  }

  readLink(name: string): string {
    const buffer = new Uint8Array(4096);
    const length = this.#system.readlinkat(this.fd, name, buffer);
    if (length < 0) {
      throw systemError(length, "read the symlink", this.pathOf(name));
    }
    return decodeBytes(buffer, 0, length);
  }

  readFile(name: string, limit: number): Uint8Array {
    const file = this.#open(name);
    try {
      return readWholeFile(file, this.pathOf(name), limit);
    } finally {
      file.close();
    }
  }

  openFile(name: string): OpenedFile {
    return this.#open(name);
  }

  #open(name: string): LibcOpenedFile {
    const path = this.pathOf(name);
    // A fifo would keep us waiting for its writer.
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    let fd = this.#system.openat(this.fd, name, flags);
    let mode: number | undefined;
    if (fd === -EACCES) {
      [fd, mode] = this.root.closed.openFile(this, name, flags);
    }
    if (fd < 0) throw systemError(fd, "open the file", path);
    return new LibcOpenedFile(this.#system, fd, path, mode);
  }

  xattrs(name: string): Map<string, Uint8Array> {
    const path = this.pathOf(name);
    return name === ""
      ? readXattrs(xattrsOf(this.#system, this.fd), path)
      : readXattrs(xattrsAt(this, name), path);
  }

  createDirectory(name: string): boolean {
    const result = this.#system.mkdirat(this.fd, name, 0o700);
    return this.#created(result, "make the directory", name);
  }

  createFile(name: string, planned?: Metadata): NewFile | undefined {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const isAsMade = planned !== undefined && this.mayMakeAs(planned);
    const mode = isAsMade ? planned.mode : 0o600;
    const fd = this.#system.openat(this.fd, name, flags, mode);
    return this.#created(fd, "make the file", name)
      ? new LibcFile(this, fd, name)
      : undefined;
  }

  /**
   * Whether a file may have from the start what it shall have in the end: then
   * there is nobody who could do more with it until then.
   */
  mayMakeAs({ owner, mode, xattrs }: Metadata): boolean {
    // Whatever its group is for the moment, it has the rights of all others.
    const isForAnyGroup = (mode >> 3 & 7) === (mode & 7);
    return isForAnyGroup && mode <= 0o777 && xattrs.size === 0 &&
      (owner === undefined || owner.uid === this.#system.euid) &&
      !this.inheritsAcl;
  }

  createSymlink(name: string, target: string): boolean {
    const result = this.#system.symlinkat(target, this.fd, name);
    return this.#created(result, "make the symlink", name);
  }

  createNode(
    name: string,
    type: "character-device" | "block-device" | "fifo",
    major: number,
    minor: number,
  ): boolean {
    const mode = NODE_TYPES[type] | 0o600;
    const result = this.#system.mknodat(this.fd, name, mode, major, minor);
    return this.#created(result, `make the ${type}`, name);
  }

  createLink(name: string, source: LibcDirectory, sourceName: string): boolean {
    const result = this.#system.linkat(source.fd, sourceName, this.fd, name);
    return this.#created(result, "make the hard link", name);
  }

  setMetadata(name: string, type: InodeType, metadata: Metadata): void {
    const system = this.#system;
    const { owner } = metadata;
    if (owner !== undefined) {
      const { uid, gid } = owner;
      const result = system.lchownat(this.fd, name, uid, gid);
      this.#done(result, "change the owner of", name);
    }
    if (type !== "symlink") {
      const result = system.lchmodat(this.fd, name, metadata.mode);
      this.#done(result, "change the mode of", name);
    }
    if (metadata.xattrs.size > 0 || this.inheritsAcl) {
      setNamedXattrs(this, name, metadata.xattrs);
    }
    const { atime, mtime } = metadata;
    const result = system.lutimensat(this.fd, name, atime, mtime);
    this.#done(result, "set the times of", name);
  }

  setOwnMetadata(metadata: Metadata): void {
    const system = this.#system;
    const { owner } = metadata;
    if (owner !== undefined) {
      const result = system.fchown(this.fd, owner.uid, owner.gid);
      this.#done(result, "change the owner of");
    }
    this.#done(system.fchmod(this.fd, metadata.mode), "change the mode of");
    this.root.originalModes.take(this.path);
    const target = new XattrTarget(
      system,
      this.fd,
      this.#shownPath,
      metadata.mode,
    );
    replaceXattrs(target, metadata.xattrs, this.root.shortfalls);
    this.#inheritsAcl = undefined;
    this.setOwnTimes(metadata.atime, metadata.mtime);
  }

  setOwnXattr(name: string, value: Uint8Array): void {
    const { mode } = this.stat();
    const target = new XattrTarget(
      this.#system,
      this.fd,
      this.#shownPath,
      mode,
    );
    addXattr(target, name, value, this.root.shortfalls);
  }

  setOwnTimes(atime: Timestamp, mtime: Timestamp): void {
    const result = this.#system.futimens(this.fd, atime, mtime);
    this.#done(result, "set the times of");
  }

  remove(name: string): boolean {
    const result = this.#system.unlinkat(this.fd, name, 0);
    if (result === -ENOENT) return false;
    const path = this.pathOf(name);
    if (result === -EISDIR) {
      this.root.forgetDirectory(path);
      removeTree(this.#system, this.fd, name, path);
    } else {
      this.root.forgetName(path);
      this.#done(result, "remove", name);
    }
    return true;
  }

  #created(result: number, action: string, name: string): boolean {
    if (result === -EEXIST) return false;
    this.#done(result, action, name);
    return true;
  }

  #done(result: number, action: string, name?: string): void {
    if (result >= 0) return;
    const path = name === undefined ? this.#shownPath : this.pathOf(name);
    throw systemError(result, action, path);
  }
}
