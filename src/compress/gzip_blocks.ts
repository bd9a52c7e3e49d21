/**
 * gzip on all cores: the input is cut into blocks that are deflated
 * independently of each other, off the main thread, and put together to one
 * member that any gunzip reads. The cuts depend on the input alone, so the
 * bytes are the same however many cores there are.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952
 * @see https://www.rfc-editor.org/rfc/rfc1951
 * @module
 */
import { availableParallelism } from "node:os";
import { constants, crc32, deflateRaw, type ZlibOptions } from "node:zlib";

/** Large enough that what is lost at the cuts is under a hundredth. */
const BLOCK_SIZE = 1024 * 1024;

/** How far back deflate looks: each block begins with the end of the last. */
const WINDOW_SIZE = 32 * 1024;

/** Deflate, no flags, no time, no extra flags, system unknown. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** An empty last block, to which every block before it leads on. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

/**
 * Compresses a stream with gzip. Nothing is read ahead but the blocks that are
 * at work.
 *
 * @param stream The input. It is cancelled where the result is.
 * @returns One gzip member.
 */
export function gzipBlocks(
  stream: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream(new GzipSource(stream), { highWaterMark: 0 });
}

class GzipSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Blocks at work, in their order; as many as keep all cores busy. */
  readonly #atWork: Promise<Uint8Array>[] = [];
  readonly #limit = availableParallelism() + 1;
  /** Input that was read and is in no block yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #window: Uint8Array | undefined;
  #crc = 0;
  #size = 0;
  #inputEnded = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    controller.enqueue(HEADER);
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    while (!this.#inputEnded && this.#atWork.length < this.#limit) {
      const block = await this.#nextBlock();
      if (block.length > 0) this.#begin(block);
    }
    const next = this.#atWork.shift();
    if (next !== undefined) {
      controller.enqueue(await next);
      return;
    }
    controller.enqueue(this.#trailer());
    controller.close();
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
    await Promise.allSettled(this.#atWork);
  }

  /** Reads a whole block, or what is left of the input. */
  async #nextBlock(): Promise<Uint8Array> {
    const block = new Uint8Array(BLOCK_SIZE);
    let fill = 0;
    while (fill < BLOCK_SIZE) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#reader.read();
        if (done) {
          this.#inputEnded = true;
          return block.subarray(0, fill);
        }
        this.#rest = value;
      }
      const take = this.#rest.subarray(0, BLOCK_SIZE - fill);
      block.set(take, fill);
      fill += take.length;
      this.#rest = this.#rest.subarray(take.length);
    }
    return block;
  }

  #begin(block: Uint8Array): void {
    const work = deflateBlock(block, this.#window);
    // It is awaited in its turn; until then a failure is no unhandled one.
    work.catch(() => {});
    this.#atWork.push(work);
    this.#crc = crc32(block, this.#crc);
    this.#size += block.length;
    this.#window = block.subarray(-WINDOW_SIZE);
  }

  #trailer(): Uint8Array {
    const trailer = new Uint8Array(LAST_BLOCK.length + 8);
    trailer.set(LAST_BLOCK);
    const view = new DataView(trailer.buffer, LAST_BLOCK.length);
    view.setUint32(0, this.#crc, true);
    view.setUint32(4, this.#size % 2 ** 32, true);
    return trailer;
  }
}

function deflateBlock(
  block: Uint8Array,
  window: Uint8Array | undefined,
): Promise<Uint8Array> {
  const options: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH };
  if (window !== undefined) options.dictionary = window;
  return new Promise((resolve, reject) => {
    deflateRaw(block, options, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
