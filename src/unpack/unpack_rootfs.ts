/**
 * An image's layers onto the disk, one over the other.
 *
 * @module
 */
import type { Engine } from "../cas/engine.ts";
import { readImageConfig } from "../cas/documents.ts";
import { StrataError } from "../errors.ts";
import type { KnownFiles } from "../mtree/known_files.ts";
import { openRoot } from "../host/open_root.ts";
import type { Manifest } from "../oci/image_spec.ts";
import type { UnpackOptions } from "../options.ts";
import { LayerInputs } from "./layer_input.ts";
import { firstLayer, planLayers } from "./layer_plan.ts";
import { makeRootfs, removeRootfs } from "./rootfs_directory.ts";
import { UnpackShortfalls } from "./shortfalls.ts";
import { checkOptions } from "./unpack_layer.ts";
import { unpackVerified } from "./verified_layer.ts";

/**
 * Unpacks all layers of an image into a new directory. Digest and size of
 * every blob and the diffID of every layer are verified while they pass.
 * After an error or an abort nothing of the directory remains; with
 * `startFrom`, where the directory is the caller's, it is left as it is.
 * Follows the image-spec's layer.md and config.md.
 *
 * Permissions: those of the engine, and those of `unpackLayer` for `rootfs`.
 *
 * @param engine The store that holds the image.
 * @param rootfs The directory, which must not be there yet; with `startFrom`
 * it must be, and hold the layers below that one.
 * @param manifest The image's manifest (see `readManifest`).
 * @param options How to unpack it.
 * @throws {LayerError} Where a layer cannot be unpacked; `cause` says why.
 * @throws {InvalidImageError} Where manifest and configuration do not fit.
 * @throws {UnsupportedMediaTypeError} Where a layer is none we can unpack.
 * @throws {BundleExistsError} Where the directory is there already.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import {
 *   createLayout,
 *   TarWriter,
 *   unpackRootfs,
 * } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 *
 * // An image of one layer, which holds one file.
 * const tar = new TarWriter();
 * const stored = engine.putBlob(tar.readable);
 * const owner = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
 * await tar.add({ name: "motd", ...owner }, "hello\n");
 * await tar.close();
 * const layer = await stored;
 * const type = "application/vnd.oci.image";
 * const config = await engine.putBlob(new TextEncoder().encode(JSON.stringify({
 *   os: "linux",
 *   architecture: "amd64",
 *   rootfs: { type: "layers", diff_ids: [layer.digest] },
 * })));
 * const manifest = {
 *   schemaVersion: 2,
 *   config: { mediaType: `${type}.config.v1+json`, ...config },
 *   layers: [{ mediaType: `${type}.layer.v1.tar`, ...layer }],
 * };
 *
 * await unpackRootfs(engine, `${directory}/rootfs`, manifest);
 * assertEquals(await Deno.readTextFile(`${directory}/rootfs/motd`), "hello\n");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function unpackRootfs(
  engine: Engine,
  rootfs: string,
  manifest: Manifest,
  options: UnpackOptions = {},
): Promise<void> {
  await unpackLayersInto(engine, rootfs, manifest, options);
}

/**
 * Unpacks as `unpackRootfs` does.
 *
 * @param engine The store.
 * @param rootfs The directory.
 * @param manifest The image's manifest.
 * @param options The caller's options.
 * @param known Where the digests of files are noted.
 */
export async function unpackLayersInto(
  engine: Engine,
  rootfs: string,
  manifest: Manifest,
  options: UnpackOptions,
  known?: KnownFiles,
): Promise<void> {
  checkOptions(options);
  if (options.onDiskFormat?.type === "overlayfs") {
    throw new StrataError(
      "Cannot unpack an image into one directory in the overlayfs format: each layer has its own; use unpackManifest",
    );
  }
  options.signal?.throwIfAborted();
  using inputs = new LayerInputs(engine, manifest.layers, options);
  // Its thread begins while the rest is prepared.
  inputs.openAhead(firstLayer(manifest, options.startFrom));
  const config = await readImageConfig(engine, manifest);
  const layers = planLayers(manifest, config, options.startFrom);
  const isNew = options.startFrom === undefined;
  if (isNew) makeRootfs(rootfs);
  try {
    const shortfalls = new UnpackShortfalls(options);
    using root = openRoot(rootfs, "write", shortfalls);
    const unpacking = {
      engine,
      inputs,
      root,
      options,
      shortfalls,
      layerCount: manifest.layers.length,
      known,
    };
    for (const layer of layers) {
      await unpackVerified(unpacking, layer);
      await options.afterLayerUnpack?.(manifest, layer.descriptor);
    }
  } catch (error) {
    if (isNew) removeRootfs(rootfs, error);
    throw error;
  }
}
