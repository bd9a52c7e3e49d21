/**
 * A layer that is decompressed and hashed on its way.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { Digester, parseDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/image_spec.ts";
import type { Compression } from "../oci/media_type.ts";
import { decompress, gzipError } from "./decompress.ts";
import { inflateInThread } from "./inflate_thread.ts";
import { observe } from "./observe.ts";

/** What comes out of a compressed layer. */
export interface Decompressed {
  /** The bytes. */
  stream: ReadableStream<Uint8Array>;
  /** Their digest, when the stream has ended. */
  digest(): Digest;
}

/** Smaller layers are done before a thread has begun. */
const WORTH_A_THREAD = 4 * 1024 * 1024;

/**
 * Decompresses a layer, in a thread where it is large enough and there is more
 * than one core, and takes the digest of what comes out.
 *
 * @param source The compressed bytes. It is cancelled where the result is.
 * @param compression How they are compressed.
 * @param expected The digest that they should have, for its algorithm.
 * @param size Size of the compressed bytes.
 * @returns What comes out.
 */
export function decompressAndDigest(
  source: ReadableStream<Uint8Array>,
  compression: Compression,
  expected: string,
  size: number,
): Decompressed {
  const { algorithm } = parseDigest(expected);
  const isWorthIt = compression === "gzip" && size >= WORTH_A_THREAD &&
    availableParallelism() > 1;
  const decompressed = isWorthIt
    ? inflateInThread(source, gzipError)
    : decompress(source, compression);
  const digester = new Digester(algorithm);
  const stream = observe(decompressed, (bytes) => digester.update(bytes));
  return { stream, digest: () => digester.digest() };
}
