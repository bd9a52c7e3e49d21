/**
 * A tree is walked, changed, compared and packed: what the layer then says,
 * by tables written from the image-spec's layer.md.
 */
import { assertEquals } from "@std/assert";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import type { InodeDelta } from "../../src/mtree/inode_delta.ts";
import { checkTree, walkTree } from "../../src/mtree/walk.ts";
import { unpackLayer } from "../../src/unpack/unpack_layer.ts";
import { testOnHosts } from "../unpack/scratch.ts";
import { readTree } from "../unpack/snapshot.ts";
import { extras, list } from "./listed_layer.ts";

/** The tree that the changes begin with. */
function makeTree(root: string): void {
  Deno.mkdirSync(`${root}/d/e`, { recursive: true });
  Deno.mkdirSync(`${root}/other`);
  Deno.writeTextFileSync(`${root}/d/e/f`, "f");
  Deno.writeTextFileSync(`${root}/d/g`, "g");
  Deno.writeTextFileSync(`${root}/h`, "h");
  Deno.symlinkSync("h", `${root}/s`);
}

const remove = (path: string) => Deno.removeSync(path, { recursive: true });

/** Changes, and the layers that bring them about. */
const CHANGES: [
  name: string,
  change: (root: string) => void,
  layer: string[],
][] = [
  ["nothing", () => {}, []],
  ["a file", (root) => Deno.writeTextFileSync(`${root}/h`, "new"), ["h = new"]],
  ["a mode", (root) => Deno.chmodSync(`${root}/d/e`, 0o700), ["d/e/"]],
  ["a removed file", (root) => remove(`${root}/d/e/f`), ["d/e/.wh.f"]],
  ["a removed directory", (root) => remove(`${root}/d`), [".wh.d"]],
  ["a removed symlink", (root) => remove(`${root}/s`), [".wh.s"]],
  ["a renamed directory", (root) => {
    Deno.renameSync(`${root}/d`, `${root}/z`);
  }, [".wh.d", "z/", "z/e/", "z/e/f = f", "z/g = g"]],
  ["a directory replaced by a file", (root) => {
    remove(`${root}/d`);
    Deno.writeTextFileSync(`${root}/d`, "now a file");
  }, ["d = now a file"]],
  ["a directory replaced by a symlink to one like it", (root) => {
    Deno.renameSync(`${root}/d`, `${root}/z`);
    Deno.symlinkSync("z", `${root}/d`);
  }, ["d -> z", "z/", "z/e/", "z/e/f = f", "z/g = g"]],
  ["a directory below replaced by a symlink", (root) => {
    remove(`${root}/d/e`);
    Deno.symlinkSync("../other", `${root}/d/e`);
  }, ["d/e -> ../other"]],
  ["a file replaced by a directory", (root) => {
    remove(`${root}/h`);
    Deno.mkdirSync(`${root}/h`);
    Deno.writeTextFileSync(`${root}/h/in`, "in");
  }, ["h/", "h/in = in"]],
  ["a symlink replaced by a directory", (root) => {
    remove(`${root}/s`);
    Deno.mkdirSync(`${root}/s`);
  }, ["s/"]],
  ["a symlink replaced by a hard link, whose other name stays", (root) => {
    remove(`${root}/s`);
    Deno.linkSync(`${root}/h`, `${root}/s`);
  }, ["s = h"]],
  ["a directory emptied and filled again", (root) => {
    remove(`${root}/d/e/f`);
    Deno.writeTextFileSync(`${root}/d/e/new`, "new");
  }, ["d/e/.wh.f", "d/e/new = new"]],
  ["names one of which begins with the other", (root) => {
    remove(`${root}/d`);
    remove(`${root}/s`);
    Deno.writeTextFileSync(`${root}/d-`, "");
    Deno.mkdirSync(`${root}/d.d`);
  }, [".wh.d", "d-", "d.d/", ".wh.s"]],
];

for (const [name, change, layer] of CHANGES) {
  testOnHosts(`changes: ${name}`, async (root) => {
    makeTree(root);
    // How many links a directory has is the filesystem's own affair.
    const keywords = ["type", "mode", "link", "sha256"];
    const before = await walkTree(root, { keywords });
    change(root);
    const deltas = await checkTree(root, before);
    assertEquals(await list(root, deltas), layer);
  });

  testOnHosts(`changes: ${name}, unpacked elsewhere`, async (base) => {
    const [here, there] = [`${base}/here`, `${base}/there`];
    for (const root of [here, there]) {
      Deno.mkdirSync(root);
      makeTree(root);
    }
    const before = await walkTree(here);
    change(here);
    const layer = generateLayer(here, await checkTree(here, before));
    await unpackLayer(there, layer);
    assertEquals(readTree(there), readTree(here));
  });
}

testOnHosts(
  "changes: missing paths without their directories",
  async (root) => {
    Deno.writeTextFileSync(`${root}/file`, "");
    Deno.mkdirSync(`${root}/d`);
    Deno.symlinkSync("d", `${root}/s`);
    const deltas: InodeDelta[] = [
      "never/there",
      "file/a/b/c",
      "s/a/b",
      "d/a/b",
      "ab",
      "a",
      "a/b/c",
    ].map((path) => ({ type: "missing", path }));
    assertEquals(await list(root, deltas), [
      ".wh.a",
      ".wh.ab",
      "d/a/.wh.b",
      "never/.wh.there",
    ]);
  },
);

testOnHosts("changes: paths are sorted by their bytes", async (root) => {
  // As UTF-16 the first two would be the other way round.
  const sorted = ["\uffee", "\u{1f600}"];
  const ascii = ["-", "A", "a", "a b", "a.b", "a/b", "aa", "~"];
  Deno.mkdirSync(`${root}/a`);
  const all = [...ascii, ...sorted];
  for (const name of all) {
    if (name !== "a") Deno.writeTextFileSync(`${root}/${name}`, "");
  }
  assertEquals(
    await list(root, extras(...all.toReversed())),
    all.map((name) => name === "a" ? "a/" : name),
  );
});
