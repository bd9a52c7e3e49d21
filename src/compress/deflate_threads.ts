/**
 * Deflates blocks on all cores.
 *
 * @module
 */
import { giveBack } from "../worker/give_back.ts";
import { Thread, type ThreadMain } from "../worker/thread.ts";

/** Threads that nobody needs for so many milliseconds are ended. */
const IDLE = 200;

/** A block that a thread is at work on. */
interface Job {
  resolve(result: Uint8Array): void;
  reject(error: unknown): void;
}

interface Deflater {
  thread: Thread;
  /** Its blocks, in the order in which they come back. */
  jobs: Job[];
}

/** Deflates blocks, each independently of the others. */
export class DeflateThreads implements Disposable {
  readonly #size = navigator.hardwareConcurrency;
  readonly #level: number;
  readonly #deflaters: Deflater[] = [];
  /** Blocks that came back and are free to be filled again. */
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param level How hard to try, 1 to 9. */
  constructor(level: number) {
    this.#level = level;
  }

  /** How many blocks keep all threads busy. */
  get capacity(): number {
    return this.#size + 1;
  }

  /**
   * Hands out a block to be filled.
   *
   * @param size Its size in bytes, the same for all.
   */
  takeBlock(size: number): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(size);
  }

  /**
   * Deflates a block up to a byte boundary, whatever came before it.
   *
   * @param block The block; it is not the caller's any more.
   * @param length How much of it is filled.
   * @returns The deflated bytes.
   */
  deflate(
    block: Uint8Array<ArrayBuffer>,
    length: number,
  ): Promise<Uint8Array> {
    clearTimeout(this.#idleTimer);
    const deflater = this.#leastBusy();
    const result = new Promise<Uint8Array>((resolve, reject) => {
      deflater.jobs.push({ resolve, reject });
    });
    const level = this.#level;
    deflater.thread.port.postMessage({ block, length, level }, [block.buffer]);
    return result;
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    clearTimeout(this.#idleTimer);
    for (const { thread, jobs } of this.#deflaters.splice(0)) {
      thread[Symbol.dispose]();
      for (const { reject } of jobs) reject(new Error("the work was given up"));
    }
  }

  #leastBusy(): Deflater {
    if (this.#deflaters.length < this.#size) return this.#start();
    return this.#deflaters.reduce((a, b) =>
      b.jobs.length < a.jobs.length ? b : a
    );
  }

  #start(): Deflater {
    const jobs: Job[] = [];
    const fail = (error: Error) => {
      for (const { reject } of jobs.splice(0)) reject(error);
    };
    const thread = Thread.start(serveDeflate, { giveBack }, fail);
    thread.port.onmessage = ({ data }) => {
      this.#free.push(data.block);
      jobs.shift()?.resolve(data.result);
      this.#restartIdleTimer();
    };
    const deflater = { thread, jobs };
    this.#deflaters.push(deflater);
    return deflater;
  }

  /** A stream that nobody reads to its end must not keep the program alive. */
  #restartIdleTimer(): void {
    if (this.#deflaters.some(({ jobs }) => jobs.length > 0)) return;
    this.#idleTimer = setTimeout(() => this[Symbol.dispose](), IDLE);
  }
}

/** Runs in the thread. */
const serveDeflate: ThreadMain<{ giveBack: typeof giveBack }> = (
  begin,
  { giveBack },
) => {
  const zlib = import("node:zlib");
  begin(async (port) => {
    const { constants, createDeflateRaw } = await zlib;
    /** One for all blocks: what is thrown away is long in being collected. */
    let output = new Uint8Array();

    const deflate = (block: Uint8Array, level: number) =>
      new Promise<Uint8Array<ArrayBuffer>>((resolve) => {
        const deflater = createDeflateRaw({ level, chunkSize: 64 * 1024 });
        let fill = 0;
        deflater.on("data", (piece: Uint8Array) => {
          output.set(piece, fill);
          fill += piece.length;
          giveBack(piece);
        });
        deflater.write(block);
        deflater.flush(constants.Z_SYNC_FLUSH, () => {
          // Its memory would wait for the garbage collector as well.
          deflater.close();
          resolve(output.slice(0, fill));
        });
      });

    let last = Promise.resolve();
    const serve = async (
      block: Uint8Array<ArrayBuffer>,
      length: number,
      level: number,
    ) => {
      // Where nothing can be deflated it grows by a few bytes in thousands.
      const most = block.length + 64 * 1024;
      if (output.length < most) output = new Uint8Array(most);
      const result = await deflate(block.subarray(0, length), level);
      port.postMessage({ block, result }, [block.buffer, result.buffer]);
    };
    port.onmessage = ({ data: { block, length, level } }) => {
      last = last.then(() => serve(block, length, level));
    };
  });
};
