// What an ordinary user does with an image, and what root finds of it.
import { join } from "@std/path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { unpackRootfs } from "@strata/layer";
import { inTemporaryDirectory } from "./command.ts";
import { BASE_TAG, IMAGE_NEEDS, imageLayouts, TAG } from "./image.ts";
import { denoArgs, USER_ID, withOrdinaryUser } from "./ordinary_user.ts";
import type { OrdinaryUser } from "./ordinary_user.ts";
import { interopTest, type Need } from "./peers.ts";
import { withImage } from "./strata_image.ts";
import {
  assertSameTree,
  type Explanation,
  scanTree,
  type Tree,
} from "./tree.ts";

const NEEDS: Need[] = [...IMAGE_NEEDS, "runc"];
const ROOTLESS = JSON.stringify({ rootless: true });

const EXPLANATIONS: Explanation[] = [
  {
    path: /^srv\/strata\/orphans(\/no(\/entry(\/for)?)?)?$/,
    attributes: ["mtimeSeconds", "mtimeNanoseconds"],
    because: "As in unpack_test.ts: no entry gives them a time.",
  },
  {
    path: /^srv\/strata\/modes\/(directory|file)-0[04]00$/,
    attributes: ["xattrs"],
    because:
      "umoci sets xattrs when the mode is set, and as an ordinary user may not write to what is read-only: it loses the owner, with a warning.",
  },
];

/** Unpacks with Strata as the user; the bundle. */
async function unpack(
  user: OrdinaryUser,
  layout: string,
  tag = TAG,
): Promise<string> {
  const bundle = join(user.home, `strata bundle of ${tag}`);
  await user.run("deno", [
    ...denoArgs(user, "bundle_process.ts"),
    "unpack",
    layout,
    tag,
    bundle,
    ROOTLESS,
  ]);
  return bundle;
}

function repack(
  user: OrdinaryUser,
  layout: string,
  tag: string,
  bundle: string,
) {
  return user.run("deno", [
    ...denoArgs(user, "bundle_process.ts"),
    "repack",
    layout,
    tag,
    bundle,
  ]);
}

/** The layers that an image has more than the one it was made of. */
async function newLayers(
  layout: string,
  tag: string,
  from = TAG,
): Promise<number> {
  return await layerCount(layout, tag) - await layerCount(layout, from);
}

function layerCount(layout: string, tag: string): Promise<number> {
  return withImage(
    layout,
    tag,
    (_, manifest) => Promise.resolve(manifest.layers.length),
  );
}

interopTest(
  "rootless: unpacked as umoci unpack --rootless does",
  NEEDS,
  () =>
    withOrdinaryUser(async (user) => {
      const layout = await user.give((await imageLayouts()).gzip, "image");
      const ours = await unpack(user, layout);
      const theirs = join(user.home, "umoci bundle");
      const image = `${layout}:${TAG}`;
      await user.run("umoci", [
        "unpack",
        "--rootless",
        "--image",
        image,
        theirs,
      ]);
      assertSameTree(
        await scanTree(join(theirs, "rootfs")),
        await scanTree(join(ours, "rootfs")),
        EXPLANATIONS,
      );
    }),
);

interopTest(
  "rootless: bundles go both ways, and nothing looks changed",
  NEEDS,
  () =>
    withOrdinaryUser(async (user) => {
      const layout = await user.give((await imageLayouts()).gzip, "image");
      const image = (tag: string) => `${layout}:${tag}`;
      const ours = await unpack(user, layout);
      await repack(user, layout, "ours-by-strata", ours);
      // umoci fails on closed directories with a kept owner, which it loses
      // itself when it unpacks; the base has none.
      const base = await unpack(user, layout, BASE_TAG);
      await user.run("umoci", [
        "repack",
        "--image",
        image("base-by-umoci"),
        base,
      ]);
      assertEquals(await newLayers(layout, "base-by-umoci", BASE_TAG), 0);
      const theirs = join(user.home, "umoci bundle");
      await user.run("umoci", [
        "unpack",
        "--rootless",
        "--image",
        image(TAG),
        theirs,
      ]);
      await repack(user, layout, "theirs-by-strata", theirs);
      for (const tag of ["ours-by-strata", "theirs-by-strata"]) {
        assertEquals(await newLayers(layout, tag), 0, tag);
      }
    }),
);

/** Attributes that only root can give: what an ordinary user's image keeps. */
function withoutLosses(tree: Tree): Tree {
  const lost = /^(security\.capability|trusted\..*)$/;
  return new Map([...tree].map(([path, entry]) => {
    const xattrs = Object.fromEntries(
      Object.entries(entry.xattrs).filter(([name]) => !lost.test(name)),
    );
    return [path, { ...entry, xattrs }];
  }));
}

interopTest(
  "rootless: runc runs it, and a change repacks to an image with its owners",
  NEEDS,
  () =>
    withOrdinaryUser(async (user) => {
      const layout = await user.give((await imageLayouts()).gzip, "image");
      const bundle = await unpack(user, layout);
      const path = join(bundle, "config.json");
      const config = JSON.parse(await Deno.readTextFile(path));
      config.process.terminal = false;
      config.process.cwd = "/";
      config.process.user = { uid: 0, gid: 0 };
      config.process.args = [
        "/bin/sh",
        "-c",
        "id -u; cat /etc/os-release; mkdir /made; echo hello > /made/file",
      ];
      await Deno.writeTextFile(path, JSON.stringify(config));
      const printed = await user.run("runc", [
        "--root",
        join(user.home, "runc"),
        "run",
        "--bundle",
        bundle,
        "strata-rootless",
      ]);
      assert(printed.startsWith("0\n"), printed);
      assertStringIncludes(printed, "PRETTY_NAME");
      // As a program in a container that emulates owners leaves it.
      await user.run("setfattr", [
        "-n",
        "user.rootlesscontainers",
        "-v",
        "0x08211022",
        join(bundle, "rootfs/made/file"),
      ]);
      await repack(user, layout, "changed-rootless", bundle);
      assertEquals(await newLayers(layout, "changed-rootless"), 1);

      await inTemporaryDirectory(async (directory) => {
        const [before, after] = ["before", "after"].map((name) =>
          join(directory, name)
        );
        assert(before !== undefined && after !== undefined);
        await withImage(layout, TAG, (engine, manifest) =>
          unpackRootfs(engine, before, manifest));
        await withImage(layout, "changed-rootless", (engine, manifest) =>
          unpackRootfs(engine, after, manifest));
        const tree = await scanTree(after);
        const file = tree.get("made/file");
        assertEquals([file?.uid, file?.gid], [33, 34]);
        const made = tree.get("made");
        assertEquals([made?.uid, made?.gid, made?.mode], [0, 0, 0o755]);
        const rest = new Map(tree);
        rest.delete("made");
        rest.delete("made/file");
        assertSameTree(
          withoutLosses(await scanTree(before)),
          withoutLosses(rest),
          [{
            path: /^(\.|srv\/strata\/orphans\/no.*)$/,
            attributes: ["mtimeSeconds", "mtimeNanoseconds"],
            because:
              "The root was changed; the others have the time of unpacking.",
          }],
        );
      });
    }),
);

interopTest(
  "the whole test suite passes for an ordinary user, in any directory",
  ["root"],
  () =>
    withOrdinaryUser(async (user) => {
      assert(USER_ID !== Deno.uid());
      const printed = await user.run(
        "deno",
        ["task", "test"],
        user.repository,
      );
      assertStringIncludes(printed, " | 0 failed");
      assertStringIncludes(printed, "passed");
    }),
);
