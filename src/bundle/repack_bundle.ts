/**
 * What was changed in a bundle, as a new image.
 *
 * @module
 */
import { join } from "@std/path/join";
import type { Engine } from "../cas/engine.ts";
import { removeAbandoned } from "../cas/temp_file.ts";
import { updateReference } from "../cas/update_reference.ts";
import { StrataError } from "../errors.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { removeIfThere } from "../host/remove_if_there.ts";
import { generateLayer } from "../generate/generate_layer.ts";
import type { Change } from "../mtree/change_finder.ts";
import type { Hierarchy } from "../mtree/hierarchy.ts";
import { parseMtree } from "../mtree/parse.ts";
import { BUNDLE_KEYWORDS, checkTree } from "../mtree/walk.ts";
import { Mutator } from "../mutate/mutator.ts";
import type { Descriptor, History } from "../oci/image_spec.ts";
import type { Compression } from "../oci/media_type.ts";
import type { RepackOptions, ThreadOptions } from "../options.ts";
import { ROOTFS_NAME } from "../unpack/unpack_manifest.ts";
import { changesByIndex, readTreeIndex, writeTree } from "./bundle_tree.ts";
import {
  type BundleMeta,
  mtreeName,
  readBundleMeta,
  writeBundleMeta,
} from "./umoci_json.ts";

/** How a bundle is repacked. */
export interface RepackBundleOptions extends RepackOptions, ThreadOptions {
  /** Paths of the rootfs at and below which changes do not count. */
  maskPaths?: Iterable<string>;
  /** Whether the image's volumes are such paths; true unless told. */
  maskVolumes?: boolean;
  /** How to compress the layer; `auto`, as the last one, unless told. */
  compression?: Compression | "auto";
  /** The layer's entry in the image's history. */
  history?: History;
  /**
   * Whether files whose inodes did not change since the bundle was unpacked
   * are taken for what they were; true unless told. Otherwise all are read.
   */
  useIndex?: boolean;
  /** Whether the bundle becomes one of the new image (see `refreshBundle`). */
  refresh?: boolean;
}

