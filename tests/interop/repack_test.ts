// What was changed in a bundle, and nothing else, is what the new layer holds.
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import {
  openLayout,
  readManifest,
  repackBundle,
  resolveReference,
  unpackBundle,
  unpackRootfs,
} from "@strata/layer";
import { inTemporaryDirectory, run, runScript } from "./command.ts";
import { BASE_TAG, IMAGE_NEEDS, imageLayouts } from "./image.ts";
import { blobPath } from "./layout.ts";
import { interopTest, type Need } from "./peers.ts";
import { withImage } from "./strata_image.ts";
import { assertSameTree, type Explanation, scanTree } from "./tree.ts";

const NEEDS: Need[] = [...IMAGE_NEEDS, "runc", "python3"];

/**
 * What change_for_repack.sh changed, as `tar tv` would say it: type, name and,
 * of links, the target. Directories whose contents changed have a new time.
 */
const CHANGED = [
  "d srv/strata/",
  "d srv/strata/added/",
  "d srv/strata/added/sub/",
  "- srv/strata/added/sub/file",
  "- srv/strata/capable",
  "- srv/strata/directory-to-symlink",
  "d srv/strata/file-to-directory/",
  "- srv/strata/file-to-directory/file",
  "p srv/strata/file-to-fifo",
  "- srv/strata/keep/file",
  "- srv/strata/linked",
  "- srv/strata/metadata",
  "d srv/strata/names/",
  "- srv/strata/names/grüße-日本語",
  "- srv/strata/names/not-utf8-\udcff",
  "- srv/strata/names/with\nnewline",
  "- srv/strata/names/with space",
  "c srv/strata/null",
  "h srv/strata/opaque/replaced srv/strata/linked",
  "- srv/strata/pair-1",
  "- srv/strata/pair-2",
  "- srv/strata/renamed",
  "- srv/strata/.wh.lower-file",
  "- srv/strata/.wh.removed-directory",
  "- srv/strata/.wh.removed-file",
  "l srv/strata/symlink-to-file keep",
  "- srv/strata/whited-out",
  "- srv/strata/xattrs",
];

const WHOLE_SECONDS: Explanation = {
  path: /./,
  attributes: ["mtimeNanoseconds"],
  because: "A layer that is generated holds whole seconds.",
};

/** Lists a layer's archive with Python's tarfile, in the form of `CHANGED`. */
async function listLayer(blob: string): Promise<string[]> {
  const script = `
import json, sys, tarfile
letters = {b"0": "-", b"5": "d", b"1": "h", b"2": "l", b"3": "c", b"6": "p"}
lines = []
for entry in tarfile.open(sys.argv[1], encoding="utf-8", errors="surrogateescape"):
    name = entry.name + ("/" if entry.isdir() else "")
    target = " " + entry.linkname if entry.islnk() or entry.issym() else ""
    lines.append(letters[entry.type] + " " + name + target)
json.dump(lines, sys.stdout)
`;
  return JSON.parse(await run("python3", ["-c", script, blob]));
}

interopTest(
  "repackBundle: every kind of change comes back, and only what was changed",
  NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const layout = join(directory, "image");
      await run("cp", ["-r", (await imageLayouts()).gzip, layout]);
      const bundle = join(directory, "bundle");
      await using engine = await openLayout(layout);
      await unpackBundle(engine, BASE_TAG, bundle);
      const rootfs = join(bundle, "rootfs");
      await runScript("sh", "change_for_repack.sh", [rootfs]);
      const changed = await scanTree(rootfs);

      await repackBundle(engine, "repacked", bundle);
      const descriptor = (await resolveReference(engine, "repacked")).at(-1);
      if (descriptor === undefined) throw new Error("there is no new image");
      const layers = (await readManifest(engine, descriptor)).layers;
      assertEquals(layers.length, 2);
      const listed = await listLayer(
        blobPath(layout, layers.at(-1)?.digest ?? ""),
      );
      assertEquals(listed.toSorted(), CHANGED.toSorted());

      const ours = join(directory, "strata");
      await withImage(layout, "repacked", (engine, manifest) =>
        unpackRootfs(engine, ours, manifest));
      assertSameTree(changed, await scanTree(ours), [WHOLE_SECONDS]);

      const theirs = join(directory, "umoci");
      const image = `${layout}:repacked`;
      await run("umoci", ["raw", "unpack", "--image", image, theirs]);
      assertSameTree(changed, await scanTree(theirs), [WHOLE_SECONDS]);

      await checkPeers(layout, directory);
    }),
);

/** What others make of the new image. */
async function checkPeers(layout: string, directory: string): Promise<void> {
  const image = `oci:${layout}:repacked`;
  const inspected = JSON.parse(await run("skopeo", ["inspect", image]));
  assertEquals(inspected.Layers.length, 2);
  const archive = join(directory, "archive.tar");
  await run("skopeo", [
    "copy",
    "--quiet",
    image,
    `docker-archive:${archive}:strata/repacked:latest`,
  ]);
  await run("skopeo", [
    "copy",
    "--quiet",
    image,
    `dir:${join(directory, "dir")}`,
  ]);

  const bundle = join(directory, "umoci bundle");
  await run("umoci", ["unpack", "--image", `${layout}:repacked`, bundle]);
  const path = join(bundle, "config.json");
  const config = JSON.parse(await Deno.readTextFile(path));
  config.process.terminal = false;
  config.process.args = ["/bin/cat", "/srv/strata/added/sub/file"];
  await Deno.writeTextFile(path, JSON.stringify(config));
  const id = `strata-interop-${crypto.randomUUID()}`;
  assertEquals(await run("runc", ["run", "--bundle", bundle, id]), "added\n");
}
