/**
 * Gzip in a thread, while the main one is busy with the disk. The thread reads
 * a layer's file itself and takes its digest; it is ahead of the main one by
 * what fits into a ring of shared memory, and goes on to the next layer when it
 * is done with one.
 *
 * @module
 */
import { makeRing, RingReader } from "../worker/shared_ring.ts";
import { Thread } from "../worker/thread.ts";
import { gzipError } from "./decompress.ts";
import {
  INFLATE_PARTS,
  type InflateAnswer,
  type InflateFile,
  type InflateRequest,
  serveInflate,
} from "./inflate_worker.ts";
import { InflatingLayer } from "./inflating_layer.ts";

/** Large places: each one costs two messages and a promise. */
const PLACE_SIZE = 512 * 1024;

/** Enough to even out that now the one thread takes longer, now the other. */
const PLACES = 12;

/** A file could not be read; name and code are those of Deno's own error. */
export class InputError extends Error {}

/** Inflates layers, in the order in which they are handed in. */
export class InflateThread implements Disposable {
  readonly #ring = makeRing(PLACES, PLACE_SIZE);
  readonly #places = new RingReader(this.#ring);
  readonly #thread: Thread;
  readonly #layers: InflatingLayer[] = [];
  /** How many of them the thread is done with. */
  #done = 0;
  /** Why it ended. */
  #failure: { error: unknown } | undefined;

  constructor() {
    const fail = (error: Error) => this.#fail(error);
    this.#thread = Thread.start(serveInflate, INFLATE_PARTS, fail);
    this.#thread.port.onmessage = ({ data }) => this.#take(data);
    this.#say({ type: "ring", ring: this.#ring });
  }

  /**
   * Inflates a layer. Its bytes must be read before those of the next one.
   *
   * @param source Its file, or its bytes; a stream is cancelled where reading
   * the layer is.
   * @returns The layer.
   */
  inflate(source: InflateFile | ReadableStream<Uint8Array>): InflatingLayer {
    const isStream = source instanceof ReadableStream;
    const layer = new InflatingLayer(
      isStream ? source.getReader() : undefined,
      (request) => this.#say(request),
      (reason) => this.#fail(reason),
    );
    if (this.#failure !== undefined) {
      layer.fail(this.#failure.error);
      return layer;
    }
    this.#layers.push(layer);
    const file = isStream ? undefined : source;
    this.#say({ type: "inflate", file });
    return layer;
  }

  /** Ends the thread, and all reading that is not done. */
  [Symbol.dispose](): void {
    this.#fail(new Error("the work was given up"));
  }

  #say(request: InflateRequest): void {
    const bytes = request.type === "input" ? request.bytes : undefined;
    this.#thread.port.postMessage(request, bytes ? [bytes.buffer] : []);
  }

  #take(answer: InflateAnswer): void {
    const layer = this.#layers[this.#done];
    switch (answer.type) {
      case "want":
        return layer?.feed();
      case "filled":
        return layer?.add(this.#places.next(answer.length), answer.bytesIn);
      case "end":
        this.#done++;
        return layer?.end(answer);
      case "inflate-error":
        return this.#fail(gzipError(new Error(answer.message)));
      case "input-error": {
        const { message, name, code } = answer;
        this.#fail(Object.assign(new InputError(message), { name, code }));
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#thread[Symbol.dispose]();
    for (const layer of this.#layers) layer.fail(error);
  }
}
