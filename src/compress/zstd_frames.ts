/**
 * Finds where zstd frames end without decompressing them. Deno's decoder drops
 * what follows a frame in the same write and takes a truncated frame for a
 * whole one; a stream cut at the ends of frames is safe from both.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3
 * @module
 */
import { DecompressionError } from "../errors.ts";

const ZSTD_MAGIC = 0xfd2fb528;
/** Skippable frames have sixteen magic numbers, which begin here. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_HEADER = 14;

type Part =
  | "magic"
  | "skippable-size"
  | "descriptor"
  | "frame-header"
  | "block-header"
  | "block"
  | "end";

/** Cuts a stream of zstd frames where the frames end. */
export class ZstdFrameSplitter {
  /** The part of a frame that is being passed, and how much of it is left. */
  #part: Part = "magic";
  #left = 4;
  /** The bytes of a header, which may arrive in pieces. */
  readonly #header = new DataView(new ArrayBuffer(MAX_HEADER));
  #headerFill = 0;
  #isLastBlock = false;
  #checksumSize = 0;
  #frames = 0;

  /**
   * Cuts the next piece of the stream.
   *
   * @param chunk The piece.
   * @returns It, cut behind each frame that ends in it.
   * @throws {DecompressionError} Where something is no zstd frame.
   */
  split(chunk: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length;) {
      const take = Math.min(this.#left, chunk.length - at);
      if (this.#part !== "block" && this.#part !== "end") {
        for (let i = at; i < at + take; i++) {
          this.#header.setUint8(this.#headerFill++, chunk[i] ?? 0);
        }
      }
      at += take;
      this.#left -= take;
      while (this.#left === 0) {
        const ended = this.#part === "end";
        this.#goOn();
        if (ended) {
          pieces.push(chunk.subarray(start, at));
          start = at;
        }
      }
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    return pieces;
  }

  /**
   * Says that the stream has ended.
   *
   * @throws {DecompressionError} Where it ended inside a frame, or held none.
   */
  finish(): void {
    const between = this.#part === "magic" && this.#headerFill === 0;
    if (!between || this.#frames === 0) {
      throw new DecompressionError(
        "Cannot decompress zstd data: it is truncated",
      );
    }
  }

  /** Goes on to the next part, the present one being complete. */
  #goOn(): void {
    const header = this.#header;
    switch (this.#part) {
      case "magic": {
        const magic = header.getUint32(0, true);
        if (magic === ZSTD_MAGIC) return this.#expect("descriptor", 1);
        if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
          return this.#expect("skippable-size", 4);
        }
        throw new DecompressionError(
          "Cannot decompress zstd data: what follows is no zstd frame",
        );
      }
      case "skippable-size":
        return this.#expect("end", header.getUint32(0, true));
      case "descriptor": {
        const descriptor = header.getUint8(0);
        this.#checksumSize = (descriptor & 0x04) === 0 ? 0 : 4;
        return this.#expect("frame-header", headerRest(descriptor));
      }
      case "frame-header":
        return this.#expect("block-header", 3);
      case "block-header": {
        const block = header.getUint16(0, true) | header.getUint8(2) << 16;
        this.#isLastBlock = (block & 1) === 1;
        // A run-length block holds but the byte that is repeated.
        const isRunLength = (block >> 1 & 3) === 1;
        return this.#expect("block", isRunLength ? 1 : block >> 3);
      }
      case "block":
        if (this.#isLastBlock) return this.#expect("end", this.#checksumSize);
        return this.#expect("block-header", 3);
      case "end":
        this.#frames++;
        return this.#expect("magic", 4);
    }
  }

  #expect(part: Part, length: number): void {
    this.#part = part;
    this.#left = length;
    this.#headerFill = 0;
  }
}

/** Length of the frame header behind its descriptor byte. */
function headerRest(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const window = isSingleSegment ? 0 : 1;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return window + dictionaryId + contentSize;
}
