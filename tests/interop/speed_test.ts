// Prints how long the base layer takes; asserts no time, only that it works.
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import { inTemporaryDirectory, run } from "./command.ts";
import { BASE_TAG, IMAGE_NEEDS, imageLayouts } from "./image.ts";
import { interopTest, skippedTest } from "./peers.ts";
import { unpackInProcess } from "./unpack_process.ts";

const TMPFS = "/dev/shm";
const RUNS = 3;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Both in turn, so that what else the machine does hits them alike. */
async function measure(image: string, directory: string) {
  const strata: number[] = [];
  const umoci: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const ours = join(directory, "strata");
    const theirs = join(directory, "umoci");
    strata.push(await timed(() => unpackInProcess(image, BASE_TAG, ours)));
    umoci.push(
      await timed(() =>
        run("umoci", [
          "raw",
          "unpack",
          "--image",
          `${image}:${BASE_TAG}`,
          theirs,
        ])
      ),
    );
    assertEquals(await countFiles(ours), await countFiles(theirs));
    await Deno.remove(ours, { recursive: true });
    await Deno.remove(theirs, { recursive: true });
  }
  return { strata: median(strata), umoci: median(umoci) };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function countFiles(directory: string): Promise<number> {
  return (await run("find", [directory, "-printf", "x"])).length;
}

async function hasTmpfs(): Promise<boolean> {
  try {
    return (await Deno.stat(TMPFS)).isDirectory;
  } catch {
    return false;
  }
}

const NAME = "unpackRootfs: the base layer on tmpfs, beside umoci raw unpack";

if (await hasTmpfs()) {
  interopTest(NAME, IMAGE_NEEDS, async () => {
    const { gzip } = await imageLayouts();
    const { strata, umoci } = await inTemporaryDirectory(
      (directory) => measure(gzip, directory),
      TMPFS,
    );
    console.log(
      `Strata ${strata.toFixed(2)} s, umoci ${umoci.toFixed(2)} s, ratio ${
        (strata / umoci).toFixed(2)
      } (medians of ${RUNS})`,
    );
  });
} else {
  skippedTest(NAME, `there is no ${TMPFS}`);
}
