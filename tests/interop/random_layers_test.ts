// Whatever order entries come in and whatever they hit, Strata does with them
// what umoci does.
import { join } from "@std/path";
import { assert } from "@std/assert";
import { unpackRootfs } from "@strata/layer";
import { inTemporaryDirectory, run, runScript } from "./command.ts";
import { interopTest } from "./peers.ts";
import { withImage } from "./strata_image.ts";
import { assertSameTree, scanTree, type Tree } from "./tree.ts";

const IMAGES = 300;

interopTest(
  `unpackRootfs: ${IMAGES} images of random layers, as umoci raw unpack`,
  ["root", "umoci", "python3"],
  () =>
    inTemporaryDirectory(async (directory) => {
      const count = String(IMAGES);
      const images = join(directory, "images");
      await runScript("python3", "write_random_images.py", [images, count]);
      const theirs = join(directory, "umoci");
      const ours = join(directory, "strata");
      await Deno.mkdir(theirs);
      await Deno.mkdir(ours);
      const failures: string[] = [];
      let compared = 0;
      for (let seed = 0; seed < IMAGES; seed++) {
        const name = String(seed);
        const layout = join(images, name);
        const keepDirlinks = keepsDirlinks(seed);
        // umoci refuses entries below a file; Strata makes it a directory.
        const rootfs = join(theirs, name);
        if (!await umociUnpacks(layout, rootfs, keepDirlinks)) continue;
        compared++;
        try {
          await withImage(layout, "random", (engine, manifest) =>
            unpackRootfs(engine, join(ours, name), manifest, { keepDirlinks }));
        } catch (error) {
          failures.push(`image ${seed}: ${error}`);
          await Deno.remove(rootfs, { recursive: true });
        }
      }
      assert(compared >= IMAGES / 4, `umoci unpacked only ${compared} images`);
      assert(
        failures.length === 0,
        `umoci unpacks what Strata does not:\n${failures.join("\n")}`,
      );
      assertSameTree(
        comparable(await scanTree(theirs)),
        comparable(await scanTree(ours)),
      );
    }),
);

/** Every other image is unpacked with symlinks to directories kept. */
function keepsDirlinks(seed: number): boolean {
  return seed % 2 === 1;
}

async function umociUnpacks(
  layout: string,
  rootfs: string,
  keepDirlinks: boolean,
): Promise<boolean> {
  const options = keepDirlinks ? ["--keep-dirlinks"] : [];
  const image = `--image=${layout}:random`;
  try {
    await run("umoci", ["raw", "unpack", ...options, image, rootfs]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Leaves out what the two mean to do differently.
 *
 * umoci loses the time of a directory in which it makes a missing parent (see
 * unpack_test.ts), and nobody gave that parent one: most directories here.
 * Where a symlink to a directory is kept, umoci gives the symlink the owner and
 * times of the layer's directory, and Strata the directory it leads to.
 */
function comparable(tree: Tree): Tree {
  const time = { mtimeSeconds: 0, mtimeNanoseconds: 0 };
  return new Map(
    [...tree].map(([path, entry]) => {
      const isDirectory = entry.type === "directory";
      if (
        keepsDirlinks(parseInt(path)) &&
        (isDirectory || entry.type === "symlink")
      ) {
        return [path, { ...entry, ...time, mode: 0, uid: 0, gid: 0 }];
      }
      return [path, isDirectory ? { ...entry, ...time } : entry];
    }),
  );
}
