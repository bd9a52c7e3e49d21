// A layer is the same bytes whenever and wherever it is made of the same tree,
// and GNU tar and bsdtar find in it what Python finds on disk.
import { join } from "@std/path";
import { assertEquals, assertNotEquals } from "@std/assert";
import { inTemporaryDirectory, run } from "./command.ts";
import { generateInProcess } from "./generate_process.ts";
import { blobPath } from "./layout.ts";
import {
  assertSameListing,
  type ListedEntry,
  listWithBsdtar,
  listWithGnuTar,
  sortedByName,
} from "./listing.ts";
import { interopTest, type Need } from "./peers.ts";
import { sampleTree } from "./sample.ts";
import { scanTree, type TreeEntry } from "./tree.ts";

/** What it takes to make the sample tree. */
const TREE_NEEDS: Need[] = ["root", "python3"];

/** Its 9 GiB of zeros would take a minute to compress. */
const LEFT_OUT = "huge";

/** Runs the work with a copy of the sample tree, which it may change. */
function withTree(
  work: (tree: string, directory: string) => Promise<void>,
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const sample = await sampleTree();
    const tree = join(directory, "tree");
    await Deno.mkdir(tree);
    const groups = Array.from(Deno.readDirSync(sample), ({ name }) => name)
      .filter((name) => name !== LEFT_OUT)
      .map((name) => join(sample, name));
    await run("cp", ["--archive", `--target-directory=${tree}`, ...groups]);
    await work(tree, directory);
  });
}

interopTest(
  "generateLayer, compress: the same tree gives the same bytes, on any number of cores",
  TREE_NEEDS,
  () =>
    withTree(async (tree, directory) => {
      const first = await generateInProcess(tree, join(directory, "first"));
      const again = await generateInProcess(tree, join(directory, "again"));
      const oneCore = await generateInProcess(tree, join(directory, "one"), {
        oneCore: true,
      });
      assertEquals(again.digest, first.digest);
      assertEquals(oneCore.digest, first.digest);
    }),
);

interopTest(
  "generateLayer: with sourceDateEpoch it does not matter when files were changed",
  TREE_NEEDS,
  () =>
    withTree(async (tree, directory) => {
      const sourceDateEpoch = Date.parse("2020-01-01T00:00:00Z") / 1000;
      const changed = [
        tree,
        join(tree, "plain"),
        join(tree, "plain/owned"),
        join(tree, "plain/links/symlink"),
      ];
      const generate = async (name: string, time: string) => {
        await run("touch", [
          "--no-dereference",
          `--date=${time}`,
          ...changed,
        ]);
        const plain = await generateInProcess(tree, join(directory, name));
        const clamped = await generateInProcess(
          tree,
          join(directory, `${name}-clamped`),
          { sourceDateEpoch },
        );
        return { plain: plain.digest, clamped: clamped.digest };
      };
      const one = await generate("one", "2024-02-03 04:05:06Z");
      const other = await generate("other", "2025-06-07 08:09:10Z");
      assertNotEquals(other.plain, one.plain);
      assertEquals(other.clamped, one.clamped);
    }),
);

interopTest(
  "generateLayer: GNU tar lists what is on disk",
  [...TREE_NEEDS, "tar"],
  () => checkListing(listWithGnuTar),
);

interopTest(
  "generateLayer: bsdtar lists what is on disk",
  [...TREE_NEEDS, "bsdtar"],
  () => checkListing(listWithBsdtar),
);

function checkListing(
  list: (archive: string) => Promise<ListedEntry[]>,
): Promise<void> {
  return withTree(async (tree, directory) => {
    const layout = join(directory, "image");
    const { digest } = await generateInProcess(tree, layout);
    const listed = (await list(blobPath(layout, digest))).map(nameRoot);
    const scanned = Array.from((await scanTree(tree)).values(), toListed);
    assertSameListing(sortedByName(listed), sortedByName(scanned));
  });
}

/** bsdtar calls the root of a tree `/.`, and GNU tar calls it what it is. */
function nameRoot(entry: ListedEntry): ListedEntry {
  return entry.name === "/." ? { ...entry, name: "." } : entry;
}

/** What is on disk as an archive's listing has it. */
function toListed(entry: TreeEntry): ListedEntry {
  const { path, type, mode, uid, gid, linkGroup } = entry;
  // The name that sorts first holds the contents.
  const isLink = linkGroup !== undefined && linkGroup !== path;
  return {
    type: isLink ? "link" : type,
    name: path,
    mode,
    uid,
    gid,
    mtimeSeconds: entry.mtimeSeconds,
    mtimeNanoseconds: 0,
    size: isLink ? undefined : entry.size,
    sha256: isLink ? undefined : entry.sha256,
    linkName: isLink ? linkGroup : entry.target,
    device: entry.device,
  };
}
