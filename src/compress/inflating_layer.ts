/**
 * A layer that a thread inflates, as the main one reads it.
 *
 * @module
 */
import type { ByteReader } from "./byte_reader.ts";
import type { InflateAnswer, InflateRequest } from "./inflate_worker.ts";

/** What the thread found out about a layer that came to its end. */
export type Inflated = InflateAnswer & { type: "end" };

/** A layer that is being inflated. Each piece is there until the next read. */
export class InflatingLayer implements ByteReader {
  readonly #input: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #say: (request: InflateRequest) => void;
  readonly #giveUp: (reason: unknown) => void;
  /** Pieces of the input are asked for one by one. */
  #feeding = Promise.resolve();
  #isFed = false;
  /** What came and was not asked for yet. */
  readonly #ready: Uint8Array[] = [];
  /** Whether the piece that was handed out last is still in its place. */
  #isPlaceTaken = false;
  #bytesIn = 0;
  #end: Inflated | undefined;
  #failure: { error: unknown } | undefined;
  /** Wakes the consumer that waits. */
  #wake = () => {};

  /**
   * @param input Input that is handed to the thread piece by piece.
   * @param say Says something to the thread.
   * @param giveUp Ends the thread.
   */
  constructor(
    input: ReadableStreamDefaultReader<Uint8Array> | undefined,
    say: (request: InflateRequest) => void,
    giveUp: (reason: unknown) => void,
  ) {
    this.#input = input;
    this.#say = say;
    this.#giveUp = giveUp;
  }

  /** How many compressed bytes have been read. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** What was found out, once all of it was read. */
  get inflated(): Inflated | undefined {
    return this.#end;
  }

  async read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#isPlaceTaken) this.#say({ type: "freed" });
    this.#isPlaceTaken = false;
    while (this.#ready.length === 0 && this.#end === undefined) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const value = this.#ready.shift();
    if (value === undefined) return { done: true, value: undefined };
    this.#isPlaceTaken = true;
    return { done: false, value };
  }

  cancel(reason: unknown): Promise<void> {
    this.#giveUp(reason);
    return Promise.resolve();
  }

  /** Hands the thread the next piece of the input. */
  feed(): void {
    this.#feeding = this.#feeding.then(async () => {
      if (this.#isFed || this.#input === undefined) return;
      try {
        const { done, value } = await this.#input.read();
        this.#isFed = done;
        // The thread gets a copy: the bytes are the source's own.
        this.#say({ type: "input", bytes: value && new Uint8Array(value) });
      } catch (error) {
        this.#giveUp(error);
      }
    });
  }

  /** Takes what came out. */
  add(bytes: Uint8Array, bytesIn: number): void {
    this.#ready.push(bytes);
    this.#bytesIn = bytesIn;
    this.#wake();
  }

  /** Takes note that this is all. */
  end(inflated: Inflated): void {
    this.#end = inflated;
    this.#bytesIn = inflated.bytesIn;
    this.#wake();
  }

  /** Ends it, unless it has come to its end. */
  fail(error: unknown): void {
    if (this.#end !== undefined || this.#failure !== undefined) return;
    this.#failure = { error };
    this.#ready.length = 0;
    this.#input?.cancel(error).catch(() => {});
    this.#wake();
  }
}
