/**
 * Stands in for `jsr:@std/streams/to-bytes` (see `mod.ts`).
 *
 * @module
 */
import { toBytes as toBytesOfNpm } from "deno-std/streams/to_bytes.js";

/** Reads a stream to its end into one array. */
export const toBytes: (
  stream: ReadableStream<Uint8Array>,
) => Promise<Uint8Array<ArrayBuffer>> = toBytesOfNpm;
