/**
 * What is to be unpacked, checked before anything is.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties
 * @module
 */
import { InvalidImageError } from "../errors.ts";
import { parseDigest } from "../oci/digest.ts";
import type {
  Descriptor,
  Digest,
  ImageConfig,
  Manifest,
} from "../oci/image_spec.ts";
import { layerCompression } from "../oci/media_type.ts";

/** One layer of an image, ready to be unpacked. */
export interface PlannedLayer {
  /** The layer's descriptor. */
  descriptor: Descriptor;
  /** Digest of the layer when it is uncompressed. */
  diffId: Digest;
  /** Position of the layer in the manifest. */
  index: number;
}

/**
 * Pairs an image's layers with their diffIDs.
 *
 * @param manifest The image's manifest.
 * @param config The image's configuration.
 * @param startFrom The layer to begin with, where not all are wanted.
 * @returns The layers, the base first.
 * @throws {InvalidImageError} Where the two do not fit each other, or
 * `startFrom` is none of the layers.
 * @throws {UnsupportedMediaTypeError} Where a layer is none we can unpack.
 */
export function planLayers(
  manifest: Manifest,
  config: ImageConfig,
  startFrom?: Descriptor,
): PlannedLayer[] {
  const { diff_ids: diffIds } = config.rootfs;
  if (diffIds.length !== manifest.layers.length) {
    throw new InvalidImageError(
      `Cannot unpack the image: its manifest has ${manifest.layers.length} layers and its configuration ${diffIds.length} diffIDs`,
    );
  }
  const layers = manifest.layers.map((descriptor, index) => {
    const diffId = diffIds[index] ?? "";
    parseDigest(diffId);
    // Throws where it is none that we know.
    layerCompression(descriptor.mediaType);
    return { descriptor, diffId, index };
  });
  return layers.slice(firstLayer(manifest, startFrom));
}

/**
 * Finds the layer to begin with.
 *
 * @param manifest The image's manifest.
 * @param startFrom The layer, where not all are wanted.
 * @returns Its position.
 * @throws {InvalidImageError} Where it is none of the layers.
 */
export function firstLayer(
  { layers }: Manifest,
  startFrom: Descriptor | undefined,
): number {
  if (startFrom === undefined) return 0;
  const first = layers.findIndex(({ digest }) => digest === startFrom.digest);
  if (first !== -1) return first;
  throw new InvalidImageError(
    `Cannot start from layer ${startFrom.digest}: the image has no such layer`,
  );
}
