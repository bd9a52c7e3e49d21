/**
 * Bytes that are asked for piece by piece.
 *
 * @module
 */

/** The part of a stream's reader that reads. */
export type ByteReader = Pick<
  ReadableStreamDefaultReader<Uint8Array>,
  "read" | "cancel"
>;
