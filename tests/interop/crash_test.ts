// Whenever repackBundle is killed, the image is what it was or what it should
// become, and the next one has a clean start.
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import {
  gc,
  listReferences,
  openLayout,
  readImageConfig,
  readManifest,
  repackBundle,
  resolveReference,
  unpackBundle,
} from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import {
  type BlobDescriptor,
  blobPath,
  type ImageManifest,
  readJson,
} from "./layout.ts";
import { interopTest, type Need } from "./peers.ts";
import { type Repacking, startRepack } from "./repack_process.ts";

const NEEDS: Need[] = ["root", "umoci"];
const TAG = "image";
const KILLS = 25;
const REFRESH_KILLS = 8;

/** The last delays are longer than a run takes, or its end would be missed. */
const SPREAD = 1.3;

interopTest(
  `repackBundle: killed at ${KILLS} points it leaves the old image or the new one`,
  NEEDS,
  () =>
    withChangedBundle(async ({ layout, bundle, directory }) => {
      const { duration, tagged, index } = await repackCopy(
        { layout, tag: TAG, bundle, refresh: false },
        directory,
      );
      const outcomes = new Map(tagged.map((digest) => [digest, 0]));
      let killed = 0;
      for (let i = 0; i < KILLS; i++) {
        const delay = SPREAD * duration * i / KILLS;
        const repacking = { layout, tag: TAG, bundle, refresh: false };
        if (await killAfter(delay, repacking)) killed++;
        const digest = await checkImage(layout);
        const count = outcomes.get(digest);
        assert(count !== undefined, `${digest} is neither of the images`);
        outcomes.set(digest, count + 1);
        // The next one is to begin with the old image as well.
        await Deno.writeTextFile(join(layout, "index.json"), index);
      }
      console.log(
        `${killed} of ${KILLS} were killed; left the old image, the new one: ${[
          ...outcomes.values(),
        ]}`,
      );
      assert(killed > 0, "Every one came to its end before it was killed");
      await checkFreshStart(layout, bundle, join(directory, "unpacked"));
    }),
);

interopTest(
  `repackBundle: killed at ${REFRESH_KILLS} points of a refresh the bundle can be repacked`,
  NEEDS,
  () =>
    withChangedBundle(async ({ layout, bundle, directory }) => {
      const { duration } = await repackCopy(
        { layout, tag: TAG, bundle, refresh: true },
        directory,
      );
      for (let i = 0; i < REFRESH_KILLS; i++) {
        const copy = join(directory, `bundle-${i}`);
        await run("cp", ["--archive", bundle, copy]);
        const delay = SPREAD * duration * (i + 1) / REFRESH_KILLS;
        const repacking = { layout, tag: TAG, bundle: copy, refresh: true };
        await killAfter(delay, repacking);
        await checkImage(layout);

        await Deno.writeTextFile(join(copy, "rootfs/later"), `${i}\n`);
        await using engine = await openLayout(layout);
        await repackBundle(engine, TAG, copy, { refresh: true });
        const unpacked = join(directory, `unpacked-${i}`);
        await checkUnpacked(layout, copy, unpacked);
        await Deno.remove(copy, { recursive: true });
        await Deno.remove(unpacked, { recursive: true });
      }
    }),
);

interface ChangedBundle {
  /** The layout that the bundle came from. */
  layout: string;
  bundle: string;
  /** Where both are. */
  directory: string;
}

/** Runs the work with an image of umoci's and a bundle that was changed. */
function withChangedBundle(
  work: (changed: ChangedBundle) => Promise<void>,
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const layout = join(directory, "layout");
    const bundle = join(directory, "bundle");
    const base = join(directory, "base");
    await Deno.mkdir(base);
    for (let i = 0; i < 200; i++) {
      await Deno.writeTextFile(join(base, `file-${i}`), `${i}\n`);
    }
    const image = `${layout}:${TAG}`;
    await run("umoci", ["init", "--layout", layout]);
    await run("umoci", ["new", "--image", image]);
    await run("umoci", ["insert", "--image", image, base, "/base"]);
    await run("umoci", ["gc", "--layout", layout]);
    {
      await using engine = await openLayout(layout);
      await unpackBundle(engine, TAG, bundle);
    }
    await changeRootfs(join(bundle, "rootfs"));
    await work({ layout, bundle, directory });
  });
}

