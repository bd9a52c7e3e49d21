/**
 * A directory as a path without symlinks.
 *
 * @module
 */
import { lchownSync, lutimesSync } from "node:fs";
import {
  MissingPermissionError,
  quoteName,
  SystemError,
} from "../../errors.ts";
import type { Timestamp } from "../../tar/header.ts";
import type {
  Directory,
  InodeInfo,
  InodeType,
  Metadata,
  NewFile,
  OpenedFile,
} from "../directory.ts";
import { attempt } from "./attempt.ts";
import { DenoFile } from "./file.ts";
import { toInodeInfo } from "./inode_info.ts";
import { DenoOpenedFile } from "./opened_file.ts";
import type { DenoRoot } from "./root.ts";
import { toDate } from "./time.ts";

/** A directory, reached by its path. */
export class DenoDirectory implements Directory {
  readonly path: string;
  readonly root: DenoRoot;
  #isClosed = false;

  constructor(root: DenoRoot, path: string) {
    this.root = root;
    this.path = path;
  }

  /** Path of a name in this directory, below the root. */
  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}/${name}`;
  }

  /** Ends its use: something else may come to have its path. */
  close(): void {
    this.#isClosed = true;
  }

  stat(): InodeInfo {
    const host = this.#ownHostPath();
    const info = this.#attempt("stat", host, () => Deno.lstatSync(host));
    return this.#shown(toInodeInfo(info), this.path);
  }

  lookup(name: string): InodeInfo | undefined {
    const host = this.#hostPath(name);
    return this.#attempt("look up", host, () => {
      try {
        return this.#shown(
          toInodeInfo(Deno.lstatSync(host)),
          this.pathOf(name),
        );
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    });
  }

  list(): string[] {
    const host = this.#ownHostPath();
    const names = this.#attempt(
      "list",
      host,
      () => [...Deno.readDirSync(host)].map((entry) => entry.name),
    );
    for (const name of names) this.#checkListed(name);
    return names;
  }

  readLink(name: string): string {
    const host = this.#hostPath(name);
    return this.#attempt(
      "read the symlink",
      host,
      () => Deno.readLinkSync(host),
    );
  }

  readFile(name: string, limit: number): Uint8Array {
    const host = this.#hostPath(name);
    return this.#attempt("read", host, () => {
      const info = Deno.lstatSync(host);
      if (!info.isFile || info.size > limit) {
        throw new SystemError(
          "EINVAL",
          `Cannot read ${
            quoteName(host)
          }: it is no regular file of at most ${limit} bytes`,
        );
      }
      return Deno.readFileSync(host);
    });
  }

  openFile(name: string): OpenedFile {
    const host = this.#hostPath(name);
    return this.#attempt(
      "open",
      host,
      () => new DenoOpenedFile(host, this.root.shortfalls),
    );
  }

  xattrs(_name: string): Map<string, Uint8Array> {
    this.root.shortfalls.xattr("*", "ENOSYS");
    return new Map();
  }

  createDirectory(name: string): boolean {
    const host = this.#hostPath(name);
    return this.#create(
      "make the directory",
      host,
      () => Deno.mkdirSync(host, { mode: 0o700 }),
    );
  }

  createFile(name: string): NewFile | undefined {
    const host = this.#hostPath(name);
    let file: Deno.FsFile | undefined;
    this.#create("make the file", host, () => {
      file = Deno.openSync(host, { write: true, createNew: true, mode: 0o600 });
    });
    return file === undefined
      ? undefined
      : new DenoFile(file, host, this.root.shortfalls);
  }

  createSymlink(name: string, target: string): boolean {
    const host = this.#hostPath(name);
    requireUnscoped("make the symlink", host);
    return this.#create(
      "make the symlink",
      host,
      () => Deno.symlinkSync(checkText(target), host),
    );
  }

  createNode(name: string, type: InodeType): boolean {
    throw new MissingPermissionError(
      "--allow-ffi",
      `Cannot make the ${type} ${
        quoteName(this.#hostPath(name))
      }: Deno's own API does not make one`,
    );
  }

  createLink(name: string, source: DenoDirectory, sourceName: string): boolean {
    const host = this.#hostPath(name);
    const from = source.#hostPath(sourceName);
    return this.#create(
      "make the hard link",
      host,
      () => Deno.linkSync(from, host),
    );
  }

  setMetadata(name: string, type: InodeType, metadata: Metadata): void {
    const host = this.#hostPath(name);
    const { owner, atime, mtime } = metadata;
    if (type === "symlink") requireUnscoped("set the metadata of", host);
    this.#refuseXattrs(metadata);
    this.#attempt("set the metadata of", host, () => {
      if (owner !== undefined) lchownSync(host, owner.uid, owner.gid);
      if (type !== "symlink") Deno.chmodSync(host, metadata.mode);
      const { shortfalls } = this.root;
      // As Dates: Node takes a negative number for the present.
      lutimesSync(host, toDate(atime, shortfalls), toDate(mtime, shortfalls));
    });
  }

  setOwnMetadata(metadata: Metadata): void {
    const host = this.#ownHostPath();
    const { owner } = metadata;
    this.#refuseXattrs(metadata);
    this.#attempt("set the metadata of", host, () => {
      if (owner !== undefined) Deno.chownSync(host, owner.uid, owner.gid);
      Deno.chmodSync(host, metadata.mode);
    });
    this.root.originalModes.take(this.path);
    this.setOwnTimes(metadata.atime, metadata.mtime);
  }

  setOwnXattr(name: string): void {
    this.root.shortfalls.xattr(name, "ENOSYS");
  }

  setOwnTimes(atime: Timestamp, mtime: Timestamp): void {
    const host = this.#ownHostPath();
    const { shortfalls } = this.root;
    this.#attempt("set the times of", host, () => {
      Deno.utimeSync(
        host,
        toDate(atime, shortfalls),
        toDate(mtime, shortfalls),
      );
    });
  }

  remove(name: string): boolean {
    const host = this.#hostPath(name);
    const info = this.lookup(name);
    if (info === undefined) return false;
    const path = this.pathOf(name);
    if (info.type === "directory") this.root.forgetDirectory(path);
    else this.root.forgetName(path);
    this.#attempt("remove", host, () => removeTree(host));
    return true;
  }

  /** Deno puts U+FFFD for bytes that are not UTF-8, which is another name. */
  #checkListed(name: string): void {
    if (!name.includes("\ufffd") || this.lookup(name) !== undefined) return;
    throw new MissingPermissionError(
      "--allow-ffi",
      `Cannot list ${quoteName(this.#ownHostPath())}: the name shown as ${
        quoteName(name)
      } is not UTF-8, and Deno's own API gives no other`,
    );
  }

  /** What an inode is when it is not open for the moment. */
  #shown(info: InodeInfo, path: string): InodeInfo {
    if (info.type === "directory") {
      info.mode = this.root.originalModes.of(path, info.mode);
    }
    return info;
  }

  /** Once more where directories on the way were closed to their owner. */
  #attempt<T>(action: string, host: string, step: () => T): T {
    return attempt(action, host, () => {
      try {
        return step();
      } catch (error) {
        const isDenied = error instanceof Deno.errors.PermissionDenied;
        if (!isDenied || !this.root.openClosed(this.path)) throw error;
        return step();
      }
    });
  }

  #ownHostPath(): string {
    if (this.#isClosed) {
      throw new SystemError(
        "EBADF",
        `Cannot use the directory ${
          quoteName(this.path)
        }: it was closed (EBADF)`,
      );
    }
    return this.root.hostPath(this.path);
  }

  #hostPath(name: string): string {
    return `${this.#ownHostPath()}/${checkText(name)}`;
  }

  #refuseXattrs(metadata: Metadata): void {
    for (const name of metadata.xattrs.keys()) {
      this.root.shortfalls.xattr(name, "ENOSYS");
    }
  }

  #create(action: string, host: string, step: () => void): boolean {
    return this.#attempt(action, host, () => {
      try {
        step();
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) return false;
        throw error;
      }
    });
  }
}

/** Deno asks for unscoped permission where symlinks are concerned. */
function requireUnscoped(action: string, path: string): void {
  for (const name of ["read", "write"] as const) {
    if (Deno.permissions.querySync({ name }).state !== "granted") {
      throw new MissingPermissionError(
        `--allow-${name}`,
        `Cannot ${action} ${
          quoteName(path)
        }: with --allow-${name} for some paths only Deno makes no symlinks, unless it may use FFI (--allow-ffi)`,
      );
    }
  }
}

function removeTree(host: string): void {
  try {
    Deno.removeSync(host, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    // Its owner may open a closed directory, and it is about to go.
    openDirectories(host);
    Deno.removeSync(host, { recursive: true });
  }
}

function openDirectories(host: string): void {
  if (!Deno.lstatSync(host).isDirectory) return;
  Deno.chmodSync(host, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(host)) {
    if (isDirectory) openDirectories(`${host}/${name}`);
  }
}

/** Deno's API takes strings, and would alter what is not Unicode. */
function checkText(name: string): string {
  if (name.isWellFormed()) return name;
  throw new MissingPermissionError(
    "--allow-ffi",
    `Cannot use the name ${
      quoteName(name)
    }: it is not UTF-8, and Deno's own API takes no other`,
  );
}
