/**
 * Layers come compressed or not; a stream goes in and a stream comes out.
 *
 * @module
 */
import { createGunzip, createZstdDecompress } from "node:zlib";
import { DecompressionError } from "../errors.ts";
import type { Compression } from "../oci/media_type.ts";
import { pumpThrough } from "./pump_through.ts";
import { ZstdFrameSplitter } from "./zstd_frames.ts";

/** Large pieces: each one costs a promise and a change of threads. */
const CHUNK_SIZE = 512 * 1024;

/**
 * Decompresses a layer. Several gzip members or zstd frames behind each other
 * are one layer, and zeros behind gzip members are passed over. Needs no
 * permission.
 *
 * @param stream The compressed bytes. It is cancelled where the result is.
 * @param compression How they are compressed, as the layer's media type says.
 * @returns The bytes; it ends in a `DecompressionError` where the compressed
 * data is damaged or truncated, and in the error of `stream` where that fails.
 *
 * @example
 * ```ts
 * import { decompress } from "@strata/layer";
 * import { toText } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const packed = new Blob(["layer"]).stream()
 *   .pipeThrough(new CompressionStream("gzip"));
 * assertEquals(await toText(decompress(packed, "gzip")), "layer");
 * ```
 */
export function decompress(
  stream: ReadableStream<Uint8Array>,
  compression: Compression,
): ReadableStream<Uint8Array> {
  switch (compression) {
    case "none":
      return stream;
    case "gzip":
      return pumpThrough(
        stream,
        createGunzip({ chunkSize: CHUNK_SIZE }),
        gzipError,
      );
    case "zstd":
      return pumpThrough(
        stream,
        createZstdDecompress({ chunkSize: CHUNK_SIZE }),
        describe("zstd"),
        new ZstdFrameSplitter(),
      );
  }
}

/** What is wrong with gzip data, for the consumer. */
export const gzipError = describe("gzip");

function describe(format: string): (error: unknown) => unknown {
  return (error) => {
    if (!(error instanceof Error)) return error;
    return new DecompressionError(
      `Cannot decompress ${format} data: ${error.message}; it is damaged or truncated`,
      { cause: error },
    );
  };
}
