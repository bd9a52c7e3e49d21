/**
 * A content-addressable store in a directory, laid out as the image-spec says.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @module
 */
import { closeSync } from "node:fs";
import { join } from "@std/path/join";
import {
  BlobNotFoundError,
  quoteName,
  StrataError,
  VerificationError,
} from "../errors.ts";
import { type DigestAlgorithm, Digester, parseDigest } from "../oci/digest.ts";
import type { Digest, Index } from "../oci/image_spec.ts";
import { onDisk } from "../host/disk_error.ts";
import type { BlobInfo, BlobReference, Engine } from "./engine.ts";
import { parseDocument } from "./json_field.ts";
import {
  BLOBS_DIRECTORY,
  checkTopIndex,
  INDEX_FILE,
  isDirectory,
  readTopIndex,
} from "./layout_files.ts";
import { requirePermission } from "../host/permission.ts";
import { removeIfThere } from "../host/remove_if_there.ts";
import {
  openRegularFile,
  regularFileSize,
  streamFile,
} from "./regular_file.ts";
import { removeAbandoned, TempFile } from "./temp_file.ts";
import { checkSize, verifiedStream } from "./verify.ts";

/** The algorithms, sorted, and what the file names of their blobs are. */
const BLOB_NAMES: [DigestAlgorithm, RegExp][] = [
  ["sha256", /^[0-9a-f]{64}$/],
  ["sha512", /^[0-9a-f]{128}$/],
];

/** A blob as a file that nobody has verified yet. */
export interface BlobFile extends BlobInfo {
  /** Where it is. */
  path: string;
  /** Aborted where the engine is disposed of. */
  signal: AbortSignal;
}

/** The engine behind `openLayout` and `createLayout`. */
export class LayoutEngine implements Engine {
  readonly #root: string;
  readonly #disposal = new AbortController();
  /** Writes and open files: what disposal waits for. */
  readonly #pending = new Set<Promise<unknown>>();

  /** @param root Absolute path of a layout that was found valid. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Whether it is one itself, and nothing that stands in front of one. */
  static isOne(engine: Engine): engine is LayoutEngine {
    return #root in engine;
  }

