/**
 * Stands in for `jsr:@std/streams` where JSR is out of reach: the same code,
 * as it is published on npm, with its types.
 *
 * @module
 */
import * as streams from "deno-std/streams/mod.js";

/** Reads a stream to its end into one array. */
export const toBytes: (
  stream: ReadableStream<Uint8Array>,
) => Promise<Uint8Array<ArrayBuffer>> = streams.toBytes;

/** Reads a stream to its end into a string. */
export const toText: (
  stream: ReadableStream<Uint8Array | string>,
) => Promise<string> = streams.toText;
