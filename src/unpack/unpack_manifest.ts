/**
 * An image as a bundle that a container runtime starts.
 *
 * @module
 */
import { join } from "@std/path/join";
import type { Engine } from "../cas/engine.ts";
import { BundleExistsError } from "../errors.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { readMountFlags } from "../host/mount_flags.ts";
import { requirePermission } from "../host/permission.ts";
import type { KnownFiles } from "../mtree/known_files.ts";
import type { Manifest } from "../oci/image_spec.ts";
import type { UnpackOptions } from "../options.ts";
import type { OverlayMount } from "../overlay/overlay_mount.ts";
import { readInLayers } from "../overlay/read_in_layers.ts";
import { makeConfig, runtimeConfig } from "../runtime/runtime_config.ts";
import { removeRootfs } from "./rootfs_directory.ts";
import {
  makeMount,
  openLayers,
  type OverlayOptions,
  removeMount,
  unpackLayers,
} from "./unpack_overlay.ts";
import { unpackLayersInto } from "./unpack_rootfs.ts";

/** Name of the directory in a bundle that holds the container's root. */
export const ROOTFS_NAME = "rootfs";

/** Name of the file in a bundle that says how the container is run. */
const CONFIG_NAME = "config.json";

/** Name of the file in a bundle that says how its layers are mounted. */
const MOUNT_NAME = "mount.json";

/**
 * Unpacks an image into a runtime bundle: its layers into `rootfs`, and the
 * runtime's `config.json` beside it (see `unpackRootfs` and `runtimeConfig`).
 * The bundle's mode is 0700, so that nobody else reaches the set-id programs
 * of an image that nobody has looked at yet. After an error or an abort
 * neither of the two remains. Follows the image-spec's layer.md and
 * conversion.md, and the runtime-spec's bundle.md.
 *
 * With the overlayfs format each layer is unpacked once, into a directory of
 * its own in the format's `store`, which bundles share; a store takes several
 * programs at a time. The bundle gets an empty `rootfs`, `upper` for what will
 * be changed and `work` for overlayfs itself; `mount.json` records the mount
 * that is returned, for `mountOverlay` or mount(8). A hard link to a file of a
 * lower layer is one to a copy of it.
 *
 * Permissions: those of the engine, and those of `unpackLayer` for `bundle`.
 *
 * @param engine The store that holds the image.
 * @param bundle The bundle's directory, made where it is missing.
 * @param manifest The image's manifest (see `readManifest`).
 * @param options How to unpack it.
 * @returns The mount that makes the rootfs, with the overlayfs format.
 * @throws {BundleExistsError} Where the bundle holds `config.json` or `rootfs`
 * already.
 * @throws {LayerError} Where a layer cannot be unpacked; `cause` says why.
 * @throws {InvalidImageError} Where the image breaks the image-spec.
 * @throws {UnsupportedMediaTypeError} Where a layer is none we can unpack.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import {
 *   createLayout,
 *   ROOTFS_NAME,
 *   TarWriter,
 *   unpackManifest,
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
 *   config: { Cmd: ["cat", "/motd"] },
 *   rootfs: { type: "layers", diff_ids: [layer.digest] },
 * })));
 * const manifest = {
 *   schemaVersion: 2,
 *   config: { mediaType: `${type}.config.v1+json`, ...config },
 *   layers: [{ mediaType: `${type}.layer.v1.tar`, ...layer }],
 * };
 *
 * const bundle = `${directory}/bundle`;
 * await unpackManifest(engine, bundle, manifest);
 * assertEquals(
 *   await Deno.readTextFile(`${bundle}/${ROOTFS_NAME}/motd`),
 *   "hello\n",
 * );
 * const spec = JSON.parse(await Deno.readTextFile(`${bundle}/config.json`));
 * assertEquals(spec.process.args, ["cat", "/motd"]);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function unpackManifest(
  engine: Engine,
  bundle: string,
  manifest: Manifest,
  options: UnpackOptions = {},
): Promise<OverlayMount | undefined> {
  const { onDiskFormat } = options;
  if (onDiskFormat?.type !== "overlayfs") {
    await unpackPlainManifest(engine, bundle, manifest, options);
    return;
  }
  return await inBundle(
    bundle,
    () => unpackApart(engine, bundle, manifest, onDiskFormat, options),
  );
}

/**
 * Unpacks as `unpackManifest` does, all layers into one rootfs.
 *
 * @param engine The store.
 * @param bundle The bundle's directory.
 * @param manifest The image's manifest.
 * @param options The caller's options.
 * @param known Where the digests of files are noted.
 */
