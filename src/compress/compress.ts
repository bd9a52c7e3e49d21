/**
 * Compresses layers on their way to the store.
 *
 * @module
 */
import { createZstdCompress } from "node:zlib";
import type { Compression } from "../oci/media_type.ts";
import type { ThreadOptions } from "../options.ts";
import { gzipBlocks } from "./gzip_blocks.ts";
import { pumpThrough } from "./pump_through.ts";

/**
 * Compresses a layer: gzip on all cores, with the same bytes however many
 * there are, or zstd. Needs no permission.
 *
 * @param stream The layer. It is cancelled where the result is.
 * @param compression How to compress it.
 * @param options Whether gzip may take more than the calling thread.
 * @returns The compressed bytes.
 *
 * @example
 * ```ts
 * import { compress, decompress } from "@strata/layer";
 * import { toText } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const packed = compress(ReadableStream.from([new Uint8Array(3)]), "gzip");
 * assertEquals(await toText(decompress(packed, "gzip")), "\0\0\0");
 * ```
 */
export function compress(
  stream: ReadableStream<Uint8Array>,
  compression: Compression,
  options: ThreadOptions = {},
): ReadableStream<Uint8Array> {
  switch (compression) {
    case "none":
      return stream;
    case "gzip":
      return gzipBlocks(stream, options);
    case "zstd":
      return pumpThrough(stream, createZstdCompress(), (error) => error);
  }
}
