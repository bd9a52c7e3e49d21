/**
 * A file that is being written.
 *
 * @module
 */
import type { Metadata, NewFile, WrittenFile } from "../directory.ts";
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
      this.#setMetadata(size, metadata);
    } finally {
      this.#system.close(this.#fd);
    }
  }

  finishAndStat(size: number, metadata: Metadata): WrittenFile {
    try {
      this.#setMetadata(size, metadata);
      const path = this.#directory.pathOf(this.#name);
      const info = this.#system.stat(this.#fd, "");
      if (typeof info === "number") throw systemError(info, "stat", path);
      const xattrs = readXattrs(xattrsOf(this.#system, this.#fd), path);
      return { info, xattrs };
    } finally {
      this.#system.close(this.#fd);
    }
  }

  discard(): void {
    this.#system.close(this.#fd);
  }

  #setMetadata(size: number, metadata: Metadata): void {
    const system = this.#system;
    const fd = this.#fd;
    if (size !== this.#position) {
      this.#done(system.truncate(fd, size), "set the size of");
    }
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
    this.#done(
      system.futimens(fd, metadata.atime, metadata.mtime),
      "set the times of",
    );
  }

  #done(result: number, action: string): void {
    if (result >= 0) return;
    throw systemError(result, action, this.#directory.pathOf(this.#name));
  }
}
