/**
 * Image layouts written and read by hand, without Strata.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @module
 */
import { join } from "@std/path";
import { run } from "./command.ts";

/** A descriptor, as far as the suite uses it. */
export interface BlobDescriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** A manifest, as far as the suite uses it. */
export interface ImageManifest {
  schemaVersion: number;
  mediaType?: string;
  config: BlobDescriptor;
  layers: BlobDescriptor[];
}

/** Makes an empty layout. */
export async function createEmptyLayout(layout: string): Promise<void> {
  await Deno.mkdir(join(layout, "blobs/sha256"), { recursive: true });
  await Deno.writeTextFile(
    join(layout, "oci-layout"),
    JSON.stringify({ imageLayoutVersion: "1.0.0" }),
  );
}

/** Path of a blob. */
export function blobPath(layout: string, digest: string): string {
  return join(layout, "blobs", digest.replace(":", "/"));
}

/** Moves a file into the layout. */
export async function addBlob(
  layout: string,
  mediaType: string,
  file: string,
): Promise<BlobDescriptor> {
  const digest = await sha256Of(file);
  const { size } = await Deno.stat(file);
  await Deno.rename(file, blobPath(layout, digest));
  return { mediaType, digest, size };
}

/** Adds a JSON document to the layout. */
export async function addDocument(
  layout: string,
  mediaType: string,
  document: unknown,
): Promise<BlobDescriptor> {
  const file = join(layout, "document.json");
  await Deno.writeTextFile(file, JSON.stringify(document));
  return await addBlob(layout, mediaType, file);
}

/** Makes the manifest the layout's only image, under the given tag. */
export async function setOnlyImage(
  layout: string,
  tag: string,
  manifest: BlobDescriptor,
): Promise<void> {
  const annotations = { "org.opencontainers.image.ref.name": tag };
  await Deno.writeTextFile(
    join(layout, "index.json"),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...manifest, annotations }],
    }),
  );
}

/** Reads the manifest of a tag of the top-level index. */
export async function readImage(
  layout: string,
  tag: string,
): Promise<ImageManifest> {
  const index: {
    manifests: (BlobDescriptor & { annotations?: Record<string, string> })[];
  } = await readJson(join(layout, "index.json"));
  const descriptor = index.manifests.find(({ annotations }) =>
    annotations?.["org.opencontainers.image.ref.name"] === tag
  );
  if (descriptor === undefined) {
    throw new Error(`Cannot find the tag ${tag} in ${layout}/index.json`);
  }
  return await readJson(blobPath(layout, descriptor.digest));
}

/** Digest of a file, taken by sha256sum. */
export async function sha256Of(file: string): Promise<string> {
  const [hex] = (await run("sha256sum", [file])).split(" ");
  return `sha256:${hex}`;
}

/** Reads a JSON file whose shape the caller knows. */
export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(path));
}
