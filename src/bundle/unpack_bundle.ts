/**
 * An image as a bundle that can be changed and repacked.
 *
 * @module
 */
import { join } from "@std/path/join";
import { readManifest } from "../cas/documents.ts";
import type { Engine } from "../cas/engine.ts";
import { type ResolveOptions, resolveReference } from "../cas/reference.ts";
import { ReferenceNotFoundError, StrataError } from "../errors.ts";
import { KnownFiles } from "../mtree/known_files.ts";
import type { Descriptor } from "../oci/image_spec.ts";
import type { UnpackOptions } from "../options.ts";
import { removeRootfs } from "../unpack/rootfs_directory.ts";
import { ROOTFS_NAME, unpackPlainManifest } from "../unpack/unpack_manifest.ts";
import { INDEX_NAME, writeTree } from "./bundle_tree.ts";
import { mtreeName, writeBundleMeta } from "./umoci_json.ts";

/** How a bundle is unpacked. */
export interface UnpackBundleOptions extends UnpackOptions, ResolveOptions {}

/**
 * Unpacks the image of a name into a bundle as umoci does: `config.json` and
 * `rootfs` (see `unpackManifest`), a manifest of the tree by which
 * `repackBundle` finds what was changed, and `umoci.json`, which says where it
 * came from. umoci repacks such a bundle too. After an error or an abort
 * nothing of it remains.
 *
 * Permissions: those of the engine, and those of `unpackLayer` for `bundle`.
 *
 * @param engine The store that holds the image.
 * @param reference The image's name in it (see `resolveReference`).
 * @param bundle The bundle's directory, made where it is missing.
 * @param options How to unpack it, and which platform is wanted.
 * @returns The walk to the manifest that was unpacked.
 * @throws {ReferenceNotFoundError} Where the store has no such name.
 * @throws {AmbiguousReferenceError} Where the name stands for several images.
 * @throws {BundleExistsError} Where the bundle holds an image already.
 * @throws {LayerError} Where a layer cannot be unpacked; `cause` says why.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import {
 *   createLayout,
 *   Mutator,
 *   unpackBundle,
 *   updateReference,
 * } from "@strata/layer";
 * import { assert } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const image = Mutator.create(engine, { os: "linux", architecture: "amd64" });
 * const [root] = await image.commit();
 * if (root !== undefined) await updateReference(engine, "empty", root);
 *
 * await unpackBundle(engine, "empty", `${directory}/bundle`);
 * const names = [...Deno.readDirSync(`${directory}/bundle`)].map((e) => e.name);
 * assert(names.includes("config.json") && names.includes("umoci.json"));
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function unpackBundle(
  engine: Engine,
  reference: string,
  bundle: string,
  options: UnpackBundleOptions = {},
): Promise<Descriptor[]> {
  const walk = await resolveReference(engine, reference, options);
  const descriptor = walk[walk.length - 1];
  if (descriptor === undefined) {
    throw new ReferenceNotFoundError(
      `Cannot unpack ${JSON.stringify(reference)}: it leads to no manifest`,
    );
  }
  if (options.onDiskFormat?.type === "overlayfs") {
    throw new StrataError(
      "Cannot unpack a bundle of umoci's kind in the overlayfs format; use unpackManifest, whose upper directory holds what is changed",
    );
  }
  const manifest = await readManifest(engine, descriptor);
  // Who is called between the layers may change what was just hashed.
  const files = options.afterLayerUnpack === undefined
    ? new KnownFiles()
    : undefined;
  await unpackPlainManifest(engine, bundle, manifest, options, files);
  try {
    await writeTree(bundle, walk, { files }, options.signal);
    await writeBundleMeta(bundle, { walk, mapOptions: options });
  } catch (error) {
    const names = ["config.json", mtreeName(walk), INDEX_NAME];
    for (const name of names) removeIfThere(join(bundle, name));
    removeRootfs(join(bundle, ROOTFS_NAME), error);
    throw error;
  }
  return walk;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The error that led here says more than this one.
  }
}
