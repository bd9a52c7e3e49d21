// Memory stays flat, whatever the size of a tree that becomes a layer, and
// nothing stays open or lies around where that is stopped halfway.
import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  compress,
  createLayout,
  type Engine,
  generateLayer,
  Mutator,
  repackBundle,
  unpackBundle,
  updateReference,
} from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import { generateInProcess, wholeTree } from "./generate_process.ts";
import { interopTest } from "./peers.ts";

const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;
const MOST_MEMORY = 250_000_000;

interopTest(
  `generateLayer: a tree of 3 GiB in less than ${MOST_MEMORY} bytes of memory`,
  [],
  () =>
    inTemporaryDirectory(async (directory) => {
      const tree = join(directory, "tree");
      await Deno.mkdir(join(tree, "below"), { recursive: true });
      await writeHoles(join(tree, "below/holes"), GIBIBYTE);
      await writeHoles(join(tree, "mixed"), 1.5 * GIBIBYTE);
      await writeNoise(join(tree, "mixed"), 700 * MEBIBYTE, 20 * MEBIBYTE);
      await writeHoles(join(tree, "more-holes"), GIBIBYTE / 2);
      await writeNoise(join(tree, "noise"), 0, 50 * MEBIBYTE);

      const layout = join(directory, "image");
      const { size, peak } = await generateInProcess(tree, layout);
      assert(size > 70 * MEBIBYTE, `${size} bytes cannot hold all the noise`);
      console.log(`Peak memory: ${Math.round(peak / 1e6)} MB`);
      assert(peak < MOST_MEMORY, `The process used ${peak} bytes of memory`);
    }),
);

interopTest(
  "repackBundle: aborted halfway it leaves nothing open and nothing behind",
  [],
  () =>
    withBigBundle(async (engine, layout, bundle) => {
      const directory = join(layout, "..");
      const before = await listFiles(layout);
      const abort = new AbortController();
      const reason = new Error("Enough");
      await assertRejects(
        () =>
          repackBundle(engine, "new", bundle, {
            compression: "gzip",
            signal: abort.signal,
            onProgress({ bytesOut }) {
              if (bytesOut > GIBIBYTE / 8) abort.abort(reason);
            },
          }),
        Error,
        "Enough",
      );
      assertEquals(openPaths(directory), []);
      assertEquals(await listFiles(layout), before);
    }),
);

interopTest(
  "compress, generateLayer: cancelled halfway they leave nothing open",
  [],
  () =>
    withBigBundle(async (_engine, _layout, bundle) => {
      const rootfs = join(bundle, "rootfs");
      const layer = generateLayer(rootfs, await wholeTree(rootfs));
      const reader = compress(layer, "gzip").getReader();
      let size = 0;
      while (size < 8 * MEBIBYTE) {
        const { value } = await reader.read();
        assert(value !== undefined, "The layer ended before it was cancelled");
        size += value.length;
      }
      assertEquals(openPaths(bundle), [rootfs, join(rootfs, "big")]);
      await reader.cancel();
      assertEquals(openPaths(bundle), []);
    }),
);

interopTest(
  "Engine: disposed of halfway it leaves nothing open and nothing behind",
  [],
  () =>
    withBigBundle(async (engine, layout, bundle) => {
      const before = await listFiles(layout);
      const rootfs = join(bundle, "rootfs");
      const halfway = Promise.withResolvers<void>();
      const layer = generateLayer(rootfs, await wholeTree(rootfs), {
        onProgress({ bytesOut }) {
          if (bytesOut > GIBIBYTE / 8) halfway.resolve();
        },
      });
      const image = Mutator.create(engine, { os: "linux", architecture: "" });
      const adding = assertRejects(() => image.addLayer(layer));
      await halfway.promise;
      await engine[Symbol.asyncDispose]();
      await adding;
      assertEquals(openPaths(join(layout, "..")), []);
      assertEquals(await listFiles(layout), before);
    }),
);

/** Runs the work with a bundle to which a file of 256 MiB was added. */
function withBigBundle(
  work: (engine: Engine, layout: string, bundle: string) => Promise<void>,
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const layout = join(directory, "image");
    const bundle = join(directory, "bundle");
    await using engine = await createLayout(layout);
    const image = Mutator.create(engine, { os: "linux", architecture: "" });
    const [manifest] = await image.commit();
    assert(manifest !== undefined);
    await updateReference(engine, "empty", manifest);
    await unpackBundle(engine, "empty", bundle, {
      rootless: Deno.uid() !== 0,
    });
    const big = join(bundle, "rootfs/big");
    await writeHoles(big, GIBIBYTE / 4);
    await writeNoise(big, 0, 16 * MEBIBYTE);
    await work(engine, layout, bundle);
  });
}

async function writeHoles(file: string, size: number): Promise<void> {
  await Deno.create(file).then((created) => created.close());
  await Deno.truncate(file, size);
}

/** Writes what no compression makes smaller. */
async function writeNoise(
  path: string,
  offset: number,
  size: number,
): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  await file.seek(offset, Deno.SeekMode.Start);
  const noise = new Uint8Array(MEBIBYTE);
  for (let written = 0; written < size; written += noise.length) {
    for (let i = 0; i < noise.length; i += 65536) {
      crypto.getRandomValues(noise.subarray(i, i + 65536));
    }
    file.writeSync(noise);
  }
}

/** What this process has open at and below a directory, sorted. */
function openPaths(directory: string): string[] {
  const paths: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      paths.push(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      // It was the descriptor by which the list was read.
    }
  }
  const real = Deno.realPathSync(directory);
  return paths.filter((path) => path.startsWith(real)).toSorted();
}

async function listFiles(directory: string): Promise<string[]> {
  const listed = await run("find", [directory, "-type", "f"]);
  return listed.split("\n").toSorted();
}
