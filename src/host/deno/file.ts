/**
 * A file that is being written through Deno's API.
 *
 * @module
 */
import type {
  Metadata,
  NewFile,
  Shortfalls,
  WrittenFile,
} from "../directory.ts";
import { attempt } from "./attempt.ts";
import { toInodeInfo } from "./inode_info.ts";
import { toDate } from "./time.ts";

/** A file that is being written. */
export class DenoFile implements NewFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #shortfalls: Shortfalls;
  #position = 0;

  constructor(file: Deno.FsFile, path: string, shortfalls: Shortfalls) {
    this.#file = file;
    this.#path = path;
    this.#shortfalls = shortfalls;
  }

  write(bytes: Uint8Array, offset: number): void {
    attempt("write", this.#path, () => {
      if (offset !== this.#position) {
        this.#file.seekSync(offset, Deno.SeekMode.Start);
      }
      for (let done = 0; done < bytes.length;) {
        done += this.#file.writeSync(bytes.subarray(done));
      }
    });
    this.#position = offset + bytes.length;
  }

  finish(size: number, metadata: Metadata): void {
    try {
      attempt("write", this.#path, () => {
        if (size !== this.#position) this.#file.truncateSync(size);
        this.#setMetadata(metadata);
      });
    } finally {
      this.#file.close();
    }
  }

  finishAndStat(size: number, metadata: Metadata): WrittenFile {
    this.finish(size, metadata);
    const info = toInodeInfo(
      attempt("stat", this.#path, () => Deno.lstatSync(this.#path)),
    );
    return { info, xattrs: new Map() };
  }

  discard(): void {
    this.#file.close();
  }

  #setMetadata({ owner, mode, xattrs, atime, mtime }: Metadata): void {
    // The path was made a moment ago with O_EXCL: it is the file's own.
    if (owner !== undefined) {
      Deno.chownSync(this.#path, owner.uid, owner.gid);
    }
    Deno.chmodSync(this.#path, mode);
    for (const name of xattrs.keys()) this.#shortfalls.xattr(name, "ENOSYS");
    this.#file.utimeSync(
      toDate(atime, this.#shortfalls),
      toDate(mtime, this.#shortfalls),
    );
  }
}