  getBlob(blob: BlobReference): Promise<ReadableStream<Uint8Array>> {
    return this.#read(() => {
      const digest = typeof blob === "string" ? blob : blob.digest;
      const path = this.#blobPath(digest);
      const found = regularFileSize(path);
      if (typeof blob !== "string") checkFoundSize(digest, blob.size, found);
      const file = openRegularFile(path);
      if (file === undefined) throw new BlobNotFoundError(digest);
      const size = typeof blob === "string" ? file.size : blob.size;
      const closing = Promise.withResolvers<void>();
      this.#track(closing.promise);
      const bytes = streamFile(file, this.#disposal.signal, closing.resolve);
      return verifiedStream(bytes, { digest, size });
    });
  }

  /**
   * Finds a blob for who reads and verifies it alone.
   *
   * @param blob The blob.
   * @returns Its file, which is as large as it should be.
   * @throws What `getBlob` throws before there is a stream.
   */
  blobFile(blob: BlobInfo): Promise<BlobFile> {
    return this.#read(() => {
      const { digest, size } = blob;
      const path = this.#blobPath(digest);
      checkFoundSize(digest, size, regularFileSize(path));
      const file = openRegularFile(path);
      if (file === undefined) throw new BlobNotFoundError(digest);
      closeSync(file.fd);
      return { path, digest, size, signal: this.#disposal.signal };
    });
  }

  statBlob(digest: Digest): Promise<BlobInfo | undefined> {
    return this.#read(() => {
      const size = regularFileSize(this.#blobPath(digest));
      return size === undefined ? undefined : { digest, size };
    });
  }

  async putBlob(
    data: ReadableStream<Uint8Array> | Uint8Array,
  ): Promise<BlobInfo> {
    const source = data instanceof Uint8Array
      ? ReadableStream.from([data])
      : data;
    try {
      return await this.#write(() => this.#storeBlob(source));
    } catch (error) {
      // As `pipeTo` does: who is not read to the end is told to stop.
      if (!source.locked) await source.cancel(error).catch(() => {});
      throw error;
    }
  }

  deleteBlob(digest: Digest): Promise<void> {
    return this.#write(() => {
      const path = this.#blobPath(digest);
      if (regularFileSize(path) === undefined) return;
      removeIfThere(path, `Cannot remove blob ${digest}`);
    });
  }

  listBlobs(): Promise<Digest[]> {
    return this.#read(() =>
      BLOB_NAMES.flatMap(([algorithm, pattern]) =>
        fileNames(this.#blobDirectory(algorithm))
          .filter((name) => pattern.test(name))
          .sort()
          .map((hex) => `${algorithm}:${hex}`)
      )
    );
  }

  getIndex(): Promise<Index> {
    return this.#read(() => readTopIndex(this.#root));
  }

  putIndex(index: Index): Promise<void> {
    return this.#write(async () => {
      const bytes = new TextEncoder().encode(JSON.stringify(index));
      // What is written must be readable, so it is read as it was written.
      checkTopIndex(parseDocument(bytes, "the new index.json"));
      using temp = TempFile.create(this.#root);
      temp.write(bytes);
      await temp.commit(this.#root, INDEX_FILE);
    });
  }

  clean(): Promise<void> {
    return this.#write(() => removeAbandoned(this.#root));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort(
      new StrataError(
        `Cannot use image layout ${
          quoteName(this.#root)
        }: it was disposed of; open it again`,
      ),
    );
    await Promise.allSettled(this.#pending);
  }

  /** Runs what only reads; whatever it throws rejects the promise. */
  #read<T>(action: () => T | Promise<T>): Promise<T> {
    return Promise.try(() => {
      this.#disposal.signal.throwIfAborted();
      requirePermission(
        "read",
        this.#root,
        `Cannot read image layout ${quoteName(this.#root)}`,
      );
      return action();
    });
  }

  /** Runs what writes. */
  #write<T>(action: () => T | Promise<T>): Promise<T> {
    return this.#track(this.#read(() => {
      requirePermission(
        "write",
        this.#root,
        `Cannot write to image layout ${quoteName(this.#root)}`,
      );
      return action();
    }));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    return work.finally(() => this.#pending.delete(work));
  }

  async #storeBlob(source: ReadableStream<Uint8Array>): Promise<BlobInfo> {
    const digester = new Digester();
    // Not among the blobs, where umoci 0.4.7 takes every file for a blob and
    // its garbage collection stops at a name that is no digest.
    using temp = TempFile.create(this.#root);
    const sink = new WritableStream<Uint8Array>({
      write(bytes) {
        digester.update(bytes);
        temp.write(bytes);
      },
    });
    await source.pipeTo(sink, { signal: this.#disposal.signal });
    const digest = digester.digest();
    const directory = this.#blobDirectory(digester.algorithm);
    onDisk(
      `Cannot make directory ${quoteName(directory)}`,
      () => Deno.mkdirSync(directory, { recursive: true }),
    );
    // Even over a blob that is there: it may have been damaged.
    await temp.commit(directory, parseDigest(digest).hex);
    return { digest, size: digester.size };
  }

  #blobPath(digest: Digest): string {
    const { algorithm, hex } = parseDigest(digest);
    return join(this.#blobDirectory(algorithm), hex);
  }

  /** Checked each time, so that a symlink leads none of the blobs elsewhere. */
  #blobDirectory(algorithm: DigestAlgorithm): string {
    const blobs = join(this.#root, BLOBS_DIRECTORY);
    const directory = join(blobs, algorithm);
    if (isDirectory(blobs)) isDirectory(directory);
    return directory;
  }
}

/**
 * Tells whether an engine's blobs may be had as files, past `getBlob`.
 *
 * @param engine The engine.
 * @returns Whether it is a layout's own, and nobody has changed how it reads.
 */
export function isUnchangedLayout(engine: Engine): engine is LayoutEngine {
  return LayoutEngine.isOne(engine) &&
    engine.getBlob === LayoutEngine.prototype.getBlob;
}

function checkFoundSize(
  digest: Digest,
  expected: number,
  found: number | undefined,
): void {
  checkSize(digest, expected);
  if (found === undefined || found === expected) return;
  throw new VerificationError(
    digest,
    `it has ${found} bytes and should have ${expected}; copy the image again`,
  );
}

function fileNames(directory: string): string[] {
  if (!isDirectory(directory)) return [];
  return onDisk(
    `Cannot list ${quoteName(directory)}`,
    () =>
      Array.from(Deno.readDirSync(directory))
        .filter((entry) => entry.isFile)
        .map((entry) => entry.name),
  );
}
