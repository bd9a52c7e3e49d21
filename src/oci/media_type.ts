/**
 * Media types of the image-spec and of Docker's schema 2, and what a layer's
 * media type says of its compression.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 * @module
 */
import { UnsupportedMediaTypeError } from "../errors.ts";

/** Media type of an OCI image index. */
export const MEDIA_TYPE_INDEX = "application/vnd.oci.image.index.v1+json";
/** Media type of an OCI image manifest. */
export const MEDIA_TYPE_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** Media type of an OCI image configuration. */
export const MEDIA_TYPE_CONFIG = "application/vnd.oci.image.config.v1+json";
/** Media type of an uncompressed OCI layer. */
export const MEDIA_TYPE_LAYER = "application/vnd.oci.image.layer.v1.tar";
/** Media type of an OCI layer compressed with gzip. */
export const MEDIA_TYPE_LAYER_GZIP =
  "application/vnd.oci.image.layer.v1.tar+gzip";
/** Media type of an OCI layer compressed with zstd. */
export const MEDIA_TYPE_LAYER_ZSTD =
  "application/vnd.oci.image.layer.v1.tar+zstd";

const DOCKER_INDEX =
  "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

/** How a layer's blob is compressed. */
export type Compression = "none" | "gzip" | "zstd";

/** The media types of new layers, by what their manifest is. */
const NEW_LAYERS: Readonly<Record<string, Record<Compression, string>>> = {
  [MEDIA_TYPE_MANIFEST]: {
    none: MEDIA_TYPE_LAYER,
    gzip: MEDIA_TYPE_LAYER_GZIP,
    zstd: MEDIA_TYPE_LAYER_ZSTD,
  },
  [DOCKER_MANIFEST]: {
    none: "application/vnd.docker.image.rootfs.diff.tar",
    gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    zstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  },
};

const LAYERS: ReadonlyMap<string, Compression> = new Map([
  [MEDIA_TYPE_LAYER, "none"],
  [MEDIA_TYPE_LAYER_GZIP, "gzip"],
  [MEDIA_TYPE_LAYER_ZSTD, "zstd"],
  // Deprecated since image-spec 1.1, still found in images with Windows bases.
  ["application/vnd.oci.image.layer.nondistributable.v1.tar", "none"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.diff.tar", "none"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
]);

/** What a descriptor's media type says its blob is. */
export type DocumentKind = "index" | "manifest" | "config" | "other";

/**
 * Tells an index, a manifest and a configuration apart by media type alone.
 *
 * @param mediaType The descriptor's media type.
 * @returns The kind of document, `other` where the type is none of the three.
 */
export function documentKind(mediaType: string): DocumentKind {
  switch (mediaType) {
    case MEDIA_TYPE_INDEX:
    case DOCKER_INDEX:
      return "index";
    case MEDIA_TYPE_MANIFEST:
    case DOCKER_MANIFEST:
      return "manifest";
    case MEDIA_TYPE_CONFIG:
    case DOCKER_CONFIG:
      return "config";
    default:
      return "other";
  }
}

/**
 * Finds how a layer is compressed from its media type. The bytes are not
 * asked: a layer must be what its descriptor says.
 *
 * @param mediaType Media type of the layer's descriptor.
 * @returns The compression.
 * @throws {UnsupportedMediaTypeError} Where it is no layer media type, or a
 * Docker foreign layer, whose contents are not in the image.
 */
export function layerCompression(mediaType: string): Compression {
  const compression = LAYERS.get(mediaType);
  if (compression !== undefined) return compression;
  const reason = mediaType.includes(".foreign.")
    ? "is a foreign layer, whose contents are not part of the image"
    : "is no layer media type of the image-spec or of Docker schema 2";
  throw new UnsupportedMediaTypeError(
    mediaType,
    `Cannot unpack a layer of media type ${
      JSON.stringify(mediaType)
    }: it ${reason}`,
  );
}

/**
 * Finds the media type of a layer that is added to an image.
 *
 * @param manifestType Media type of the image's manifest.
 * @param compression How the layer is compressed.
 * @returns The layer's media type, Docker's in an image of Docker's.
 */
export function newLayerMediaType(
  manifestType: string,
  compression: Compression,
): string {
  const types = NEW_LAYERS[manifestType] ?? NEW_LAYERS[MEDIA_TYPE_MANIFEST];
  return types?.[compression] ?? MEDIA_TYPE_LAYER;
}
