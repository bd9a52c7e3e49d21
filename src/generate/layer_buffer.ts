/**
 * Gathers the bytes of a layer into pieces of one size, into which files are
 * read directly.
 *
 * @module
 */
import type { OpenedFile } from "../host/directory.ts";
import { TarWriteError } from "../tar/encode_header.ts";
import { BLOCK_SIZE } from "../tar/header.ts";

const PIECE_SIZE = 512 * 1024;

/** A layer's next piece in the making. Full pieces are yielded. */
export class LayerBuffer {
  #piece = new Uint8Array(PIECE_SIZE);
  #fill = 0;

  /** Adds bytes. */
  *add(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#room);
      this.#piece.set(part, this.#fill);
      at += part.length;
      this.#fill += part.length;
      if (this.#room === 0) yield this.#next();
    }
  }

  /**
   * Adds a file's contents and what pads them to whole blocks.
   *
   * @param file The file.
   * @param entry Its name in the layer, for messages.
   */
  *addFile(file: OpenedFile, entry: string): Generator<Uint8Array> {
    const { size } = file.info;
    for (let left = size; left > 0;) {
      const end = this.#fill + Math.min(this.#room, left);
      const length = file.read(this.#piece.subarray(this.#fill, end));
      if (length === 0) throw changed(entry, size);
      left -= length;
      this.#fill += length;
      if (this.#room === 0) yield this.#next();
    }
    if (file.read(new Uint8Array(1)) > 0) throw changed(entry, size);
    yield* this.add(new Uint8Array(-size & (BLOCK_SIZE - 1)));
  }

  /** Ends the layer. */
  *finish(): Generator<Uint8Array> {
    yield* this.add(new Uint8Array(2 * BLOCK_SIZE));
    if (this.#fill > 0) yield this.#next();
  }

  get #room(): number {
    return PIECE_SIZE - this.#fill;
  }

  /** Takes what there is; what was handed out is never written to again. */
  #next(): Uint8Array {
    const piece = this.#piece.subarray(0, this.#fill);
    this.#piece = new Uint8Array(PIECE_SIZE);
    this.#fill = 0;
    return piece;
  }
}

function changed(entry: string, size: number): TarWriteError {
  return new TarWriteError(
    entry,
    `it is no longer ${size} bytes long, as it was when it was opened; keep others from writing to it`,
  );
}
