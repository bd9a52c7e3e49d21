// A single archive that Strata unpacks is the tree it was made of, or what
// GNU tar extracts from it.
import { join } from "@std/path";
import { assert } from "@std/assert";
import { unpackLayer } from "@strata/layer";
import {
  ARCHIVES,
  NEGATIVE_FRACTIONS,
  type PeerArchive,
  SPARSE_ARCHIVES,
  titleOf,
  writeArchive,
} from "./archives.ts";
import { baseLayer } from "./base.ts";
import { inTemporaryDirectory, run } from "./command.ts";
import { IMAGE_NEEDS } from "./image.ts";
import { interopTest } from "./peers.ts";
import { sampleTree } from "./sample.ts";
import { assertSameTree, scanTree, type Tree } from "./tree.ts";

async function unpackWithStrata(archive: string, root: string): Promise<void> {
  await Deno.mkdir(root);
  const file = await Deno.open(archive);
  await unpackLayer(root, file.readable);
}

interopTest(
  "unpackLayer: the base layer, as GNU tar extracts it",
  IMAGE_NEEDS,
  () =>
    inTemporaryDirectory(async (directory) => {
      const archive = await baseLayer();
      const theirs = join(directory, "gnu");
      const ours = join(directory, "strata");
      await Deno.mkdir(theirs);
      await run("tar", [
        "--extract",
        "--preserve-permissions",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=*",
        `--file=${archive}`,
        `--directory=${theirs}`,
      ]);
      await unpackWithStrata(archive, ours);
      assertSameTree(await scanTree(theirs), await scanTree(ours));
    }),
);

/** The parts of the sample tree that the archive holds. */
function onlyGroups(tree: Tree, groups: string[]): Tree {
  return new Map(
    [...tree].filter(([path]) => groups.includes(path.split("/")[0] ?? "")),
  );
}

for (const archive of [...ARCHIVES, NEGATIVE_FRACTIONS, ...SPARSE_ARCHIVES]) {
  interopTest(
    `unpackLayer: ${titleOf(archive)} of ${archive.groups.join()}`,
    ["root", "python3", archive.writer],
    () =>
      inTemporaryDirectory(async (directory) => {
        const source = await sampleTree();
        const file = join(directory, "archive.tar");
        const root = join(directory, "root");
        await writeArchive(archive, source, file);
        await unpackWithStrata(file, root);
        const expected = onlyGroups(await scanTree(source), archive.groups);
        const actual = onlyGroups(await scanTree(root), archive.groups);
        assertSameTree(expected, actual);
        if (isSparse(archive)) assertHoles(actual);
      }),
  );
}

function isSparse(archive: PeerArchive): boolean {
  return archive.groups.includes("sparse");
}

/** Sparse files take no more room than their data does, block by block. */
function assertHoles(tree: Tree): void {
  for (const { path, size = 0, allocated = 0 } of tree.values()) {
    if (size < 1_000_000) continue;
    assert(
      allocated <= size / 8,
      `${path} takes ${allocated} of ${size} bytes`,
    );
  }
}
