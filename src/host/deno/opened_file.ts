/**
 * A file that is being read through Deno's API.
 *
 * @module
 */
import { quoteName, SystemError } from "../../errors.ts";
import type { InodeInfo, OpenedFile, Shortfalls } from "../directory.ts";
import { attempt } from "./attempt.ts";
import { toInodeInfo } from "./inode_info.ts";

/** A file that is being read. */
export class DenoOpenedFile implements OpenedFile {
  readonly info: InodeInfo;
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #shortfalls: Shortfalls;

  constructor(path: string, shortfalls: Shortfalls) {
    this.#path = path;
    this.#shortfalls = shortfalls;
    const expected = Deno.lstatSync(path);
    if (!expected.isFile) throw this.#notAFile();
    this.#file = openToRead(path, expected);
    const info = this.#file.statSync();
    // Deno follows symlinks: one may have come between the two calls.
    if (info.ino !== expected.ino || info.dev !== expected.dev) {
      this.#file.close();
      throw this.#notAFile();
    }
    this.info = toInodeInfo(info);
  }

  read(buffer: Uint8Array): number {
    return attempt("read", this.#path, () => this.#file.readSync(buffer)) ?? 0;
  }

  xattrs(): Map<string, Uint8Array> {
    this.#shortfalls.xattr("*", "ENOSYS");
    return new Map();
  }

  close(): void {
    this.#file.close();
  }

  #notAFile(): SystemError {
    return new SystemError(
      "EINVAL",
      `Cannot read ${quoteName(this.#path)}: it is no regular file`,
    );
  }
}

/** A file whose mode keeps out its owner is opened for the moment. */
function openToRead(path: string, { mode }: Deno.FileInfo): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    const isDenied = error instanceof Deno.errors.PermissionDenied;
    if (!isDenied || mode === null || (mode & 0o400) !== 0) throw error;
    Deno.chmodSync(path, mode & 0o7777 | 0o400);
    try {
      return Deno.openSync(path);
    } finally {
      Deno.chmodSync(path, mode & 0o7777);
    }
  }
}
