/**
 * The digests that manifests have of files.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { Cksum } from "./cksum.ts";

/** Takes a digest of a file that comes in pieces. */
export interface ContentHash {
  update(bytes: Uint8Array): void;
  /** The value as manifests have it. */
  finish(): string;
}

/** The digests that are taken of files, by keyword. */
export const DIGESTS: ReadonlyMap<string, () => ContentHash> = new Map([
  ["cksum", () => new Cksum()],
  ["md5digest", () => hexHash("md5")],
  ["sha1digest", () => hexHash("sha1")],
  ["sha256digest", () => hexHash("sha256")],
  ["sha384digest", () => hexHash("sha384")],
  ["sha512digest", () => hexHash("sha512")],
]);

function hexHash(algorithm: string): ContentHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    finish: () => hash.digest("hex"),
  };
}
