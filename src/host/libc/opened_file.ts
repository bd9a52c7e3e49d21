/**
 * A file that is being read.
 *
 * @module
 */
import { quoteName, SystemError } from "../../errors.ts";
import type { InodeInfo, OpenedFile } from "../directory.ts";
import { readXattrs, xattrsOf } from "./read_xattrs.ts";
import { type System, systemError } from "./system.ts";

/** A file that is being read, reached by its descriptor. */
export class LibcOpenedFile implements OpenedFile {
  readonly info: InodeInfo;
  readonly #system: System;
  readonly #fd: number;
  readonly #path: string;

  constructor(system: System, fd: number, path: string) {
    this.#system = system;
    this.#fd = fd;
    this.#path = path;
    const info = system.stat(fd, "");
    if (typeof info !== "number" && info.type === "file") {
      this.info = info;
      return;
    }
    system.close(fd);
    if (typeof info === "number") throw systemError(info, "stat", path);
    throw new SystemError(
      "EINVAL",
      `Cannot read ${quoteName(path)}: it is a ${info.type}, no regular file`,
    );
  }

  read(buffer: Uint8Array): number {
    const length = this.#system.read(this.#fd, buffer);
    if (length < 0) throw systemError(length, "read", this.#path);
    return length;
  }

  xattrs(): Map<string, Uint8Array> {
    return readXattrs(xattrsOf(this.#system, this.#fd), this.#path);
  }

  close(): void {
    this.#system.close(this.#fd);
  }
}
