/**
 * A file that is being written.
 *
 * @module
 */
import type {
  InodeInfo,
  Metadata,
  NewFile,
  WrittenFile,
} from "../directory.ts";
import type { LibcDirectory } from "./directory.ts";
import { readXattrs, xattrsOf } from "./read_xattrs.ts";
import { type System, systemError } from "./system.ts";
import { addXattrs, XattrTarget } from "./xattrs.ts";

/** A file that is being written. */
export class LibcFile implements NewFile {
  readonly #directory: LibcDirectory;
  readonly #system: System;
  readonly #name: string;
  readonly #fd: number;
  #position = 0;

  constructor(directory: LibcDirectory, fd: number, name: string) {
    this.#directory = directory;
    this.#system = directory.root.system;
    this.#fd = fd;
    this.#name = name;
  }

  write(bytes: Uint8Array, offset: number): void {
    if (offset !== this.#position) {
      this.#done(this.#system.seek(this.#fd, offset), "write");
    }
    this.#done(this.#system.writeAll(this.#fd, bytes), "write");
    this.#position = offset + bytes.length;
  }

  finish(size: number, metadata: Metadata): void {
    try {
      this.#setSize(size);
      this.#setMetadata(metadata);
    } finally {
      this.#system.close(this.#fd);
    }
  }

  finishAndStat(size: number, metadata: Metadata): WrittenFile {
    try {
      this.#setSize(size);
      const info = this.#finishAsMade(metadata) ?? this.#finish(metadata);
      const path = this.#directory.pathOf(this.#name);
      const source = xattrsOf(this.#system, this.#fd);
      const xattrs = readXattrs(source, path, metadata.xattrs);
      return { info, xattrs };
    } finally {
      this.#system.close(this.#fd);
    }
  }

  /**
   * Most files are made by their owner with the mode that they shall have:
   * then there is nothing to be set but times. Undefined where there is.
   */
  #finishAsMade(metadata: Metadata): InodeInfo | undefined {
    if (!this.#directory.mayMakeAs(metadata)) return undefined;
    const { owner, mode } = metadata;
    this.#setTimes(metadata);
    const info = this.#stat();
    const isOwned = owner === undefined ||
      (info.uid === owner.uid && info.gid === owner.gid);
    return isOwned && info.mode === mode ? info : undefined;
  }

  #finish(metadata: Metadata): InodeInfo {
    this.#setMetadata(metadata);
    return this.#stat();
  }

  #stat(): InodeInfo {
    const info = this.#system.stat(this.#fd, "");
    if (typeof info !== "number") return info;
    throw systemError(info, "stat", this.#directory.pathOf(this.#name));
  }

  discard(): void {
    this.#system.close(this.#fd);
  }

  #setSize(size: number): void {
    if (size === this.#position) return;
    this.#done(this.#system.truncate(this.#fd, size), "set the size of");
  }

  #setMetadata(metadata: Metadata): void {
    const system = this.#system;
    const fd = this.#fd;
    const { owner, xattrs } = metadata;
    if (owner !== undefined) {
      const result = system.fchown(fd, owner.uid, owner.gid);
      this.#done(result, "change the owner of");
    }
    this.#done(system.fchmod(fd, metadata.mode), "change the mode of");
    if (xattrs.size > 0 || this.#directory.inheritsAcl) {
      const path = this.#directory.pathOf(this.#name);
      const target = new XattrTarget(system, fd, path, metadata.mode);
      const { shortfalls } = this.#directory.root;
      addXattrs(target, xattrs, shortfalls);
    }
    this.#setTimes(metadata);
  }

  #setTimes({ atime, mtime }: Metadata): void {
    const result = this.#system.futimens(this.#fd, atime, mtime);
    this.#done(result, "set the times of");
  }

  #done(result: number, action: string): void {
    if (result >= 0) return;
    throw systemError(result, action, this.#directory.pathOf(this.#name));
  }
}
