/**
 * One layer of an image onto the disk, verified while it passes.
 *
 * @module
 */
import type { Engine } from "../cas/engine.ts";
import type { ByteReader } from "../compress/byte_reader.ts";
import {
  DecompressionError,
  LayerError,
  MissingPermissionError,
  TarError,
  VerificationError,
} from "../errors.ts";
import { Digester, parseDigest } from "../oci/digest.ts";
import type { Root } from "../host/directory.ts";
import type { UnpackOptions } from "../options.ts";
import type { ExtractInternals } from "./extractor.ts";
import type { LayerInputs } from "./layer_input.ts";
import type { PlannedLayer } from "./layer_plan.ts";
import type { UnpackShortfalls } from "./shortfalls.ts";
import { extractLayer } from "./unpack_layer.ts";

/** One unpacking of an image, as its layers see it. */
export interface Unpacking extends ExtractInternals {
  engine: Engine;
  inputs: LayerInputs;
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
  { inputs, root, options, shortfalls, layerCount, below, known }: Unpacking,
  layer: PlannedLayer,
): Promise<void> {
  const { descriptor, diffId, index } = layer;
  const { onProgress } = options;
  const input = await inputs.open(index);
  const onChunk = onProgress &&
    ((entries: number, bytesOut: number) =>
      onProgress({
        layer: descriptor,
        layerIndex: index,
        layerCount,
        entries,
        bytesIn: input.bytesIn,
        bytesOut,
        totalBytes: descriptor.size,
      }));
  const digester = new Digester(parseDigest(diffId).algorithm);
  const reader: ByteReader = {
    async read() {
      const result = await input.read();
      if (!result.done) digester.update(result.value);
      return result;
    },
    cancel: (reason) => input.cancel(reason),
  };
  const internals = { below, known };
  await extractLayer(root, reader, options, shortfalls, { onChunk }, internals);
  input.verify();
  const actual = digester.digest();
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
