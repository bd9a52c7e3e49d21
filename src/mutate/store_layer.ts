/**
 * A layer into the store: diffID, digest and size out of one pass.
 *
 * @module
 */
import type { BlobInfo, Engine } from "../cas/engine.ts";
import { compress } from "../compress/compress.ts";
import { observe } from "../compress/observe.ts";
import { Digester } from "../oci/digest.ts";
import type { Digest } from "../oci/image_spec.ts";
import type { Compression } from "../oci/media_type.ts";
import type { ThreadOptions } from "../options.ts";

/** A layer that was stored. */
export interface StoredLayer extends BlobInfo {
  /** Digest of the layer before it was compressed. */
  diffId: Digest;
}

/**
 * Stores a layer.
 *
 * @param engine The store.
 * @param layer The layer as a tar stream.
 * @param compression How to compress it.
 * @param options Whether threads may be used for that.
 * @returns Its digests and its compressed size in bytes.
 */
export async function storeLayer(
  engine: Engine,
  layer: ReadableStream<Uint8Array>,
  compression: Compression,
  options: ThreadOptions,
): Promise<StoredLayer> {
  const digester = new Digester();
  const hashed = observe(layer, (bytes) => digester.update(bytes));
  const blob = await engine.putBlob(compress(hashed, compression, options));
  return { ...blob, diffId: digester.digest() };
}
