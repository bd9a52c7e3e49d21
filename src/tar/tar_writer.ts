/**
 * Writes archives: entries in, a stream of bytes out.
 *
 * @module
 */
import { encodeBytes } from "../byte_string.ts";
import {
  encodeHeader,
  type TarEntryInput,
  TarWriteError,
  typeOf,
} from "./encode_header.ts";
import { BLOCK_SIZE } from "./header.ts";

/**
 * Writes a tar archive, ustar where that can say everything and PAX where it
 * cannot: long names, large ids and sizes, times with nanoseconds or before
 * 1970, xattrs. The same entries give the same bytes; what is left out of an
 * entry does not come from the clock or the machine (owner 0:0, time 0, mode
 * 0644, for directories 0755).
 *
 * The archive is read from `readable` while entries are added: nothing is
 * kept beyond the piece at hand, so `add` waits until its bytes are taken.
 * Follows POSIX pax and the image-spec's layer.md. Needs no permission.
 *
 * @example
 * ```ts
 * import { readTar, TarWriter } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const tar = new TarWriter();
 * const written = (async () => {
 *   await tar.add({ name: "etc/" });
 *   await tar.add({ name: "etc/hostname", mode: 0o600 }, "strata\n");
 *   await tar.add({ name: "etc/name", type: "symlink", linkName: "hostname" });
 *   await tar.close();
 * })();
 *
 * const names: string[] = [];
 * for await (const entry of readTar(tar.readable)) names.push(entry.name);
 * await written;
 * assertEquals(names, ["etc/", "etc/hostname", "etc/name"]);
 * ```
 */
export class TarWriter {
  /** The archive. Read it, or pipe it, while entries are added. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** Begins an empty archive. */
  constructor() {
    const { readable, writable } = new TransformStream<Uint8Array>();
    this.readable = readable;
    this.#writer = writable.getWriter();
  }

  /**
   * Adds an entry.
   *
   * @param entry The entry; a `TarEntry` of `readTar` will do. Without a type
   * it is a file, or a directory where the name ends in a slash.
   * @param body A file's contents. A stream needs `entry.size`, in bytes, and
   * must hold exactly that many.
   * @throws {TarWriteError} Where tar cannot say what the entry is, or the body
   * is not of the size that was given; the archive ends in the same error.
   */
  async add(
    entry: TarEntryInput,
    body?: Uint8Array | string | ReadableStream<Uint8Array>,
  ): Promise<void> {
    try {
      if (body instanceof ReadableStream) {
        await this.#addStream(entry, body);
      } else {
        await this.#addBytes(
          entry,
          typeof body === "string" ? encodeBytes(body) : body,
        );
      }
    } catch (error) {
      await this.#writer.abort(error).catch(() => {});
      throw error;
    }
  }

  /** Ends the archive. */
  async close(): Promise<void> {
    await this.#writer.write(new Uint8Array(2 * BLOCK_SIZE));
    await this.#writer.close();
  }

  async #addBytes(entry: TarEntryInput, body?: Uint8Array): Promise<void> {
    const length = body?.length ?? 0;
    const isFile = typeOf(entry) === "file";
    const size = isFile ? entry.size ?? length : 0;
    const header = encodeHeader({ ...entry, size });
    if (size !== length) this.#refuseBody(entry, size, length);
    await this.#writer.write(header);
    if (body === undefined || length === 0) return;
    await this.#writer.write(body);
    await this.#writePadding(length);
  }

  async #addStream(
    entry: TarEntryInput,
    body: ReadableStream<Uint8Array>,
  ): Promise<void> {
    const size = typeOf(entry) === "file" ? entry.size : 0;
    if (size === undefined) {
      throw new TarWriteError(
        entry.name,
        "a stream needs its size in front: give the entry a size",
      );
    }
    await this.#writer.write(encodeHeader({ ...entry, size }));
    let length = 0;
    for await (const chunk of body) {
      length += chunk.length;
      if (length > size) this.#refuseBody(entry, size, length);
      if (chunk.length > 0) await this.#writer.write(chunk);
    }
    if (length < size) this.#refuseBody(entry, size, length);
    await this.#writePadding(size);
  }

  #refuseBody(entry: TarEntryInput, size: number, length: number): never {
    const relation = length > size ? "at least " : "";
    throw new TarWriteError(
      entry.name,
      `its header says ${size} bytes, its body has ${relation}${length}`,
    );
  }

  async #writePadding(size: number): Promise<void> {
    const padding = -size & (BLOCK_SIZE - 1);
    if (padding > 0) await this.#writer.write(new Uint8Array(padding));
  }
}
