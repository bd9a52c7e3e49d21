/**
 * Digests: parsing, hashing, and streams that verify what passes through.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { InvalidImageError } from "../errors.ts";
import type { Digest } from "./image_spec.ts";

/** The digest algorithms the image-spec registers. */
export type DigestAlgorithm = "sha256" | "sha512";

/** A digest taken apart. */
export interface ParsedDigest {
  /** The algorithm before the colon. */
  algorithm: DigestAlgorithm;
  /** The lower-case hexadecimal number behind it. */
  hex: string;
}

/**
 * Takes a digest apart and checks it: what comes out is safe as a file name.
 *
 * @param digest The digest, `<algorithm>:<hex>`.
 * @returns Its two parts.
 * @throws {InvalidImageError} Where the algorithm is not sha256 or sha512, or
 * the rest is not as many lower-case hexadecimal digits as that needs.
 */
export function parseDigest(digest: Digest): ParsedDigest {
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(digest);
  if (match !== null) {
    const algorithm = match[1] === "sha256" ? "sha256" : "sha512";
    const hex = match[2] ?? "";
    if (hex.length === (algorithm === "sha256" ? 64 : 128)) {
      return { algorithm, hex };
    }
  }
  throw new InvalidImageError(
    `Cannot use ${
      JSON.stringify(digest)
    } as a digest: it must be sha256 or sha512, a colon, and 64 or 128 lower-case hexadecimal digits`,
  );
}

/** A running hash whose result is a digest string. */
export class Digester {
  readonly #hash: Hash;
  /** The algorithm. */
  readonly algorithm: DigestAlgorithm;
  /** Bytes seen so far. */
  size = 0;

  /** @param algorithm The algorithm, sha256 unless told. */
  constructor(algorithm: DigestAlgorithm = "sha256") {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /** @param bytes The next bytes. */
  update(bytes: Uint8Array): void {
    this.size += bytes.length;
    this.#hash.update(bytes);
  }

  /** @returns The digest of all bytes; call it once, at the end. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest("hex")}`;
  }
}

/**
 * Takes the digest of bytes in memory.
 *
 * @param bytes The bytes.
 * @param algorithm The algorithm, sha256 unless told.
 * @returns The digest.
 */
export function digestOf(
  bytes: Uint8Array,
  algorithm: DigestAlgorithm = "sha256",
): Digest {
  const digester = new Digester(algorithm);
  digester.update(bytes);
  return digester.digest();
}
