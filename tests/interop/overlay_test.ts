// Layers that the kernel's overlayfs puts on top of each other are the image.
import { join } from "@std/path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  createLayout,
  generateInsertLayer,
  mountOverlay,
  Mutator,
  openLayout,
  type OverlayMount,
  resolveReference,
  TarWriter,
  unmountOverlay,
  unpackManifest,
  unpackRootfs,
  updateReference,
} from "@strata/layer";
import { inTemporaryDirectory, run, scriptPath } from "./command.ts";
import { BASE_TAG, IMAGE_NEEDS, imageLayouts, TAG } from "./image.ts";
import { denoArgs, withOrdinaryUser } from "./ordinary_user.ts";
import { interopTest, type Need } from "./peers.ts";
import { withImage } from "./strata_image.ts";
import {
  assertSameTree,
  type Explanation,
  scanTree,
  type TreeEntry,
} from "./tree.ts";

const NEEDS: Need[] = [...IMAGE_NEEDS, "runc"];

const EXPLANATIONS: Explanation[] = [{
  path: /^srv\/strata\/orphans\/no(\/entry(\/for)?)?$/,
  attributes: ["mtimeSeconds", "mtimeNanoseconds"],
  because: "No entry gives them a time: each unpacking makes them at its own.",
}];

const FORMAT = { type: "overlayfs" } as const;

/** Does something while the layers are mounted. */
async function whileMounted<T>(
  mount: OverlayMount | undefined,
  work: (rootfs: string) => Promise<T>,
): Promise<T> {
  assert(mount !== undefined);
  mountOverlay(mount);
  try {
    return await work(mount.target);
  } finally {
    unmountOverlay(mount);
  }
}

interopTest(
  "overlayfs: the mounted layers are what unpackRootfs makes",
  NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const { gzip } = await imageLayouts();
      const plain = join(directory, "plain");
      const store = join(directory, "store");
      const unpack = (name: string) =>
        withImage(gzip, TAG, (engine, manifest) =>
          unpackManifest(engine, join(directory, name), manifest, {
            onDiskFormat: { ...FORMAT, store },
          }));
      await withImage(gzip, TAG, (engine, manifest) =>
        unpackRootfs(engine, plain, manifest));
      const first = await unpack("first");
      await whileMounted(first, async (rootfs) => {
        assertSameTree(
          await scanTree(plain),
          await scanTree(rootfs),
          EXPLANATIONS,
        );
      });
      // mount(8) takes what mount.json records.
      const second = await unpack("second");
      assert(second !== undefined);
      assertEquals(second.lowerDirectories, first?.lowerDirectories);
      await run("mount", [
        "-t",
        second.type,
        "-o",
        second.options.join(","),
        second.source,
        second.target,
      ]);
      try {
        assertStringIncludes(
          await Deno.readTextFile(join(second.target, "etc/os-release")),
          "PRETTY_NAME",
        );
      } finally {
        await run("umount", [second.target]);
      }
    }),
);

interopTest(
  "overlayfs: more layers than the options of one mount have room for",
  ["root"],
  () =>
    inTemporaryDirectory(async (directory) => {
      await using engine = await createLayout(join(directory, "image"));
      const image = Mutator.create(engine, {
        os: "linux",
        architecture: "amd64",
      });
      for (let i = 0; i < 100; i++) {
        const tar = new TarWriter();
        const added = image.addLayer(tar.readable);
        await tar.add({ name: `f${i}` }, String(i));
        await tar.close();
        await added;
      }
      await image.commit();
      const mount = await unpackManifest(
        engine,
        join(directory, "bundle"),
        image.manifest,
        { onDiskFormat: FORMAT },
      );
      assert((mount?.options.join(",").length ?? 0) > 4096);
      await whileMounted(mount, async (rootfs) => {
        const names = [...Deno.readDirSync(rootfs)].map(({ name }) => name);
        assertEquals(names.length, 100);
        assertEquals(await Deno.readTextFile(join(rootfs, "f0")), "0");
        assertEquals(await Deno.readTextFile(join(rootfs, "f99")), "99");
        await Deno.writeTextFile(join(rootfs, "new"), "new");
      });
      assertEquals(
        await Deno.readTextFile(join(mount?.upperDirectory ?? "", "new")),
        "new",
      );
    }),
);

