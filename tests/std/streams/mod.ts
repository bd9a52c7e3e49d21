/**
 * Stands in for `jsr:@std/streams` where JSR is out of reach: the same code,
 * as it is published on npm, with its types.
 *
 * @module
 */
import * as streams from "deno-std/streams/mod.js";

/** Reads a stream to its end into a string. */
export const toText: (
  stream: ReadableStream<Uint8Array | string>,
) => Promise<string> = streams.toText;

export { toBytes } from "./to_bytes.ts";
