/**
 * The JSON documents of an image: found by descriptor, verified, checked.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 * @module
 */
import { toBytes } from "@std/streams/to-bytes";
import {
  InvalidImageError,
  quoteName,
  UnsupportedMediaTypeError,
} from "../errors.ts";
import type {
  Descriptor,
  ImageConfig,
  Index,
  Manifest,
} from "../oci/image_spec.ts";
import { type DocumentKind, documentKind } from "../oci/media_type.ts";
import {
  checkImageConfig,
  checkIndex,
  checkManifest,
} from "./check_document.ts";
import type { Engine } from "./engine.ts";
import {
  checkDocumentSize,
  type JsonField,
  parseDocument,
} from "./json_field.ts";
import { checkSize } from "./verify.ts";

/**
 * Reads an image manifest (image-spec, manifest.md), OCI or Docker schema 2.
 *
 * Fields that this package does not know stay in the object. Needs the
 * permissions of the engine; for a layout on disk that is `--allow-read` of
 * its path.
 *
 * @param engine The store that holds the manifest.
 * @param descriptor The manifest's descriptor; its size is at most 4 MiB.
 * @returns The manifest.
 * @throws {UnsupportedMediaTypeError} Where the descriptor is no manifest's,
 * or that of Docker schema 1.
 * @throws {InvalidImageError} Where the document is malformed, too large, or
 * says of itself that it is something else than its descriptor says.
 * @throws {VerificationError} Where its bytes are not what the descriptor says.
 * @throws {BlobNotFoundError} Where the store does not hold it.
 *
 * @example
 * ```ts
 * import { createLayout, readManifest } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const mediaType = "application/vnd.oci.image.manifest.v1+json";
 * const config = await engine.putBlob(new TextEncoder().encode("{}"));
 * const blob = await engine.putBlob(new TextEncoder().encode(JSON.stringify({
 *   schemaVersion: 2,
 *   mediaType,
 *   config: { mediaType: "application/vnd.oci.empty.v1+json", ...config },
 *   layers: [],
 * })));
 *
 * const manifest = await readManifest(engine, { mediaType, ...blob });
 * assertEquals(manifest.config.size, 2);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function readManifest(
  engine: Engine,
  descriptor: Descriptor,
): Promise<Manifest> {
  requireKind(descriptor, "manifest");
  const root = await readDocument(engine, descriptor, "manifest");
  checkOwnMediaType(root, descriptor);
  return checkManifest(root);
}

/**
 * Reads an image index (image-spec, image-index.md) or a Docker manifest list.
 *
 * Fields that this package does not know stay in the object. Needs the
 * permissions of the engine; for a layout on disk that is `--allow-read` of
 * its path.
 *
 * @param engine The store that holds the index.
 * @param descriptor The index's descriptor; its size is at most 4 MiB.
 * @returns The index.
 * @throws {UnsupportedMediaTypeError} Where the descriptor is no index's.
 * @throws {InvalidImageError} Where the document is malformed, too large, or
 * says of itself that it is something else than its descriptor says.
 * @throws {VerificationError} Where its bytes are not what the descriptor says.
 * @throws {BlobNotFoundError} Where the store does not hold it.
 *
 * @example
 * ```ts
 * import { createLayout, readIndex } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const mediaType = "application/vnd.oci.image.index.v1+json";
 * const blob = await engine.putBlob(new TextEncoder().encode(JSON.stringify({
 *   schemaVersion: 2,
 *   mediaType,
 *   manifests: [],
 * })));
 *
 * const index = await readIndex(engine, { mediaType, ...blob });
 * assertEquals(index.manifests, []);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function readIndex(
  engine: Engine,
  descriptor: Descriptor,
): Promise<Index> {
  requireKind(descriptor, "index");
  const root = await readDocument(engine, descriptor, "index");
  checkOwnMediaType(root, descriptor);
  return checkIndex(root);
}

/**
 * Reads the configuration of an image (image-spec, config.md), OCI or Docker.
 *
 * Fields that this package does not know stay in the object. Needs the
 * permissions of the engine; for a layout on disk that is `--allow-read` of
 * its path.
 *
 * @param engine The store that holds the configuration.
 * @param manifest The image's manifest.
 * @returns The configuration.
 * @throws {UnsupportedMediaTypeError} Where the manifest is not that of an
 * image, but of another artifact, whose configuration may be anything.
 * @throws {InvalidImageError} Where the document is malformed or too large.
 * @throws {VerificationError} Where its bytes are not what the manifest says.
 * @throws {BlobNotFoundError} Where the store does not hold it.
 *
 * @example
 * ```ts
 * import { createLayout, readImageConfig } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const blob = await engine.putBlob(new TextEncoder().encode(JSON.stringify({
 *   architecture: "arm64",
 *   os: "linux",
 *   rootfs: { type: "layers", diff_ids: [] },
 * })));
 * const mediaType = "application/vnd.oci.image.config.v1+json";
 *
 * const config = await readImageConfig(engine, {
 *   schemaVersion: 2,
 *   config: { mediaType, ...blob },
 *   layers: [],
 * });
 * assertEquals(config.architecture, "arm64");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function readImageConfig(
  engine: Engine,
  manifest: Manifest,
): Promise<ImageConfig> {
  requireKind(manifest.config, "config");
  const root = await readDocument(
    engine,
    manifest.config,
    "image configuration",
  );
  return checkImageConfig(root);
}

const KIND_NAMES: Record<DocumentKind, string> = {
  index: "an image index",
  manifest: "an image manifest",
  config: "an image configuration",
  other: "none of an image's documents",
};

/** Both belong to Docker schema 1; the second one is signed. */
const SCHEMA_1_MEDIA_TYPES = [
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

function requireKind(descriptor: Descriptor, wanted: DocumentKind): void {
  const { mediaType, digest } = descriptor;
  const kind = documentKind(mediaType);
  if (kind === wanted) return;
  const found = SCHEMA_1_MEDIA_TYPES.includes(mediaType)
    ? "a manifest of Docker schema 1, which is not supported; convert the image to OCI first"
    : KIND_NAMES[kind];
  throw new UnsupportedMediaTypeError(
    mediaType,
    `Cannot read ${digest} as ${KIND_NAMES[wanted]}: its media type ${
      quoteName(mediaType)
    } says that it is ${found}`,
  );
}

async function readDocument(
  engine: Engine,
  descriptor: Descriptor,
  kind: string,
): Promise<JsonField> {
  const document = `${kind} ${descriptor.digest}`;
  checkSize(descriptor.digest, descriptor.size);
  checkDocumentSize(descriptor.size, document);
  return parseDocument(
    await toBytes(await engine.getBlob(descriptor)),
    document,
  );
}

/** See CVE-2021-41190: a document must be to everybody what it is to us. */
function checkOwnMediaType(root: JsonField, descriptor: Descriptor): void {
  const own = root.optional("mediaType")?.string();
  if (own === undefined || own === descriptor.mediaType) return;
  throw new InvalidImageError(
    `Cannot read ${root.document}: it calls itself ${
      quoteName(own)
    }, its descriptor calls it ${quoteName(descriptor.mediaType)}`,
  );
}