async function changeRootfs(rootfs: string): Promise<void> {
  await Deno.remove(join(rootfs, "base/file-7"));
  await Deno.writeTextFile(join(rootfs, "base/file-8"), "changed\n");
  await Deno.mkdir(join(rootfs, "added"));
  for (let i = 0; i < 8; i++) {
    const noise = new Uint8Array(512 * 1024);
    for (let at = 0; at < noise.length; at += 65536) {
      crypto.getRandomValues(noise.subarray(at, at + 65536));
    }
    await Deno.writeFile(join(rootfs, `added/noise-${i}`), noise);
  }
}

/** Repacks a copy of it all, to learn how long that takes and what it gives. */
async function repackCopy(
  repacking: Repacking,
  directory: string,
): Promise<{ duration: number; tagged: string[]; index: string }> {
  const layout = join(directory, "layout-copy");
  const bundle = join(directory, "bundle-copy");
  await run("cp", ["--archive", repacking.layout, layout]);
  await run("cp", ["--archive", repacking.bundle, bundle]);
  const index = await Deno.readTextFile(join(layout, "index.json"));
  const old = await checkImage(layout);
  const child = await startRepack({ ...repacking, layout, bundle });
  const start = performance.now();
  const { success } = await child.status;
  assert(success, "It cannot be repacked");
  const duration = performance.now() - start;
  return { duration, tagged: [old, await checkImage(layout)], index };
}

/** Whether it was killed before it came to its end. */
async function killAfter(
  milliseconds: number,
  repacking: Repacking,
): Promise<boolean> {
  const child = await startRepack(repacking);
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It has come to its end, and nobody has said so yet.
      if (!(error instanceof TypeError)) throw error;
    }
  }, milliseconds);
  const { signal } = await child.status;
  clearTimeout(timer);
  return signal === "SIGKILL";
}

/**
 * Checks that umoci, Strata and sha256sum find the image whole.
 *
 * @returns Digest of the manifest that has the tag.
 */
async function checkImage(layout: string): Promise<string> {
  await checkBlobs(layout);
  assertEquals(await run("umoci", ["ls", "--layout", layout]), `${TAG}\n`);
  await run("umoci", ["stat", "--image", `${layout}:${TAG}`]);

  await using engine = await openLayout(layout);
  assertEquals(await listReferences(engine), [TAG]);
  const walk = await resolveReference(engine, TAG);
  const descriptor = walk.at(-1);
  assert(descriptor !== undefined);
  const manifest = await readManifest(engine, descriptor);
  const config = await readImageConfig(engine, manifest);
  assertEquals(config.rootfs.diff_ids.length, manifest.layers.length);
  return descriptor.digest;
}

/** Every blob is what its name says, and nothing that is needed is missing. */
async function checkBlobs(layout: string): Promise<void> {
  const sums = await run("sh", [
    "-c",
    'cd "$1" && sha256sum *',
    "sh",
    join(layout, "blobs/sha256"),
  ]);
  for (const line of sums.trimEnd().split("\n")) {
    const [digest, name] = line.split("  ");
    assertEquals(digest, name);
  }
  for (const { digest, size } of await reachable(layout)) {
    assertEquals((await Deno.stat(blobPath(layout, digest))).size, size);
  }
}

/** What the index leads to. */
async function reachable(layout: string): Promise<BlobDescriptor[]> {
  const { manifests }: { manifests: BlobDescriptor[] } = await readJson(
    join(layout, "index.json"),
  );
  const found = [...manifests];
  for (const { digest } of manifests) {
    const { config, layers }: ImageManifest = await readJson(
      blobPath(layout, digest),
    );
    found.push(config, ...layers);
  }
  return found;
}

/** Nothing is left behind by those who were killed, nor in the way. */
async function checkFreshStart(
  layout: string,
  bundle: string,
  unpacked: string,
): Promise<void> {
  await using engine = await openLayout(layout);
  await gc(engine);
  const needed = new Set(
    (await reachable(layout)).map(({ digest }) => blobPath(layout, digest)),
  );
  for (const name of ["index.json", "oci-layout"]) {
    needed.add(join(layout, name));
  }
  const files = await run("find", [layout, "-type", "f"]);
  assertEquals(files.trimEnd().split("\n").toSorted(), [...needed].toSorted());
  await repackBundle(engine, TAG, bundle);
  await checkImage(layout);
  await checkUnpacked(layout, bundle, unpacked);
}

/** The image is what the bundle holds. */
async function checkUnpacked(
  layout: string,
  bundle: string,
  unpacked: string,
): Promise<void> {
  await run("umoci", ["unpack", "--image", `${layout}:${TAG}`, unpacked]);
  await run("diff", [
    "--recursive",
    join(bundle, "rootfs"),
    join(unpacked, "rootfs"),
  ]);
}
