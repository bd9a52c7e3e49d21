// umoci and Strata work on each other's bundles.
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import {
  checkTree,
  formatMtree,
  type Hierarchy,
  hierarchyEntries,
  openLayout,
  parseMtree,
  readTar,
  repackBundle,
  unpackBundle,
} from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import { IMAGE_NEEDS, imageLayouts, TAG } from "./image.ts";
import { blobPath } from "./layout.ts";
import { interopTest } from "./peers.ts";
import { withImage } from "./strata_image.ts";

/** Runs the work with a copy of the image, and a bundle of it by each. */
function withBundles(
  work: (at: { layout: string; ours: string; theirs: string }) => Promise<void>,
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const layout = join(directory, "image");
    await run("cp", ["-r", (await imageLayouts()).gzip, layout]);
    const ours = join(directory, "strata");
    const theirs = join(directory, "umoci");
    await using engine = await openLayout(layout);
    await unpackBundle(engine, TAG, ours);
    await run("umoci", ["unpack", "--image", `${layout}:${TAG}`, theirs]);
    await work({ layout, ours, theirs });
  });
}

function umociRepack(layout: string, tag: string, bundle: string) {
  return run("umoci", ["repack", "--image", `${layout}:${tag}`, bundle]);
}

async function strataRepack(layout: string, tag: string, bundle: string) {
  await using engine = await openLayout(layout);
  await repackBundle(engine, tag, bundle);
}

/** What the layers say that an image has more than the one it was made of. */
async function newNames(layout: string, tag: string): Promise<string[]> {
  const count = await withImage(
    layout,
    TAG,
    (_, manifest) => Promise.resolve(manifest.layers.length),
  );
  return await withImage(layout, tag, async (_, { layers }) => {
    const names: string[] = [];
    for (const { digest } of layers.slice(count)) {
      const file = await Deno.open(blobPath(layout, digest));
      const tar = file.readable.pipeThrough(new DecompressionStream("gzip"));
      for await (const { name } of readTar(tar)) names.push(name);
    }
    return names;
  });
}

async function readMtree(bundle: string): Promise<Hierarchy> {
  for await (const { name } of Deno.readDir(bundle)) {
    if (!name.endsWith(".mtree")) continue;
    return await parseMtree(await Deno.readTextFile(join(bundle, name)));
  }
  throw new Error(`there is no manifest in ${bundle}`);
}

/** Every path with its keywords, sorted. */
function flat(hierarchy: Hierarchy): [string, string[]][] {
  return [...hierarchyEntries(hierarchy)].map(({ path, keywords }): [
    string,
    string[],
  ] => [path, [...keywords].map(([name, value]) => `${name}=${value}`).sort()])
    .sort(([a], [b]) => a < b ? -1 : 1);
}

interopTest(
  "bundles: each repacks what the other unpacked, with no spurious change",
  IMAGE_NEEDS,
  () =>
    withBundles(async ({ layout, ours, theirs }) => {
      await umociRepack(layout, "ours-by-umoci", ours);
      await strataRepack(layout, "theirs-by-strata", theirs);
      assertEquals(await newNames(layout, "ours-by-umoci"), []);
      assertEquals(await newNames(layout, "theirs-by-strata"), []);
    }),
);

interopTest(
  "bundles: each finds the one change in what the other unpacked",
  IMAGE_NEEDS,
  () =>
    withBundles(async ({ layout, ours, theirs }) => {
      for (const bundle of [ours, theirs]) {
        const rootfs = join(bundle, "rootfs");
        await Deno.writeTextFile(join(rootfs, "etc/motd"), "changed\n");
        await Deno.remove(join(rootfs, "etc/issue"));
      }
      await umociRepack(layout, "ours-by-umoci", ours);
      await strataRepack(layout, "theirs-by-strata", theirs);
      const expected = ["etc/", "etc/.wh.issue", "etc/motd"];
      const sorted = async (tag: string) =>
        (await newNames(layout, tag)).toSorted();
      assertEquals(await sorted("theirs-by-strata"), expected);
      assertEquals(await sorted("ours-by-umoci"), expected);
    }),
);

interopTest(
  "bundles: a tree that umoci wrote is as its manifest says",
  IMAGE_NEEDS,
  () =>
    withBundles(async ({ theirs }) => {
      const hierarchy = await readMtree(theirs);
      assertEquals(await checkTree(join(theirs, "rootfs"), hierarchy), []);
    }),
);

/**
 * umoci gives these directories the time of its unpacking, and of the parent
 * it keeps no time: see unpack_test.ts.
 */
const OWN_TIMES = /^srv\/strata\/orphans(\/no(\/entry(\/for)?)?)?$/;

interopTest(
  "bundles: both write the same manifest",
  IMAGE_NEEDS,
  () =>
    withBundles(async ({ ours, theirs }) => {
      const comparable = async (bundle: string) =>
        flat(await readMtree(bundle)).map(([path, keywords]) =>
          OWN_TIMES.test(path)
            ? [path, keywords.filter((word) => !word.startsWith("tar_time"))]
            : [path, keywords]
        );
      assertEquals(await comparable(ours), await comparable(theirs));
    }),
);

interopTest(
  "bundles: umoci takes the manifest that Strata formats of its own",
  IMAGE_NEEDS,
  () =>
    withBundles(async ({ layout, theirs }) => {
      for await (const { name } of Deno.readDir(theirs)) {
        if (!name.endsWith(".mtree")) continue;
        const path = join(theirs, name);
        const hierarchy = await parseMtree(await Deno.readTextFile(path));
        await Deno.writeTextFile(path, formatMtree(hierarchy));
      }
      await umociRepack(layout, "formatted", theirs);
      assertEquals(await newNames(layout, "formatted"), []);
    }),
);
