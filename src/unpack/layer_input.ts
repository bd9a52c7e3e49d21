/**
 * The blobs of an image's layers, decompressed and verified. Large ones are
 * decompressed in a thread, the next one while the disk still takes the one
 * before.
 *
 * @module
 */
import type { Engine } from "../cas/engine.ts";
import { type BlobFile, isUnchangedLayout } from "../cas/layout_engine.ts";
import { checkBlob } from "../cas/verify.ts";
import type { ByteReader } from "../compress/byte_reader.ts";
import { decompress } from "../compress/decompress.ts";
import { InflateThread, InputError } from "../compress/inflate_thread.ts";
import type { InflatingLayer } from "../compress/inflating_layer.ts";
import { observe } from "../compress/observe.ts";
import { diskError } from "../host/disk_error.ts";
import { type DigestAlgorithm, parseDigest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image_spec.ts";
import { layerCompression } from "../oci/media_type.ts";
import type { ThreadOptions } from "../options.ts";

/** Less compressed bytes are done before a thread has begun, or nearly so. */
const WORTH_A_THREAD = 4 * 1024 * 1024;

/** A layer's bytes. */
export interface LayerInput extends ByteReader {
  /** Compressed bytes that were read so far. */
  readonly bytesIn: number;

  /**
   * Says whether the blob was what it should be; call it at the end.
   *
   * @throws {VerificationError} Where it was not.
   */
  verify(): void;
}

/** Opens the layers of one image. */
export class LayerInputs implements Disposable {
  readonly #engine: Engine;
  readonly #layers: readonly Descriptor[];
  readonly #isWorthAThread: boolean;
  #thread: InflateThread | undefined;
  #opensAhead = false;
  /** The layer that was opened ahead, by its position. */
  readonly #ahead = new Map<number, Promise<LayerInput>>();

  /**
   * @param engine The store that holds the image.
   * @param layers The image's layers.
   * @param options Whether threads may be used.
   * @throws {UnsupportedMediaTypeError} Where a layer is none we can unpack.
   */
  constructor(
    engine: Engine,
    layers: readonly Descriptor[],
    { useThreads = true }: ThreadOptions,
  ) {
    this.#engine = engine;
    this.#layers = layers;
    let size = 0;
    for (const layer of layers) {
      if (layerCompression(layer.mediaType) === "gzip") size += layer.size;
    }
    this.#isWorthAThread = useThreads && size >= WORTH_A_THREAD &&
      navigator.hardwareConcurrency > 1;
  }

  /**
   * Begins to open a layer, and from then on each one while the one before is
   * read. All of them must be read to their ends, in their order.
   *
   * @param first Position of the layer to begin with.
   */
  openAhead(first: number): void {
    this.#opensAhead = true;
    const layer = this.#layers[first];
    // Without a thread nothing would be done ahead.
    if (layer === undefined || this.#threadFor(layer) === undefined) return;
    const opening = this.#open(layer);
    // Whoever opens it will hear of an error.
    opening.catch(() => {});
    this.#ahead.set(first, opening);
  }

  /**
   * Opens a layer.
   *
   * @param index Its position.
   * @returns Its bytes.
   * @throws {StrataError} Where it cannot be opened.
   */
  async open(index: number): Promise<LayerInput> {
    const layer = this.#layers[index];
    if (layer === undefined) throw new RangeError(`there is no layer ${index}`);
    const input = await (this.#ahead.get(index) ?? this.#open(layer));
    this.#ahead.delete(index);
    if (this.#opensAhead) this.openAhead(index + 1);
    return input;
  }

  /** Ends the thread, and what was opened ahead. */
  [Symbol.dispose](): void {
    this.#thread?.[Symbol.dispose]();
    for (const opening of this.#ahead.values()) {
      opening.then((input) => input.cancel()).catch(() => {});
    }
  }

  #threadFor({ mediaType }: Descriptor): InflateThread | undefined {
    const isForThread = this.#isWorthAThread &&
      layerCompression(mediaType) === "gzip";
    if (isForThread) this.#thread ??= new InflateThread();
    return isForThread ? this.#thread : undefined;
  }

  async #open(layer: Descriptor): Promise<LayerInput> {
    const thread = this.#threadFor(layer);
    if (thread !== undefined && isUnchangedLayout(this.#engine)) {
      return new FileInput(thread, await this.#engine.blobFile(layer));
    }
    const blob = await this.#engine.getBlob(layer);
    return new StreamInput(blob, (packed) =>
      thread?.inflate(packed) ??
        decompress(packed, layerCompression(layer.mediaType)).getReader());
  }
}

/** A layer whose blob's own stream verifies the blob. */
class StreamInput implements LayerInput {
  readonly #reader: ByteReader;
  bytesIn = 0;

  constructor(
    blob: ReadableStream<Uint8Array>,
    inflate: (packed: ReadableStream<Uint8Array>) => ByteReader,
  ) {
    this.#reader = inflate(observe(blob, ({ length }) => {
      this.bytesIn += length;
    }));
  }

  read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    return this.#reader.read();
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  verify(): void {}
}

/** A layer whose file a thread reads and hashes. */
class FileInput implements LayerInput {
  readonly #inflating: InflatingLayer;
  readonly #file: BlobFile;
  readonly #algorithm: DigestAlgorithm;

  constructor(thread: InflateThread, file: BlobFile) {
    const { path, size, digest, signal } = file;
    this.#algorithm = parseDigest(digest).algorithm;
    this.#file = file;
    const algorithm = this.#algorithm;
    this.#inflating = thread.inflate({ path, size, algorithm });
    signal.addEventListener("abort", this.#stop);
  }

  get bytesIn(): number {
    return this.#inflating.bytesIn;
  }

  async read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await this.#inflating.read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw diskError(error, `Cannot read blob ${this.#file.digest}`);
    }
  }

  cancel(reason?: unknown): Promise<void> {
    this.#file.signal.removeEventListener("abort", this.#stop);
    return this.#inflating.cancel(reason);
  }

  verify(): void {
    this.#file.signal.removeEventListener("abort", this.#stop);
    const { inflated } = this.#inflating;
    if (inflated === undefined) throw new Error("it was not read to its end");
    const { bytesIn, fileDigest } = inflated;
    const digest = `${this.#algorithm}:${fileDigest}`;
    checkBlob(this.#file, { size: bytesIn, digest });
  }

  readonly #stop = () => {
    this.#inflating.cancel(this.#file.signal.reason);
  };
}