/**
 * Makes a new image of what was changed in a bundle since it was unpacked, by
 * Strata or by umoci, and gives it a name: the changes become a layer on top
 * of the image the bundle came from. Where nothing was changed the image gets
 * an entry in its history and no layer. The new image has its name only when
 * all of it is stored: whenever this is interrupted, the name stands for the
 * old image or for the new one. Id mappings and `rootless` are those the
 * bundle was unpacked with, unless told.
 *
 * Permissions: those of the engine with `--allow-write`, and
 * `--allow-read=<bundle>`; `--allow-write=<bundle>` for `refresh`, and where
 * something in the rootfs keeps out its owner; for xattrs `--allow-ffi`.
 *
 * @param engine The store that holds the image the bundle came from.
 * @param tag The new image's name; whatever had it before loses it.
 * @param bundle The bundle.
 * @param options How to repack it.
 * @returns The walk to the new image's manifest.
 * @throws {StrataError} Where the directory is no bundle of umoci's kind.
 * @throws {MtreeError} Where the manifest of its tree is malformed.
 * @throws {TarWriteError} Where something in its rootfs has no place in a
 * layer.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import {
 *   createLayout,
 *   Mutator,
 *   readManifest,
 *   repackBundle,
 *   unpackBundle,
 *   updateReference,
 * } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const image = Mutator.create(engine, { os: "linux", architecture: "amd64" });
 * const [root] = await image.commit();
 * if (root !== undefined) await updateReference(engine, "empty", root);
 *
 * await unpackBundle(engine, "empty", `${directory}/bundle`);
 * await Deno.writeTextFile(`${directory}/bundle/rootfs/motd`, "hello\n");
 * const [manifest] = await repackBundle(engine, "new", `${directory}/bundle`);
 * if (manifest !== undefined) {
 *   assertEquals((await readManifest(engine, manifest)).layers.length, 1);
 * }
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function repackBundle(
  engine: Engine,
  tag: string,
  bundle: string,
  options: RepackBundleOptions = {},
): Promise<Descriptor[]> {
  const meta = readBundleMeta(bundle);
  const mutator = await Mutator.open(engine, meta.walk);
  const history: History = {
    created_by: "strata repack",
    author: mutator.config.author,
    ...options.history,
  };
  const changes = await findChanges(bundle, meta, mutator, options);
  if (changes.length === 0) {
    mutator.addHistory(history);
  } else {
    const rootfs = join(bundle, ROOTFS_NAME);
    const layer = generateLayer(rootfs, changes, {
      ...meta.mapOptions,
      ...options,
    });
    await mutator.addLayer(layer, {
      compression: options.compression,
      useThreads: options.useThreads,
      history,
    });
  }
  options.signal?.throwIfAborted();
  const walk = await mutator.commit();
  const [root] = walk;
  if (root !== undefined) await updateReference(engine, tag, root);
  if (options.refresh === true) {
    await refreshBundle(bundle, walk, options);
  }
  return walk;
}

/**
 * Makes a bundle one of the image that its rootfs is now, as after
 * `repackBundle`: the manifest of its tree is made anew, and `umoci.json`
 * names the image. Interrupted, the bundle is what it was before.
 *
 * Permissions: `--allow-read=<bundle> --allow-write=<bundle>`; for xattrs
 * `--allow-ffi`.
 *
 * @param bundle The bundle.
 * @param walk The walk to the image's manifest.
 * @param options The signal that stops the work, and whether files that did
 * not change need not be read.
 * @throws {StrataError} Where the directory is no bundle of umoci's kind.
 * @throws {SystemError} Where something cannot be read or written.
 *
 * @example
 * ```ts ignore
 * import { refreshBundle, repackBundle } from "@strata/layer";
 *
 * const walk = await repackBundle(engine, "new", "bundle");
 * await refreshBundle("bundle", walk);
 * ```
 */
export async function refreshBundle(
  bundle: string,
  walk: Descriptor[],
  options: Pick<RepackBundleOptions, "signal" | "useIndex"> = {},
): Promise<void> {
  const meta = readBundleMeta(bundle);
  // What an interrupted refresh left has nobody else to remove it.
  removeAbandoned(bundle);
  using index = options.useIndex === false
    ? undefined
    : readTreeIndex(bundle, meta.walk);
  await writeTree(bundle, walk, { index }, options.signal);
  await writeBundleMeta(bundle, { ...meta, walk });
  const old = mtreeName(meta.walk);
  if (old !== mtreeName(walk)) removeIfThere(join(bundle, old));
}

async function findChanges(
  bundle: string,
  meta: BundleMeta,
  mutator: Mutator,
  options: RepackBundleOptions,
): Promise<Change[]> {
  const rootfs = join(bundle, ROOTFS_NAME);
  const volumes = options.maskVolumes === false
    ? []
    : Object.keys(mutator.config.config?.Volumes ?? {});
  const maskPaths = [...volumes, ...options.maskPaths ?? []];
  const changes = options.useIndex === false
    ? undefined
    : await changesByIndex(bundle, meta.walk, { ...options, maskPaths });
  return changes ??
    await checkTree(rootfs, await readMtree(bundle, meta), {
      keywords: BUNDLE_KEYWORDS,
      maskPaths,
      simplify: true,
      signal: options.signal,
      onWarning: options.onWarning,
    });
}

async function readMtree(bundle: string, meta: BundleMeta): Promise<Hierarchy> {
  const path = join(bundle, mtreeName(meta.walk));
  const file = await onDisk(`Cannot read ${JSON.stringify(path)}`, async () => {
    try {
      return await Deno.open(path);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new StrataError(
        `Cannot repack ${JSON.stringify(bundle)}: the manifest of its tree, ${
          mtreeName(meta.walk)
        }, is not there; unpack the image again`,
      );
    }
  });
  return await parseMtree(file.readable);
}
