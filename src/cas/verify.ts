/**
 * A stream that verifies what passes through it.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 * @module
 */
import { InvalidImageError, VerificationError } from "../errors.ts";
import { Digester, parseDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/image_spec.ts";

/** What bytes are expected to be. */
export interface Expected {
  /** Their digest. */
  digest: Digest;
  /** How many there are, where that is known. */
  size?: number;
}

/**
 * Passes bytes on and hashes them on the way. The last piece is kept back
 * until all of them are known to be right, so that nobody who reads to the end
 * takes false bytes for true ones.
 *
 * @param source The bytes. They are cancelled as soon as there are too many.
 * @param expected What they must be.
 * @returns The same bytes; the stream errors with a `VerificationError` where
 * they are not what was expected.
 * @throws {InvalidImageError} Where the digest or the size is malformed.
 */
export function verifiedStream(
  source: ReadableStream<Uint8Array>,
  expected: Expected,
): ReadableStream<Uint8Array> {
  // Nothing is queued here: reading ahead is the source's business.
  return new ReadableStream(new VerifyingSource(source, expected), {
    highWaterMark: 0,
  });
}

/**
 * Checks a descriptor's size before anything is done with it.
 *
 * @param digest The digest beside it, for the message.
 * @param size The size in bytes.
 * @throws {InvalidImageError} Where it is no whole number from 0 to 2^53 - 1.
 */
export function checkSize(digest: Digest, size: number): void {
  if (Number.isSafeInteger(size) && size >= 0) return;
  throw new InvalidImageError(
    `Cannot use ${size} as the size of blob ${digest}: it must be a whole number of bytes, 0 to ${Number.MAX_SAFE_INTEGER}`,
  );
}

class VerifyingSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #expected: Expected;
  readonly #digester: Digester;
  #held: Uint8Array | undefined;

  constructor(source: ReadableStream<Uint8Array>, expected: Expected) {
    this.#digester = new Digester(parseDigest(expected.digest).algorithm);
    if (expected.size !== undefined) {
      checkSize(expected.digest, expected.size);
    }
    this.#expected = expected;
    this.#reader = source.getReader();
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      const ready = this.#held;
      if (done) {
        this.#checkAll();
        if (ready !== undefined) controller.enqueue(ready);
        controller.close();
        return;
      }
      if (value.length === 0) continue;
      this.#digester.update(value);
      await this.#stopIfTooLong();
      this.#held = value;
      if (ready !== undefined) {
        controller.enqueue(ready);
        return;
      }
    }
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  async #stopIfTooLong(): Promise<void> {
    const { digest, size } = this.#expected;
    if (size === undefined || this.#digester.size <= size) return;
    const error = tooLong(digest, size);
    // What is wrong is known; that the source also fails to stop adds nothing.
    await this.#reader.cancel(error).catch(() => {});
    throw error;
  }

  #checkAll(): void {
    const { size } = this.#digester;
    checkBlob(this.#expected, { size, digest: this.#digester.digest() });
  }
}

/**
 * Checks bytes that were hashed elsewhere.
 *
 * @param expected What they must be.
 * @param actual What they are.
 * @throws {VerificationError} Where the two are not the same.
 */
export function checkBlob(
  { digest, size }: Expected,
  actual: Required<Expected>,
): void {
  if (size !== undefined && actual.size > size) throw tooLong(digest, size);
  if (size !== undefined && actual.size < size) {
    throw new VerificationError(
      digest,
      `it ends after ${actual.size} of ${size} bytes; copy the image again`,
    );
  }
  if (actual.digest !== digest) {
    throw new VerificationError(
      digest,
      `its bytes have the digest ${actual.digest}; copy the image again`,
    );
  }
}

function tooLong(digest: Digest, size: number): VerificationError {
  return new VerificationError(
    digest,
    `it is longer than the ${size} bytes it should have; copy the image again`,
  );
}
