/**
 * Gzip in a thread, while the main one is busy with the disk.
 *
 * @module
 */
import { Thread, type ThreadMain } from "../worker/thread.ts";

/** What the thread says. */
type Answer =
  | { type: "want" }
  | { type: "data"; bytes: Uint8Array }
  | { type: "end" }
  | { type: "error"; message: string };

/**
 * Inflates a stream in a thread. A few pieces are kept ready; nothing more is
 * read ahead.
 *
 * @param source The compressed bytes. It is cancelled where the result is.
 * @param translate Makes an error of gzip's one for the consumer.
 * @returns What comes out.
 */
export function inflateInThread(
  source: ReadableStream<Uint8Array>,
  translate: (error: Error) => unknown,
): ReadableStream<Uint8Array> {
  const inflating = new Inflating(source, translate);
  return new ReadableStream(inflating, { highWaterMark: 0 });
}

class Inflating implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #translate: (error: Error) => unknown;
  /** The piece that is being read, of the source's pieces in their order. */
  #feeding = Promise.resolve();
  readonly #thread: Thread;
  /** What came and was not asked for yet. */
  readonly #ready: Uint8Array[] = [];
  #isFed = false;
  #isEnded = false;
  #failure: { error: unknown } | undefined;
  /** Wakes the consumer that waits. */
  #wake: () => void = () => {};

  constructor(
    source: ReadableStream<Uint8Array>,
    translate: (error: Error) => unknown,
  ) {
    this.#reader = source.getReader();
    this.#translate = translate;
    this.#thread = new Thread(serveInflate, (error) => this.#fail(error));
    this.#thread.port.onmessage = ({ data }) => this.#take(data);
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    while (this.#ready.length === 0 && !this.#isEnded) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const bytes = this.#ready.shift();
    if (bytes === undefined) {
      this.#thread[Symbol.dispose]();
      return controller.close();
    }
    if (!this.#isEnded) this.#thread.port.postMessage({ isTaken: true });
    controller.enqueue(bytes);
  }

  async cancel(reason: unknown): Promise<void> {
    this.#thread[Symbol.dispose]();
    await this.#reader.cancel(reason);
  }

  #take(answer: Answer): void {
    switch (answer.type) {
      case "want":
        this.#feeding = this.#feeding.then(() => this.#feed());
        return;
      case "data":
        this.#ready.push(answer.bytes);
        break;
      case "end":
        this.#isEnded = true;
        break;
      case "error":
        return this.#fail(this.#translate(new Error(answer.message)));
    }
    this.#wake();
  }

  async #feed(): Promise<void> {
    if (this.#isFed) return;
    try {
      const { done, value } = await this.#reader.read();
      this.#isFed = done;
      // The thread gets a copy: the bytes are the source's own.
      const chunk = done ? undefined : value.slice();
      this.#thread.port.postMessage({ chunk }, chunk ? [chunk.buffer] : []);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#ready.length = 0;
    this.#thread[Symbol.dispose]();
    this.#reader.cancel(error).catch(() => {});
    this.#wake();
  }
}

/** Runs in the thread. */
const serveInflate: ThreadMain = (begin) => {
  const zlib = import("node:zlib");
  const chunkSize = 256 * 1024;
  const maxReady = 8;
  // A piece on its way is time in which the thread would have none.
  const maxWanted = 8;
  begin(async (port) => {
    const { createGunzip } = await zlib;
    const gunzip = createGunzip({ chunkSize });
    let ready = 0;
    const want = () => port.postMessage({ type: "want" });
    gunzip.on("data", (piece: Uint8Array<ArrayBuffer>) => {
      // A copy, where it may be a part of a buffer that will be filled on.
      const isWhole = piece.byteLength === piece.buffer.byteLength;
      const bytes = isWhole
        ? new Uint8Array(piece.buffer)
        : new Uint8Array(piece);
      port.postMessage({ type: "data", bytes }, [bytes.buffer]);
      if (++ready >= maxReady) gunzip.pause();
    });
    gunzip.on("end", () => {
      port.postMessage({ type: "end" });
    });
    gunzip.on("error", ({ message }: Error) => {
      port.postMessage({ type: "error", message });
    });
    port.onmessage = ({ data }) => {
      if (data.isTaken === true) {
        if (--ready < maxReady && gunzip.isPaused()) gunzip.resume();
      } else if (data.chunk === undefined) {
        gunzip.end();
      } else {
        gunzip.write(data.chunk, want);
      }
    };
    for (let i = 0; i < maxWanted; i++) want();
  });
};
