/**
 * The image the suite unpacks. Its layers come from four different writers:
 *
 * 1. a debootstrap root filesystem, archived by GNU tar in PAX format;
 * 2. changes of every kind to it, found and archived by umoci;
 * 3. an opaque directory, inserted by umoci;
 * 4. what no directory gives, written entry by entry by Python's tarfile;
 * 5. sparse files, archived by GNU tar in PAX format (umoci reads no other).
 *
 * @module
 */
import { join } from "@std/path";
import { baseLayer } from "./base.ts";
import { cached } from "./cache.ts";
import { inTemporaryDirectory, run, runScript, scriptPath } from "./command.ts";
import type { Need } from "./peers.ts";
import {
  makeDockerVariant,
  makeUncompressedVariant,
  makeZstdVariant,
} from "./variants.ts";

/** The tag of the image with all its layers. */
export const TAG = "changed";

/** The tag of the image with its base layer alone. */
export const BASE_TAG = "base";

/** What it takes to make the image. */
export const IMAGE_NEEDS: Need[] = [
  "root",
  "debootstrap",
  "umoci",
  "skopeo",
  "tar",
  "python3",
  "setfattr",
  "setcap",
];

/** The image's layouts; all hold the same contents under `TAG`. */
export interface ImageLayouts {
  /** As umoci wrote it, gzip; holds `BASE_TAG` too. */
  gzip: string;
  /** Its layers compressed with zstd. */
  zstd: string;
  /** Its layers uncompressed. */
  uncompressed: string;
  /** With Docker schema 2 media types. */
  docker: string;
}

const RECIPE = [
  new URL(import.meta.url),
  new URL(import.meta.resolve("./base.ts")),
  new URL(import.meta.resolve("./variants.ts")),
  scriptPath("seed_base.sh"),
  scriptPath("change_rootfs.sh"),
  scriptPath("write_raw_layer.py"),
  scriptPath("make_sparse_tree.sh"),
];

/** Makes the image in all its variants, or finds those of an earlier run. */
export async function imageLayouts(): Promise<ImageLayouts> {
  const directory = await cached("image", RECIPE, async (draft) => {
    const layouts = layoutsIn(draft);
    await makeImage(layouts.gzip);
    await makeZstdVariant(layouts.gzip, layouts.zstd, TAG);
    await makeUncompressedVariant(layouts.gzip, layouts.uncompressed, TAG);
    await makeDockerVariant(layouts.gzip, layouts.docker, TAG);
  });
  return layoutsIn(directory);
}

function layoutsIn(directory: string): ImageLayouts {
  return {
    gzip: join(directory, "gzip"),
    zstd: join(directory, "zstd"),
    uncompressed: join(directory, "uncompressed"),
    docker: join(directory, "docker"),
  };
}

async function makeImage(layout: string): Promise<void> {
  const base = await baseLayer();
  await run("umoci", ["init", "--layout", layout]);
  await run("umoci", ["new", "--image", `${layout}:${BASE_TAG}`]);
  await addLayer(layout, BASE_TAG, base);
  await configure(layout);
  await inTemporaryDirectory(async (directory) => {
    await repackChanges(layout, join(directory, "bundle"));
    await insertOpaque(layout, join(directory, "opaque"));
    await addRawLayer(layout, join(directory, "raw.tar"));
    await addSparseLayer(layout, directory);
  });
  await run("umoci", ["gc", "--layout", layout]);
}

async function addLayer(
  layout: string,
  tag: string,
  archive: string,
): Promise<void> {
  await run("umoci", [
    "raw",
    "add-layer",
    "--image",
    `${layout}:${tag}`,
    archive,
  ]);
}

async function configure(layout: string): Promise<void> {
  await run("umoci", [
    "config",
    `--image=${layout}:${BASE_TAG}`,
    "--config.cmd=/bin/sh",
    "--config.env=PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "--config.user=www-data",
    "--config.workingdir=/srv/strata",
    "--config.label=org.example.suite=interop",
  ]);
}

async function repackChanges(layout: string, bundle: string): Promise<void> {
  await run("umoci", ["unpack", "--image", `${layout}:${BASE_TAG}`, bundle]);
  await runScript("sh", "change_rootfs.sh", [join(bundle, "rootfs")]);
  await run("umoci", ["repack", "--image", `${layout}:${TAG}`, bundle]);
}

async function insertOpaque(layout: string, source: string): Promise<void> {
  await Deno.mkdir(source, { mode: 0o750 });
  await Deno.writeTextFile(join(source, "replaced"), "another\n");
  await Deno.writeTextFile(join(source, "new"), "new\n");
  await run("umoci", [
    "insert",
    `--image=${layout}:${TAG}`,
    "--opaque",
    source,
    "/srv/strata/opaque",
  ]);
}

async function addRawLayer(layout: string, archive: string): Promise<void> {
  await runScript("python3", "write_raw_layer.py", [archive]);
  await addLayer(layout, TAG, archive);
}

async function addSparseLayer(
  layout: string,
  directory: string,
): Promise<void> {
  const tree = join(directory, "sparse");
  const archive = join(directory, "sparse.tar");
  await runScript("sh", "make_sparse_tree.sh", [tree]);
  await run("tar", [
    "--create",
    "--format=pax",
    "--sparse",
    "--numeric-owner",
    "--sort=name",
    `--directory=${tree}`,
    `--file=${archive}`,
    "srv/strata/holes",
  ]);
  await addLayer(layout, TAG, archive);
}
