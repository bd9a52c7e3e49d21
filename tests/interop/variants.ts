/**
 * The same image in other clothes: zstd layers, uncompressed layers, Docker
 * schema 2 media types.
 *
 * @module
 */
import { join } from "@std/path";
import { inTemporaryDirectory, run } from "./command.ts";
import {
  addBlob,
  addDocument,
  blobPath,
  createEmptyLayout,
  type ImageManifest,
  readImage,
  readJson,
  setOnlyImage,
} from "./layout.ts";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Media types a variant must have, so that it tests what it says. */
async function assertLayerTypes(
  layout: string,
  tag: string,
  mediaType: string,
): Promise<void> {
  const { layers } = await readImage(layout, tag);
  for (const layer of layers) {
    if (layer.mediaType !== mediaType) {
      throw new Error(
        `Cannot use ${layout}: a layer is ${layer.mediaType}, not ${mediaType}`,
      );
    }
  }
}

/** Copies the image with its layers compressed by zstd; skopeo does it. */
export async function makeZstdVariant(
  from: string,
  to: string,
  tag: string,
): Promise<void> {
  await run("skopeo", [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--dest-compress-format=zstd",
    `oci:${from}:${tag}`,
    `oci:${to}:${tag}`,
  ]);
  await assertLayerTypes(
    to,
    tag,
    "application/vnd.oci.image.layer.v1.tar+zstd",
  );
}

/** Copies the image with its layers uncompressed; gzip does it. */
export async function makeUncompressedVariant(
  from: string,
  to: string,
  tag: string,
): Promise<void> {
  await createEmptyLayout(to);
  const manifest = await readImage(from, tag);
  const layers = [];
  for (const layer of manifest.layers) {
    const file = join(to, "layer.tar");
    // The shell's redirection keeps the layer out of this process.
    await run("sh", [
      "-c",
      'gzip --decompress --stdout < "$1" > "$2"',
      "sh",
      blobPath(from, layer.digest),
      file,
    ]);
    layers.push(
      await addBlob(to, "application/vnd.oci.image.layer.v1.tar", file),
    );
  }
  const config = manifest.config.digest;
  await Deno.copyFile(blobPath(from, config), blobPath(to, config));
  const document = { ...manifest, layers };
  await setOnlyImage(to, tag, await addDocument(to, OCI_MANIFEST, document));
}

/** Copies the image with Docker's media types; skopeo makes the documents. */
export async function makeDockerVariant(
  from: string,
  to: string,
  tag: string,
): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    await run("skopeo", [
      "--insecure-policy",
      "copy",
      "--quiet",
      "--format=v2s2",
      `oci:${from}:${tag}`,
      `dir:${directory}`,
    ]);
    await createEmptyLayout(to);
    const path = join(directory, "manifest.json");
    const manifest: ImageManifest = await readJson(path);
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const hex = digest.replace("sha256:", "");
      await Deno.copyFile(join(directory, hex), blobPath(to, digest));
    }
    // The very bytes that skopeo wrote: their digest is the image's name.
    const copy = join(to, "manifest.json");
    await Deno.copyFile(path, copy);
    await setOnlyImage(to, tag, await addBlob(to, DOCKER_MANIFEST, copy));
  });
  await assertLayerTypes(
    to,
    tag,
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
  );
}