interopTest(
  "overlayfs: what changes in the upper directory becomes a layer",
  NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const layout = join(directory, "image");
      await run("cp", ["-r", (await imageLayouts()).gzip, layout]);
      const mount = await withImage(layout, BASE_TAG, (engine, manifest) =>
        unpackManifest(engine, join(directory, "bundle"), manifest, {
          onDiskFormat: FORMAT,
        }));
      const changed = await whileMounted(mount, async (rootfs) => {
        await run("sh", [scriptPath("change_rootfs.sh"), rootfs]);
        return await scanTree(rootfs);
      });
      await using engine = await openLayout(layout);
      const walk = await resolveReference(engine, BASE_TAG);
      const mutator = await Mutator.open(engine, walk);
      await mutator.addLayer(
        generateInsertLayer(mount?.upperDirectory, "/", {
          onDiskFormat: FORMAT,
        }),
        { history: { created_by: "overlay test" } },
      );
      const [root] = await mutator.commit();
      assert(root !== undefined);
      await updateReference(engine, "from-upper", root);

      const rootfs = join(directory, "rootfs");
      await withImage(layout, "from-upper", (engine, manifest) =>
        unpackRootfs(engine, rootfs, manifest));
      assertSameTree(changed, await scanTree(rootfs), [{
        path: /./,
        attributes: ["mtimeNanoseconds"],
        because: "A layer holds whole seconds.",
      }, {
        path: /./,
        attributes: ["linkGroup"],
        because:
          "overlayfs copies a name of a lower inode up alone (overlayfs.rst, without index=on).",
      }]);
      // umoci takes the layer as it is.
      const theirs = join(directory, "umoci");
      await run("umoci", [
        "raw",
        "unpack",
        "--image",
        `${layout}:from-upper`,
        theirs,
      ]);
      assertSameTree(await scanTree(theirs), await scanTree(rootfs), [{
        path: /^srv\/strata\/xattrs$/,
        attributes: ["xattrs"],
        because:
          "To Go's archive/tar an empty PAX value means that there is none (pax, «size zero»): umoci drops user.empty.",
      }]);
    }),
);

interopTest(
  "overlayfs: in a user namespace, with userxattr",
  NEEDS,
  () =>
    withOrdinaryUser(async (user) => {
      const layout = await user.give((await imageLayouts()).gzip, "image");
      const options = {
        rootless: true,
        onDiskFormat: {
          type: "overlayfs",
          userXattr: true,
          store: join(user.home, "store"),
        },
      };
      const inNamespace = ["--user", "--map-root-user", "--mount", "deno"];
      const scan = join(user.repository, "tests/interop/scripts/scan_tree.py");
      const seen = await user.run("unshare", [
        ...inNamespace,
        ...denoArgs(user, "bundle_process.ts"),
        "overlay",
        layout,
        TAG,
        join(user.home, "bundle"),
        JSON.stringify(options),
        "python3",
        scan,
        "rootfs",
      ]);
      await user.run("unshare", [
        ...inNamespace,
        ...denoArgs(user, "bundle_process.ts"),
        "unpack",
        layout,
        TAG,
        join(user.home, "plain"),
        JSON.stringify({ rootless: true }),
      ]);
      const plain = await user.run("unshare", [
        "--user",
        "--map-root-user",
        "python3",
        scan,
        join(user.home, "plain/rootfs"),
      ]);
      assertSameTree(toTree(plain), toTree(seen), EXPLANATIONS);
    }),
);

function toTree(json: string) {
  const entries: TreeEntry[] = JSON.parse(json);
  return new Map(entries.map((entry) => [entry.path, entry]));
}

interopTest(
  "overlayfs: examples/overlay.ts runs a container and tells its changes",
  NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const { gzip } = await imageLayouts();
      const example = new URL("../../examples/overlay.ts", import.meta.url);
      const printed = await run(Deno.execPath(), [
        "run",
        "--quiet",
        "--allow-read",
        "--allow-write",
        "--allow-ffi",
        "--allow-run=runc",
        example.href,
        `${gzip}:${BASE_TAG}`,
        join(directory, "store"),
        join(directory, "bundle"),
        "/bin/sh",
        "-c",
        // As the image's user, who may write here.
        "cat /etc/debian_version; echo new > /tmp/new",
      ]);
      const lines = printed.trim().split("\n");
      assertEquals(lines.slice(1), [
        "changed: ./",
        "changed: tmp/",
        "changed: tmp/new",
      ]);
    }),
);
