/**
 * An image as a bundle that a container runtime starts.
 *
 * @module
 */
import { join } from "@std/path";
import type { Engine } from "../cas/engine.ts";
import { BundleExistsError } from "../errors.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { readMountFlags } from "../host/mount_flags.ts";
import { requirePermission } from "../host/permission.ts";
import type { Manifest } from "../oci/image_spec.ts";
import type { UnpackOptions } from "../options.ts";
import { runtimeConfig } from "../runtime/runtime_config.ts";
import { removeRootfs } from "./rootfs_directory.ts";
import { unpackRootfs } from "./unpack_rootfs.ts";

/** Name of the directory in a bundle that holds the container's root. */
export const ROOTFS_NAME = "rootfs";

/** Name of the file in a bundle that says how the container is run. */
const CONFIG_NAME = "config.json";

/**
 * Unpacks an image into a runtime bundle: its layers into `rootfs`, and the
 * runtime's `config.json` beside it (see `unpackRootfs` and `runtimeConfig`).
 * The bundle's mode is 0700, so that nobody else reaches the set-id programs
 * of an image that nobody has looked at yet. After an error or an abort
 * neither of the two remains. Follows the image-spec's layer.md and
 * conversion.md, and the runtime-spec's bundle.md.
 *
 * Permissions: those of the engine, and those of `unpackLayer` for `bundle`.
 *
 * @param engine The store that holds the image.
 * @param bundle The bundle's directory, made where it is missing.
 * @param manifest The image's manifest (see `readManifest`).
 * @param options How to unpack it.
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
): Promise<void> {
  const rootfs = join(bundle, ROOTFS_NAME);
  const config = join(bundle, CONFIG_NAME);
  const isNewRootfs = options.startFrom === undefined;
  const isNewBundle = makeBundle(bundle);
  try {
    refuseExisting(config);
    if (isNewRootfs) refuseExisting(rootfs);
    await unpackRootfs(engine, rootfs, manifest, options);
    try {
      await writeConfig(engine, manifest, config, { ...options, rootfs });
    } catch (error) {
      if (isNewRootfs) removeRootfs(rootfs, error);
      throw error;
    }
  } catch (error) {
    if (isNewBundle) removeEmpty(bundle);
    throw error;
  }
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

async function writeConfig(
  engine: Engine,
  manifest: Manifest,
  path: string,
  options: UnpackOptions & { rootfs: string },
): Promise<void> {
  const resolvConfFlags = options.rootless === true
    ? readMountFlags("/etc/resolv.conf")
    : [];
  const spec = await runtimeConfig(engine, manifest, {
    ...options,
    resolvConfFlags,
  });
  const text = `${JSON.stringify(spec, null, 2)}\n`;
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
