/**
 * Reads archives: a stream of bytes in, entries out.
 *
 * @module
 */
import type { TarHeader } from "./header.ts";
import { TarParser } from "./parser.ts";

/** An entry of an archive, with its contents. */
export interface TarEntry extends TarHeader {
  /**
   * A file's contents, holes filled with zeros. Read it before going on to
   * the next entry; what is not read by then is skipped.
   */
  readonly body: ReadableStream<Uint8Array>;
}

/** Holes are handed out as zeros in pieces of this many bytes. */
const HOLE_PIECE = 64 * 1024;

/**
 * Reads the entries of an archive: v7, ustar, PAX and GNU formats, with long
 * names, sparse files, xattrs, and names that are not UTF-8. Nothing is kept
 * but the piece at hand. Follows POSIX pax and GNU tar's manual. Needs no
 * permission.
 *
 * @param stream The archive, not compressed. It is cancelled where the caller
 * stops early.
 * @returns The entries in the archive's order.
 * @throws {TarError} While iterating or reading a body, where the archive is
 * damaged, truncated, or has an extended header over 8 MiB.
 *
 * @example
 * ```ts
 * import { readTar, TarWriter } from "@strata/layer";
 * import { toText } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const tar = new TarWriter();
 * const written = tar.add({ name: "motd" }, "hello\n").then(() => tar.close());
 *
 * for await (const entry of readTar(tar.readable)) {
 *   assertEquals(entry.name, "motd");
 *   assertEquals(await toText(entry.body), "hello\n");
 * }
 * await written;
 * ```
 */
export async function* readTar(
  stream: ReadableStream<Uint8Array>,
): AsyncIterableIterator<TarEntry> {
  const reader = stream.getReader();
  const archive = new PulledArchive(reader);
  let finished = false;
  try {
    while (await archive.nextEntry()) {
      yield { ...archive.parser.entry, body: archive.openBody() };
    }
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** Feeds a parser from a reader, as far as the consumer asks. */
class PulledArchive {
  readonly parser = new TarParser();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #ended = false;
  /** Counts entries, so that a stale body knows that it is one. */
  #entry = 0;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  /** Goes on to the next entry, over what is left of this one. */
  async nextEntry(): Promise<boolean> {
    this.#entry++;
    while (true) {
      const event = this.parser.next();
      if (event === "entry") return true;
      if (event === "more" && !await this.#feed()) return false;
    }
  }

  openBody(): ReadableStream<Uint8Array> {
    const entry = this.#entry;
    const size = this.parser.entry.size;
    let position = 0;
    /** Data that was read, and waits for the hole in front of it to be filled. */
    let waiting: Uint8Array | undefined;
    let nextOffset = 0;
    let ended = false;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (entry !== this.#entry) {
          controller.error(
            new TypeError(
              "Cannot read the body: the archive has gone on to the next entry",
            ),
          );
          return;
        }
        if (waiting === undefined && !ended) {
          ended = !await this.#nextData();
          waiting = ended ? undefined : this.parser.data.slice();
          nextOffset = ended ? size : this.parser.dataOffset;
        }
        if (position < nextOffset) {
          const length = Math.min(HOLE_PIECE, nextOffset - position);
          controller.enqueue(new Uint8Array(length));
          position += length;
        } else if (waiting !== undefined) {
          controller.enqueue(waiting);
          position += waiting.length;
          waiting = undefined;
        } else {
          controller.close();
        }
      },
    }, { highWaterMark: 0 });
  }

  /** Goes on to the entry's next data; false at the entry's end. */
  async #nextData(): Promise<boolean> {
    while (true) {
      const event = this.parser.next();
      if (event === "data") return true;
      if (event !== "more") return false;
      await this.#feed();
    }
  }

  /** Hands the parser more input; false at the archive's end. */
  async #feed(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#reader.read();
    if (done) {
      this.#ended = true;
      this.parser.finish();
      return false;
    }
    this.parser.push(value);
    return true;
  }
}
