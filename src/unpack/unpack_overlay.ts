/**
 * An image as a bundle whose layers stay apart: each is unpacked once, into a
 * store that bundles share, and one mount puts them on top of each other.
 *
 * @module
 */
import { join } from "@std/path/join";
import { resolve } from "@std/path/resolve";
import { readImageConfig } from "../cas/documents.ts";
import type { Engine } from "../cas/engine.ts";
import { StrataError } from "../errors.ts";
import type { Shortfalls } from "../host/directory.ts";
import { onDisk } from "../host/disk_error.ts";
import { openRoot } from "../host/open_root.ts";
import { Digester } from "../oci/digest.ts";
import type { Digest, Manifest } from "../oci/image_spec.ts";
import type { OnDiskFormat, UnpackOptions } from "../options.ts";
import { inodeMetadata, LowerLayers } from "../overlay/lower_layers.ts";
import { type OverlayMount, overlayMount } from "../overlay/overlay_mount.ts";
import { OverlayXattrs } from "../overlay/overlay_xattrs.ts";
import { LayerInputs } from "./layer_input.ts";
import { planLayers } from "./layer_plan.ts";
import { LayerStore } from "./layer_store.ts";
import { makeRootfs, removeRootfs } from "./rootfs_directory.ts";
import { UnpackShortfalls } from "./shortfalls.ts";
import { checkOptions } from "./unpack_layer.ts";
import { unpackVerified } from "./verified_layer.ts";

/** The format that this is about. */
export type OverlayOptions = Extract<OnDiskFormat, { type: "overlayfs" }>;

const STORE_NAME = "layers";
const UPPER_NAME = "upper";
const WORK_NAME = "work";

/** An image may have over a hundred layers, a process a thousand descriptors. */
const OPEN_IN_EACH = 4;

const IGNORED: Shortfalls = { xattr: () => {}, time: () => {} };

/**
 * Unpacks the layers that the store does not have yet.
 *
 * @param engine The store of the image.
 * @param bundle The bundle's directory.
 * @param manifest The image's manifest.
 * @param format How the layers are kept.
 * @param options The caller's options.
 * @returns The directories of the layers, the uppermost first.
 */
export async function unpackLayers(
  engine: Engine,
  bundle: string,
  manifest: Manifest,
  format: OverlayOptions,
  options: UnpackOptions,
): Promise<string[]> {
  checkOptions(options);
  if (options.startFrom !== undefined) {
    throw new StrataError(
      "Cannot start from a layer in the overlayfs format: the store knows what it has; leave startFrom out",
    );
  }
  options.signal?.throwIfAborted();
  const config = await readImageConfig(engine, manifest);
  const layers = planLayers(manifest, config);
  const store = new LayerStore(
    resolve(format.store ?? join(bundle, STORE_NAME)),
  );
  const shortfalls = new UnpackShortfalls(options);
  const variant = variantOf(format, options);
  const lower: string[] = [];
  using inputs = new LayerInputs(engine, manifest.layers, options);
  let chainId: Digest | undefined;
  for (const layer of layers) {
    chainId = nextChainId(chainId, layer.diffId);
    const name = chainId.replace(":", "-") + variant;
    const { path } = await store.add(name, async (directory) => {
      using root = openRoot(directory, "write", shortfalls);
      using below = openLayers(lower, format);
      const layerCount = layers.length;
      await unpackVerified(
        { engine, inputs, root, options, shortfalls, layerCount, below },
        layer,
      );
    });
    lower.unshift(path);
    await options.afterLayerUnpack?.(manifest, layer.descriptor);
  }
  if (lower.length > 0) return lower;
  // overlayfs wants a layer even where the image has none.
  return [(await store.add(`empty${variant}`, async () => {})).path];
}

/**
 * Opens layers to be looked at as one tree.
 *
 * @param directories The layers' directories, the uppermost first.
 * @param format How the layers are kept.
 * @returns The layers; dispose of them at the end.
 */
export function openLayers(
  directories: readonly string[],
  format: OverlayOptions,
): LowerLayers {
  const roots = directories.map((path) =>
    openRoot(path, "read", IGNORED, OPEN_IN_EACH)
  );
  return new LowerLayers(roots, new OverlayXattrs(format.userXattr === true));
}

/**
 * Makes what a bundle has of its own: the directory to mount on, one for
 * changes, and one for overlayfs to work in.
 *
 * @param bundle The bundle's directory.
 * @param rootfs The directory to mount on.
 * @param layers The layers' directories, the uppermost first.
 * @param format How the layers are kept.
 * @returns The mount.
 */
export function makeMount(
  bundle: string,
  rootfs: string,
  layers: string[],
  format: OverlayOptions,
): OverlayMount {
  const upper = resolve(bundle, UPPER_NAME);
  const work = resolve(bundle, WORK_NAME);
  const isUser = format.userXattr === true;
  makeRootfs(rootfs);
  const made = [rootfs];
  try {
    makeRootfs(upper);
    made.push(upper);
    copyRootMetadata(layers, upper, format);
    onDisk(`Cannot make ${JSON.stringify(work)}`, () => Deno.mkdirSync(work));
  } catch (error) {
    for (const path of made) removeRootfs(path, error);
    throw error;
  }
  return overlayMount(resolve(rootfs), layers, upper, work, isUser);
}

/**
 * Removes what `makeMount` made.
 *
 * @param mount The mount.
 * @param cause The error after which it is removed.
 */
export function removeMount(mount: OverlayMount, cause: unknown): void {
  const { target, upperDirectory, workDirectory } = mount;
  for (const path of [target, upperDirectory, workDirectory]) {
    removeRootfs(path, cause);
  }
}

/** The root that the mount shows is the uppermost directory. */
function copyRootMetadata(
  layers: string[],
  upper: string,
  format: OverlayOptions,
): void {
  using below = openLayers(layers.slice(0, 1), format);
  const top = below.lookup("");
  if (top === undefined) return;
  using root = openRoot(upper, "write", IGNORED);
  const xattrs = new OverlayXattrs(format.userXattr === true);
  root.directory("")?.setOwnMetadata(inodeMetadata(top, xattrs));
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid */
function nextChainId(below: Digest | undefined, diffId: Digest): Digest {
  if (below === undefined) return diffId;
  const digester = new Digester("sha256");
  digester.update(new TextEncoder().encode(`${below} ${diffId}`));
  return digester.digest();
}

/** Tells apart what one layer becomes under different options. */
function variantOf(format: OverlayOptions, options: UnpackOptions): string {
  const { uidMappings, gidMappings, rootless, keepDirlinks } = options;
  const variant = JSON.stringify({
    uidMappings,
    gidMappings,
    rootless: rootless || undefined,
    keepDirlinks: keepDirlinks || undefined,
    userXattr: format.userXattr || undefined,
  });
  if (variant === "{}") return "";
  const digester = new Digester("sha256");
  digester.update(new TextEncoder().encode(variant));
  return `-${digester.digest().slice("sha256:".length, 23)}`;
}
