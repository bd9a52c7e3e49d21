/**
 * Images in a store, of layers that a test makes up.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Engine } from "../../src/cas/engine.ts";
import { createLayout } from "../../src/cas/layout.ts";
import type { Descriptor, Manifest } from "../../src/oci/image_spec.ts";
import { type RawEntry, rawLayer, streamOf } from "./raw_layer.ts";

export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
export const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

type Algorithm = "sha256" | "sha512";

/** A layer of an image; all but its archive may be left out. */
export interface LayerInput {
  /** The archive: entries, or bytes where it is none. */
  tar: RawEntry[] | Uint8Array;
  /** What its media type says, `application/vnd.oci.image.layer.v1.tar`. */
  mediaType?: string;
  /** How the blob is made of the archive; by the media type unless told. */
  pack?: (tar: Uint8Array) => Uint8Array;
  /** What the descriptor says of the size. */
  size?: number;
  /** What the configuration says of the archive's digest. */
  diffId?: string;
  /** Which digests it has. */
  algorithm?: Algorithm;
}

/** An image in a store of its own. */
export interface Image {
  engine: Engine;
  manifest: Manifest;
  layers: Descriptor[];
  /** Path of a blob's file. */
  blobPath(digest: string): string;
}

/** Puts an image into a new layout. */
export async function buildImage(
  path: string,
  inputs: LayerInput[],
  config: Record<string, unknown> = {},
): Promise<Image> {
  const engine = await createLayout(path);
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const input of inputs) {
    const tar = input.tar instanceof Uint8Array
      ? input.tar
      : rawLayer(input.tar);
    const mediaType = input.mediaType ?? OCI_LAYER;
    const blob = input.pack?.(tar) ?? packFor(mediaType, tar);
    const algorithm = input.algorithm ?? "sha256";
    const digest = digestOf(blob, algorithm);
    if (algorithm === "sha256") {
      await engine.putBlob(streamOf(blob));
    } else {
      Deno.mkdirSync(`${path}/blobs/sha512`, { recursive: true });
      Deno.writeFileSync(`${path}/blobs/${digest.replace(":", "/")}`, blob);
    }
    layers.push({ mediaType, digest, size: input.size ?? blob.length });
    diffIds.push(input.diffId ?? digestOf(tar, algorithm));
  }
  const document = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: diffIds },
    ...config,
  });
  const stored = await engine.putBlob(
    streamOf(new TextEncoder().encode(document)),
  );
  const mediaType = "application/vnd.oci.image.config.v1+json";
  return {
    engine,
    layers,
    manifest: { schemaVersion: 2, config: { mediaType, ...stored }, layers },
    blobPath: (digest) => `${path}/blobs/${digest.replace(":", "/")}`,
  };
}

/** The digest of bytes, as a descriptor has it. */
export function digestOf(bytes: Uint8Array, algorithm: Algorithm): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

function packFor(mediaType: string, tar: Uint8Array): Uint8Array {
  if (mediaType.endsWith("gzip")) return gzipSync(tar);
  if (mediaType.endsWith("zstd")) return zstdCompressSync(tar);
  return tar;
}
