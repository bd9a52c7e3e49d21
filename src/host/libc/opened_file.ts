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
  readonly #mode: number | undefined;

  /**
   * @param system The system calls.
   * @param fd The descriptor, closed in the end.
   * @param path The file, for messages.
   * @param mode The mode it is to have back, where it was opened for the
   * moment.
   */
  constructor(system: System, fd: number, path: string, mode?: number) {
    this.#system = system;
    this.#fd = fd;
    this.#path = path;
    this.#mode = mode;
    const info = system.stat(fd, "");
    if (typeof info !== "number" && info.type === "file") {
      info.mode = mode ?? info.mode;
      this.info = info;
      return;
    }
    this.close();
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
    if (this.#mode !== undefined) this.#system.fchmod(this.#fd, this.#mode);
    this.#system.close(this.#fd);
  }
}

/**
 * Reads the whole of a file.
 *
 * @param file The file.
 * @param path The file, for messages.
 * @param limit The most bytes it may have.
 * @returns The contents.
 */
export function readWholeFile(
  file: OpenedFile,
  path: string,
  limit: number,
): Uint8Array {
  const { size } = file.info;
  if (size > limit) {
    throw new SystemError(
      "EINVAL",
      `Cannot read ${
        quoteName(path)
      }: it has ${size} bytes, more than the ${limit} allowed`,
    );
  }
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = file.read(bytes.subarray(length));
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
