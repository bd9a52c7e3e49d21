/**
 * What a thread does that inflates layers, one after the other. Only source
 * gets there (see `Thread`): what is in here uses nothing from around it but
 * types.
 *
 * @module
 */
import type { Hash } from "node:crypto";
import type { Transform } from "node:stream";
import { openRegular } from "../open_regular.ts";
import { giveBack } from "../worker/give_back.ts";
import { RingWriter, type SharedRing } from "../worker/shared_ring.ts";
import type { ThreadMain } from "../worker/thread.ts";

/** A file of compressed bytes. */
export interface InflateFile {
  /** Where it is. */
  path: string;
  /** How many bytes it should have. */
  size: number;
  /** Algorithm of the digest that it should have. */
  algorithm: string;
}

/** What the main thread says. */
export type InflateRequest =
  | { type: "ring"; ring: SharedRing }
  /** The file is to be read; without one, input is handed in. */
  | { type: "inflate"; file: InflateFile | undefined }
  | { type: "input"; bytes: Uint8Array<ArrayBuffer> | undefined }
  | { type: "freed" };

/** What the thread says, of one layer after the other. */
export type InflateAnswer =
  /** It wants one piece of input. */
  | { type: "want" }
  | { type: "filled"; length: number; bytesIn: number }
  /** Size of what went in, and a file's digest in hexadecimal digits. */
  | { type: "end"; bytesIn: number; fileDigest: string | undefined }
  /** The input could not be read. */
  | { type: "input-error"; message: string; name: string; code: unknown }
  /** It is damaged. */
  | { type: "inflate-error"; message: string };

/** Runs in the thread. */
export const serveInflate: ThreadMain<typeof INFLATE_PARTS> = (
  begin,
  { HandedInput, RingOutput, RingWriter, giveBack, openRegular, readFile },
) => {
  const modules = Promise.all([
    import("node:zlib"),
    import("node:crypto"),
    import("node:fs"),
  ]);
  begin(async (port) => {
    const [{ createGunzip }, { createHash }, fs] = await modules;
    const say = (answer: InflateAnswer) => port.postMessage(answer);
    const handed = new HandedInput(4, () => say({ type: "want" }));
    const chunkSize = 256 * 1024;
    const buffer = new Uint8Array(chunkSize);
    let bytesIn = 0;
    let isDamaged = false;
    let output: RingOutput | undefined;

    const inflate = async (
      output: RingOutput,
      file: InflateFile | undefined,
    ) => {
      const hash: Hash | undefined = file && createHash(file.algorithm);
      const gunzip = createGunzip({ chunkSize });
      gunzip.on("error", () => isDamaged = true);
      const ended = output.take(gunzip);
      // Until it is waited for, nobody else hears of an error.
      ended.catch(() => {});
      const input = file
        ? readFile(fs, openRegular(fs, file.path), file.size, buffer)
        : handed;
      bytesIn = 0;
      for await (const bytes of input) {
        bytesIn += bytes.length;
        hash?.update(bytes);
        const written = new Promise((done) => gunzip.write(bytes, done));
        // What fails does not always say so to who wrote.
        await Promise.race([written, ended]);
      }
      gunzip.end();
      await ended;
      say({ type: "end", bytesIn, fileDigest: hash?.digest("hex") });
    };

    const fail = ({ message, name, code }: Error & { code?: unknown }) => {
      say(
        isDamaged
          ? { type: "inflate-error", message }
          : { type: "input-error", message, name, code },
      );
    };

    let last = Promise.resolve();
    port.onmessage = ({ data }: MessageEvent<InflateRequest>) => {
      switch (data.type) {
        case "ring": {
          const ring = new RingWriter(data.ring, (length) => {
            say({ type: "filled", length, bytesIn });
          });
          output = new RingOutput(ring, giveBack);
          break;
        }
        case "inflate":
          last = last.then(() => output && inflate(output, data.file));
          last.catch(fail);
          break;
        case "input":
          handed.add(data.bytes);
          break;
        case "freed":
          output?.freed();
      }
    };
  });
};

/** Puts what comes out of a transform into a ring. */
class RingOutput {
  readonly #ring: RingWriter;
  readonly #giveBack: (piece: Uint8Array) => void;
  /** What came out and has no room yet. */
  #waiting: Uint8Array = new Uint8Array();
  #onRoom = () => {};

  /**
   * @param ring The ring.
   * @param giveBack Frees the memory of a piece that was copied.
   */
  constructor(ring: RingWriter, giveBack: (piece: Uint8Array) => void) {
    this.#ring = ring;
    this.#giveBack = giveBack;
  }

  /** Takes all of it; resolves when it is in the ring. */
  async take(transform: Transform): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      transform.on("end", resolve);
      transform.on("error", reject);
    });
    transform.on("data", (bytes: Uint8Array) => {
      this.#waiting = this.#ring.put(bytes);
      if (this.#waiting.length > 0) transform.pause();
      else this.#giveBack(bytes);
    });
    this.#onRoom = () => transform.resume();
    await ended;
    // The end may be told while the last piece waits.
    while (this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#onRoom = resolve);
    }
    this.#ring.handOn();
  }

  /** Takes note that the place filled first is free again. */
  freed(): void {
    this.#ring.freed();
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#ring.put(this.#waiting);
    if (this.#waiting.length === 0) this.#onRoom();
  }
}

/** Reads a file, no more of it than shows that it is too long; closes it. */
function* readFile(
  fs: typeof import("node:fs"),
  fd: number | undefined,
  size: number,
  buffer: Uint8Array,
): Generator<Uint8Array> {
  if (fd === undefined) throw new Error("it is not a regular file");
  try {
    for (let left = size + 1; left > 0;) {
      const want = Math.min(left, buffer.length);
      const length = fs.readSync(fd, buffer, 0, want, null);
      if (length === 0) return;
      left -= length;
      yield buffer.subarray(0, length);
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** Input that is handed in piece by piece, of one layer after the other. */
class HandedInput implements AsyncIterable<Uint8Array> {
  /** A piece on its way is time in which the thread would have none. */
  readonly #wantedAhead: number;
  readonly #pieces: (Uint8Array | undefined)[] = [];
  readonly #want: () => void;
  #onPiece = () => {};

  /**
   * @param wantedAhead How many pieces are asked for before they are needed.
   * @param want Asks for one more.
   */
  constructor(wantedAhead: number, want: () => void) {
    this.#wantedAhead = wantedAhead;
    this.#want = want;
  }

  /** @param piece A piece, or undefined at the end of a layer. */
  add(piece: Uint8Array | undefined): void {
    this.#pieces.push(piece);
    this.#onPiece();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < this.#wantedAhead; i++) this.#want();
    for (;;) {
      while (this.#pieces.length === 0) {
        await new Promise<void>((resolve) => this.#onPiece = resolve);
      }
      const piece = this.#pieces.shift();
      if (piece === undefined) return;
      yield piece;
      this.#want();
    }
  }
}

/** What the thread uses. */
export const INFLATE_PARTS = {
  HandedInput,
  RingOutput,
  RingWriter,
  giveBack,
  openRegular,
  readFile,
};
