/**
 * A text file of a bundle that is written piece by piece, all or nothing.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { TempFile } from "../cas/temp_file.ts";

/** Pieces are put together until they have so many characters. */
const BUFFER_LENGTH = 256 * 1024;

const encoder = new TextEncoder();

/** A text file that shows itself when it is whole. */
export class TextFile implements Disposable {
  readonly #directory: string;
  readonly #file: TempFile;
  readonly #hash = createHash("sha256");
  #buffer = "";

  /** @param directory Where it is to be. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#file = TempFile.create(directory);
  }

  /** @param text The next piece. */
  write(text: string): void {
    this.#buffer += text;
    if (this.#buffer.length >= BUFFER_LENGTH) this.#flush();
  }

  /**
   * Takes the digest of what was written so far.
   *
   * @returns Its SHA-256, in hexadecimal digits.
   */
  digest(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  /** @param name The name that the file gets. */
  async commit(name: string): Promise<void> {
    this.#flush();
    await this.#file.commit(this.#directory, name);
  }

  /** Removes the file, unless it was committed. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #flush(): void {
    const bytes = encoder.encode(this.#buffer);
    this.#buffer = "";
    this.#hash.update(bytes);
    this.#file.write(bytes);
  }
}
