// The image that Strata unpacks is the image that umoci unpacks.
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { unpackManifest, unpackRootfs, type Warning } from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import { IMAGE_NEEDS, type ImageLayouts, imageLayouts, TAG } from "./image.ts";
import { interopTest } from "./peers.ts";
import { withImage } from "./strata_image.ts";
import {
  assertSameTree,
  type Explanation,
  scanTree,
  type Tree,
} from "./tree.ts";

const EXPLANATIONS: Explanation[] = [
  {
    path: /^srv\/strata\/orphans\/no(\/entry(\/for)?)?$/,
    attributes: ["mtimeSeconds", "mtimeNanoseconds"],
    because:
      "No entry gives these directories a time (image-spec, layer.md): both make them now.",
  },
  {
    path: /^srv\/strata\/orphans$/,
    attributes: ["mtimeSeconds", "mtimeNanoseconds"],
    because:
      "The base layer gave this directory its time and no later entry is about it. umoci makes `no/entry/for` in it and sets back the time of the last new parent only.",
  },
];

let reference: Promise<Tree> | undefined;

/** What umoci makes of the gzip image: it reads no zstd. */
function umociTree(layouts: ImageLayouts): Promise<Tree> {
  reference ??= inTemporaryDirectory(async (directory) => {
    const rootfs = join(directory, "rootfs");
    const image = `${layouts.gzip}:${TAG}`;
    await run("umoci", ["raw", "unpack", "--image", image, rootfs]);
    return await scanTree(rootfs);
  });
  return reference;
}

const VARIANTS: (keyof ImageLayouts)[] = [
  "gzip",
  "zstd",
  "uncompressed",
  "docker",
];

for (const variant of VARIANTS) {
  interopTest(
    `unpackRootfs: ${variant} image, as umoci raw unpack`,
    IMAGE_NEEDS,
    () =>
      inTemporaryDirectory(async (directory) => {
        const layouts = await imageLayouts();
        const rootfs = join(directory, "rootfs");
        const warnings: Warning[] = [];
        await withImage(layouts[variant], TAG, (engine, manifest) =>
          unpackRootfs(engine, rootfs, manifest, {
            onWarning: (warning) =>
              warnings.push(warning),
          }));
        assertEquals(warnings, []);
        const tree = await scanTree(rootfs);
        assertSameTree(await umociTree(layouts), tree, EXPLANATIONS);
        // The other side of the explanation: what seed_base.sh set.
        assertEquals(tree.get("srv/strata/orphans")?.mtimeSeconds, 981173106);
      }),
  );
}

interopTest(
  "unpackManifest: bundle, as umoci unpack",
  IMAGE_NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const { gzip } = await imageLayouts();
      const theirs = join(directory, "umoci");
      const ours = join(directory, "strata");
      await run("umoci", ["unpack", "--image", `${gzip}:${TAG}`, theirs]);
      await withImage(
        gzip,
        TAG,
        (engine, manifest) => unpackManifest(engine, ours, manifest),
      );
      assertSameTree(
        await scanTree(join(theirs, "rootfs")),
        await scanTree(join(ours, "rootfs")),
        EXPLANATIONS,
      );
      assertEquals((await Deno.stat(ours)).mode, 0o40700);
    }),
);

// A reference that lost what the layers say would make any comparison hold.
interopTest(
  "the image holds what the recipe says",
  IMAGE_NEEDS,
  async () => {
    const tree = await umociTree(await imageLayouts());
    const get = (path: string) => {
      const entry = tree.get(`srv/strata/${path}`);
      assert(entry !== undefined, `${path} is missing`);
      return entry;
    };
    for (
      const path of [
        "removed-file",
        "removed-directory",
        "whited-out",
        "whited-out-directory",
        "opaque/hidden",
        "opaque/sub",
        "marked/hidden",
        "marked/sub",
        "directory-to-symlink/inside",
        ".wh..wh.plnk",
      ]
    ) {
      assertEquals(tree.has(`srv/strata/${path}`), false, path);
    }
    assert(!tree.has("usr/share/common-licenses"));
    assert(tree.has("usr/lib/strata.txt"));
    assertEquals(get("directory-to-symlink").target, "symlink-target");
    assertEquals(get("file-to-directory").type, "directory");
    assertEquals(get("file-to-fifo").type, "fifo");
    assertEquals(get("modes/file-7777").mode, 0o7777);
    assertEquals(get("ids/large").uid, 3000000);
    assertEquals(get("ids/large").gid, 4294967294);
    assertEquals(get("times/before-1970").mtimeSeconds, -315619200);
    assertEquals(get("fraction").mtimeNanoseconds, 987654321);
    assertEquals(get("links/b/second").linkGroup, "srv/strata/links/a/first");
    assertEquals(get("link-to-lower").linkGroup, "srv/strata/keep/file");
    assertEquals(get("special/block").device, "7:200");
    assertEquals(get("special/large").device, "259:1048575");
    assertEquals(Object.keys(get("special/cat-with-capability").xattrs), [
      "security.capability",
    ]);
    assertEquals(get("xattrs").xattrs, {
      "user.binary": "00ff0a3d0d80fe00",
      "user.changes": "6166746572",
      "user.stays": "73616d65",
    });
    assertEquals(get("names/not-utf8-\udcff\udcfe").size, 1);
    assertEquals(get("marked/new").size, 4);
    assertEquals(get("opaque/new").size, 4);
    assertEquals(get("holes/many-extents").size, 64 * 2 ** 20);
  },
);