export async function unpackPlainManifest(
  engine: Engine,
  bundle: string,
  manifest: Manifest,
  options: UnpackOptions,
  known?: KnownFiles,
): Promise<void> {
  await inBundle(
    bundle,
    () => unpackTogether(engine, bundle, manifest, options, known),
  );
}

/** Does something with a bundle's directory, which goes again if it is new. */
async function inBundle<T>(
  bundle: string,
  work: () => Promise<T>,
): Promise<T> {
  const isNewBundle = makeBundle(bundle);
  try {
    refuseExisting(join(bundle, CONFIG_NAME));
    return await work();
  } catch (error) {
    if (isNewBundle) removeEmpty(bundle);
    throw error;
  }
}

/** All layers into one rootfs. */
async function unpackTogether(
  engine: Engine,
  bundle: string,
  manifest: Manifest,
  options: UnpackOptions,
  known: KnownFiles | undefined,
): Promise<void> {
  const rootfs = join(bundle, ROOTFS_NAME);
  const isNewRootfs = options.startFrom === undefined;
  if (isNewRootfs) refuseExisting(rootfs);
  await unpackLayersInto(engine, rootfs, manifest, options, known);
  try {
    const path = join(bundle, CONFIG_NAME);
    writeNew(
      path,
      await runtimeConfig(engine, manifest, {
        ...options,
        rootfs,
        resolvConfFlags: resolvConfFlags(options),
      }),
    );
  } catch (error) {
    if (isNewRootfs) removeRootfs(rootfs, error);
    throw error;
  }
}

/** Each layer into a directory of its own, and a mount of all of them. */
async function unpackApart(
  engine: Engine,
  bundle: string,
  manifest: Manifest,
  format: OverlayOptions,
  options: UnpackOptions,
): Promise<OverlayMount> {
  const rootfs = join(bundle, ROOTFS_NAME);
  const record = join(bundle, MOUNT_NAME);
  refuseExisting(rootfs);
  refuseExisting(record);
  const layers = await unpackLayers(engine, bundle, manifest, format, options);
  const mount = makeMount(bundle, rootfs, layers, format);
  try {
    using tree = openLayers(layers, format);
    const config = await makeConfig(engine, manifest, {
      ...options,
      rootfs,
      resolvConfFlags: resolvConfFlags(options),
    }, (path, limit) => readInLayers(tree, path, limit));
    writeNew(record, mount);
    try {
      writeNew(join(bundle, CONFIG_NAME), config);
    } catch (error) {
      removeEmpty(record);
      throw error;
    }
  } catch (error) {
    removeMount(mount, error);
    throw error;
  }
  return mount;
}

/** A rootless container binds the host's file, and must repeat its flags. */
function resolvConfFlags({ rootless }: UnpackOptions): string[] {
  return rootless === true ? readMountFlags("/etc/resolv.conf") : [];
}

/** Makes the bundle's directory; false where it was there. */
function makeBundle(bundle: string): boolean {
  const purpose = `Cannot make the bundle ${JSON.stringify(bundle)}`;
  requirePermission("read", bundle, purpose);
  requirePermission("write", bundle, purpose);
  return onDisk(purpose, () => {
    const isNew = !exists(bundle);
    if (isNew) Deno.mkdirSync(bundle, { recursive: true });
    Deno.chmodSync(bundle, 0o700);
    return isNew;
  });
}

function refuseExisting(path: string): void {
  if (!onDisk(`Cannot look at ${JSON.stringify(path)}`, () => exists(path))) {
    return;
  }
  throw new BundleExistsError(
    `Cannot unpack over ${
      JSON.stringify(path)
    }: it is there already; remove it, or name another bundle`,
  );
}

/** A symlink to nothing is there as well. */
function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Writes a document that was not there before. */
function writeNew(path: string, document: unknown): void {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  onDisk(`Cannot write ${JSON.stringify(path)}`, () => {
    try {
      Deno.writeTextFileSync(path, text, { createNew: true, mode: 0o644 });
    } catch (error) {
      // What is there half, if anything, is ours: it was not there before.
      if (!(error instanceof Deno.errors.AlreadyExists)) removeEmpty(path);
      throw error;
    }
  });
}

/** Removes a file or an empty directory, if that is possible. */
function removeEmpty(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The error that led here says more than this one.
  }
}
