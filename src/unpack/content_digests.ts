/**
 * Digests of files, taken while their bytes pass on the way to the disk.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { WrittenFile } from "../host/directory.ts";
import type { KnownFiles } from "../mtree/known_files.ts";

/** Takes the digests of one layer's files. */
export class ContentDigests {
  readonly #known: KnownFiles;
  #hash: Hash | undefined;
  #position = 0;

  /** @param known Where what is found out is noted. */
  constructor(known: KnownFiles) {
    this.#known = known;
  }

  /** Begins a file. */
  begin(): void {
    this.#hash = createHash("sha256");
    this.#position = 0;
  }

  /**
   * Takes a piece of the file's contents.
   *
   * @param bytes The piece.
   * @param offset Where in the file it belongs.
   */
  update(bytes: Uint8Array, offset: number): void {
    // A file with holes is read when its digest is asked for.
    if (offset !== this.#position) this.#hash = undefined;
    this.#hash?.update(bytes);
    this.#position = offset + bytes.length;
  }

  /**
   * Ends the file.
   *
   * @param written What it is on disk.
   */
  end({ info, xattrs }: WrittenFile): void {
    if (this.#hash === undefined || info.size !== this.#position) {
      // Its inode may have been that of a file which was noted.
      this.#known.forget(info);
      return;
    }
    this.#known.note(info, { sha256: this.#hash.digest("hex"), xattrs });
  }
}
