/**
 * What the rest of the package asks of a content-addressable store.
 *
 * @module
 */
import type { Descriptor, Digest, Index } from "../oci/image_spec.ts";

/** What `putBlob` made, and `statBlob` found. */
export interface BlobInfo {
  /** Digest of the blob. */
  digest: Digest;
  /** Size of the blob in bytes. */
  size: number;
}

/** A digest alone, or a descriptor, whose size is then verified as well. */
export type BlobReference = Digest | Pick<Descriptor, "digest" | "size">;

/**
 * A content-addressable store with one index, such as an image layout; get one
 * from `openLayout` or `createLayout`, or bring your own.
 *
 * Disposing of it stops what still reads and writes, and closes its files;
 * after that every method rejects.
 *
 * @example
 * ```ts
 * import { createLayout, type Engine } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * async function totalSize(engine: Engine): Promise<number> {
 *   let total = 0;
 *   for (const digest of await engine.listBlobs()) {
 *     total += (await engine.statBlob(digest))?.size ?? 0;
 *   }
 *   return total;
 * }
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * await engine.putBlob(new Uint8Array(1000));
 * assertEquals(await totalSize(engine), 1000);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export interface Engine extends AsyncDisposable {
  /**
   * Opens a blob. The bytes are verified while they stream: where they are not
   * those of the digest, or of the descriptor's size, the stream errors with a
   * `VerificationError` in place of its last piece. Bytes must not be relied on
   * before the stream has come to its end.
   *
   * @param blob The blob's digest or descriptor.
   * @returns The blob's bytes; cancel the stream if not all of it is read.
   * @throws {BlobNotFoundError} Where the store does not hold it.
   * @throws {VerificationError} Where its size already shows that it differs.
   * @throws {InvalidImageError} Where the digest or the size is malformed, or
   * what stands in the blob's place is no file of the store's own.
   */
  getBlob(blob: BlobReference): Promise<ReadableStream<Uint8Array>>;

  /**
   * Looks a blob up without reading it.
   *
   * @param digest The blob's digest.
   * @returns Digest and size in bytes, or undefined where the store does not
   * hold it.
   * @throws {InvalidImageError} Where the digest is malformed.
   */
  statBlob(digest: Digest): Promise<BlobInfo | undefined>;

  /**
   * Stores a blob. Until all of it is written and synced the store shows
   * nothing of it, and storing what is there already succeeds.
   *
   * @param data The blob's bytes; a stream is cancelled if storing fails.
   * @returns Digest (sha256) and size in bytes.
   */
  putBlob(
    data: ReadableStream<Uint8Array> | Uint8Array,
  ): Promise<BlobInfo>;

  /**
   * Removes a blob; a blob that is not there is no error.
   *
   * @param digest The blob's digest.
   * @throws {InvalidImageError} Where the digest is malformed.
   */
  deleteBlob(digest: Digest): Promise<void>;

  /**
   * Lists the blobs.
   *
   * @returns Their digests, sorted.
   */
  listBlobs(): Promise<Digest[]>;

  /**
   * Reads the top-level index, an image layout's `index.json`.
   *
   * @returns The index, with the fields that this package does not know.
   * @throws {InvalidImageError} Where it is malformed or larger than 4 MiB.
   */
  getIndex(): Promise<Index>;

  /**
   * Replaces the store's top-level index, all or nothing.
   *
   * @param index The new index.
   * @throws {InvalidImageError} Where it is malformed or larger than 4 MiB.
   */
  putIndex(index: Index): Promise<void>;

  /**
   * Removes what interrupted writes left behind; what is being written, by
   * this process or another, stays.
   */
  clean(): Promise<void>;
}
