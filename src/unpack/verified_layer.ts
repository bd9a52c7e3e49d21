/**
 * One layer of an image onto the disk, verified while it passes.
 *
 * @module
 */
import type { Engine } from "../cas/engine.ts";
import { decompressAndDigest } from "../compress/decompressed.ts";
import { observe } from "../compress/observe.ts";
import {
  DecompressionError,
  LayerError,
  MissingPermissionError,
  TarError,
  VerificationError,
} from "../errors.ts";
import type { Root } from "../host/directory.ts";
import type { UnpackOptions } from "../options.ts";
import type { ExtractInternals } from "./extractor.ts";
import type { PlannedLayer } from "./layer_plan.ts";
import type { UnpackShortfalls } from "./shortfalls.ts";
import { extractLayer } from "./unpack_layer.ts";

/** One unpacking of an image, as its layers see it. */
export interface Unpacking extends ExtractInternals {
  engine: Engine;
  root: Root;
  options: UnpackOptions;
  shortfalls: UnpackShortfalls;
  layerCount: number;
}

/**
 * Unpacks a layer. Digest and size of its blob and its diffID are verified.
 *
 * @param unpacking What it is part of.
 * @param layer The layer.
 * @throws {LayerError} Where it cannot be unpacked; `cause` says why.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 */
export async function unpackVerified(
  unpacking: Unpacking,
  layer: PlannedLayer,
): Promise<void> {
  try {
    await verifyAndExtract(unpacking, layer);
  } catch (error) {
    const isCallersDoing = error instanceof MissingPermissionError ||
      unpacking.options.signal?.aborted === true;
    if (isCallersDoing) throw error;
    const { digest } = layer.descriptor;
    const cause = await findRealCause(unpacking.engine, layer, error);
    throw new LayerError(digest, layer.index, cause);
  }
}

async function verifyAndExtract(
  { engine, root, options, shortfalls, layerCount, below, known }: Unpacking,
  { descriptor, diffId, compression, index }: PlannedLayer,
): Promise<void> {
  const { onProgress } = options;
  let bytesIn = 0;
  const blob = observe(await engine.getBlob(descriptor), ({ length }) => {
    bytesIn += length;
  });
  const { size } = descriptor;
  const layer = decompressAndDigest(blob, compression, diffId, size);
  await extractLayer(
    root,
    layer.stream,
    options,
    shortfalls,
    {
      onChunk: onProgress && ((entries, bytesOut) =>
        onProgress({
          layer: descriptor,
          layerIndex: index,
          layerCount,
          entries,
          bytesIn,
          bytesOut,
          totalBytes: descriptor.size,
        })),
    },
    { below, known },
  );
  const actual = layer.digest();
  if (actual !== diffId) {
    throw new VerificationError(
      diffId,
      `this is the layer's diffID, but what was unpacked has the digest ${actual}; the image is damaged or forged`,
    );
  }
}

/**
 * A blob that was altered breaks the archive first and the digest later. The
 * caller is better served by the digest.
 */
async function findRealCause(
  engine: Engine,
  { descriptor }: PlannedLayer,
  error: unknown,
): Promise<unknown> {
  const mayBeDamage = error instanceof TarError ||
    error instanceof DecompressionError;
  if (!mayBeDamage) return error;
  try {
    const blob = await engine.getBlob(descriptor);
    for await (const _ of blob) {
      // Read for its verification alone.
    }
    return error;
  } catch (verification) {
    return verification instanceof VerificationError ? verification : error;
  }
}
