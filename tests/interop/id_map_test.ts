// Ids that are mapped, by umoci and by Strata alike.
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import {
  openLayout,
  repackBundle,
  unpackBundle,
  unpackRootfs,
} from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import { BASE_TAG, IMAGE_NEEDS, imageLayouts, TAG } from "./image.ts";
import { denoArgs, withOrdinaryUser } from "./ordinary_user.ts";
import { interopTest } from "./peers.ts";
import { withImage } from "./strata_image.ts";
import { assertSameTree, type Explanation, scanTree } from "./tree.ts";

const EXPLANATIONS: Explanation[] = [{
  path: /^srv\/strata\/orphans(\/no(\/entry(\/for)?)?)?$/,
  attributes: ["mtimeSeconds", "mtimeNanoseconds"],
  because: "As in unpack_test.ts: no entry gives them a time.",
}];

/** Several ranges, which together cover what the image has. */
const UID_MAPPINGS = [
  { containerID: 0, hostID: 100000, size: 1000 },
  { containerID: 1000, hostID: 300000, size: 64536 },
  { containerID: 65536, hostID: 1000000, size: 4000000 },
];
const GID_MAPPINGS = [
  { containerID: 0, hostID: 200000, size: 65536 },
  { containerID: 4294967294, hostID: 70000, size: 1 },
  { containerID: 65536, hostID: 4000000, size: 4000000 },
];

function umociArgs(): string[] {
  const args = (flag: string, mappings: typeof UID_MAPPINGS) =>
    mappings.flatMap(({ containerID, hostID, size }) => [
      flag,
      `${containerID}:${hostID}:${size}`,
    ]);
  return [
    ...args("--uid-map", UID_MAPPINGS),
    ...args("--gid-map", GID_MAPPINGS),
  ];
}

const MAPPINGS = { uidMappings: UID_MAPPINGS, gidMappings: GID_MAPPINGS };

interopTest(
  "ids: mapped as umoci raw unpack --uid-map does",
  IMAGE_NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const { gzip } = await imageLayouts();
      const theirs = join(directory, "umoci");
      const ours = join(directory, "strata");
      await run("umoci", [
        "raw",
        "unpack",
        ...umociArgs(),
        "--image",
        `${gzip}:${TAG}`,
        theirs,
      ]);
      await withImage(gzip, TAG, (engine, manifest) =>
        unpackRootfs(engine, ours, manifest, MAPPINGS));
      assertSameTree(
        await scanTree(theirs),
        await scanTree(ours),
        [...EXPLANATIONS, {
          path: /^srv\/strata\/orphans\/no(\/entry(\/for)?)?$/,
          attributes: ["uid", "gid"],
          because:
            "umoci leaves directories that no entry speaks of to the host's root, whom the container does not know; here they are its own root's.",
        }],
      );
    }),
);

interopTest(
  "ids: a mapped bundle repacks to the image's own owners",
  IMAGE_NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const layout = join(directory, "image");
      await run("cp", ["-r", (await imageLayouts()).gzip, layout]);
      const bundle = join(directory, "bundle");
      await using engine = await openLayout(layout);
      await unpackBundle(engine, BASE_TAG, bundle, MAPPINGS);
      const config = JSON.parse(
        await Deno.readTextFile(join(bundle, "config.json")),
      );
      assertEquals(config.linux.uidMappings, UID_MAPPINGS);
      assertEquals(config.linux.gidMappings, GID_MAPPINGS);
      const made = join(bundle, "rootfs/made");
      await Deno.writeTextFile(made, "by an ordinary user of the container");
      await Deno.chown(made, 300005, 200007);
      await repackBundle(engine, "mapped", bundle);

      const rootfs = join(directory, "rootfs");
      await withImage(layout, "mapped", (engine, manifest) =>
        unpackRootfs(engine, rootfs, manifest));
      const tree = await scanTree(rootfs);
      assertEquals(tree.get("made")?.uid, 1005);
      assertEquals(tree.get("made")?.gid, 7);
      assertEquals(tree.get("etc")?.uid, 0);
      // umoci finds nothing to add to what is there.
      await run("umoci", [
        "unpack",
        ...umociArgs(),
        "--image",
        `${layout}:mapped`,
        join(directory, "theirs"),
      ]);
      assertEquals(
        (await Deno.stat(join(directory, "theirs/rootfs/made"))).uid,
        300005,
      );
    }),
);

interopTest(
  "ids: under unshare --map-root-user, as umoci unpack --rootless",
  IMAGE_NEEDS,
  () =>
    withOrdinaryUser(async (user) => {
      const layout = await user.give((await imageLayouts()).gzip, "image");
      const inNamespace = ["--user", "--map-root-user"];
      const ours = join(user.home, "ours");
      const theirs = join(user.home, "theirs");
      await user.run("unshare", [
        ...inNamespace,
        "deno",
        ...denoArgs(user, "bundle_process.ts"),
        "unpack",
        layout,
        TAG,
        ours,
        JSON.stringify({ rootless: true }),
      ]);
      await user.run("unshare", [
        ...inNamespace,
        "umoci",
        "unpack",
        "--rootless",
        "--image",
        `${layout}:${TAG}`,
        theirs,
      ]);
      assertSameTree(
        await scanTree(join(theirs, "rootfs")),
        await scanTree(join(ours, "rootfs")),
        EXPLANATIONS,
      );
    }),
);
