// Manifests that others wrote, compared with the tree itself.
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import {
  checkTree,
  formatMtree,
  hierarchyEntries,
  parseMtree,
} from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import { interopTest } from "./peers.ts";
import { sampleTree } from "./sample.ts";
import { scanTree } from "./tree.ts";

/** Its 9 GiB of zeros would take a minute to hash. */
const LEFT_OUT = "huge";

/** What bsdtar is told to write of each path. */
const OPTION_SETS: (string | undefined)[] = [
  undefined,
  "mtree:all",
  "mtree:all,!use-set",
  "mtree:all,indent",
  "mtree:!all,type,mode,uid,gid,link,size",
  "mtree:cksum,md5,sha1,sha256,sha512",
];

/** Runs the work with a copy of parts of the sample tree. */
function withTree(work: (tree: string) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const sample = await sampleTree();
    const tree = join(directory, "tree");
    await Deno.mkdir(tree);
    for await (const { name } of Deno.readDir(sample)) {
      if (name === LEFT_OUT) continue;
      await run("cp", ["--archive", join(sample, name), tree]);
    }
    await work(tree);
  });
}

async function writtenByBsdtar(tree: string, options?: string) {
  const manifest = await run("bsdtar", [
    "--create",
    "--file=-",
    "--format=mtree",
    ...(options === undefined ? [] : [`--options=${options}`]),
    "--directory",
    tree,
    ".",
  ]);
  return await parseMtree(manifest);
}

const TYPES: Record<string, string> = {
  directory: "dir",
  symlink: "link",
  "character-device": "char",
  "block-device": "block",
};

for (const options of OPTION_SETS) {
  interopTest(
    `mtree: a manifest by bsdtar, ${options ?? "no options"}`,
    ["root", "bsdtar", "python3"],
    () =>
      withTree(async (path) => {
        const hierarchy = await writtenByBsdtar(path, options);
        const tree = await scanTree(path);
        const found = new Map(
          [...hierarchyEntries(hierarchy)].map((entry) => [
            entry.path === "" ? "." : entry.path,
            entry.keywords,
          ]),
        );
        assertEquals(
          [...found.keys()].toSorted(),
          [...tree.keys()].toSorted(),
        );
        for (const [name, keywords] of found) {
          const entry = tree.get(name);
          assert(entry !== undefined);
          const expected: Record<string, string | undefined> = {
            type: TYPES[entry.type] ?? entry.type,
            uid: String(entry.uid),
            gid: String(entry.gid),
            link: entry.target,
            sha256digest: entry.sha256,
          };
          for (const [keyword, value] of Object.entries(expected)) {
            const said = keywords.get(keyword);
            if (said === undefined || value === undefined) continue;
            assertEquals(said, value, `${name}: ${keyword}`);
          }
          const mode = keywords.get("mode");
          // A symlink's mode is 0777 to Linux, and 0755 to bsdtar.
          if (mode !== undefined && entry.type !== "symlink") {
            assertEquals(parseInt(mode, 8), entry.mode, name);
          }
        }
        // What is written of it says the same.
        assertEquals(await parseMtree(formatMtree(hierarchy)), hierarchy);
      }),
  );
}

interopTest(
  "mtree: checkTree finds in a tree what bsdtar found, digests and all",
  ["root", "bsdtar", "python3"],
  () =>
    withTree(async (path) => {
      const hierarchy = await writtenByBsdtar(
        path,
        "mtree:!all,type,uid,gid,size,cksum,md5,sha1,sha256,sha512",
      );
      assertEquals(await checkTree(path, hierarchy), []);
    }),
);
