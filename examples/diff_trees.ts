/**
 * Tells what differs between two directories, or between a directory and an
 * mtree manifest of it:
 *
 *     deno run --allow-read --allow-ffi examples/diff_trees.ts BEFORE AFTER
 *
 * BEFORE is a directory or a manifest, as bundles and `bsdtar --format=mtree`
 * have them; AFTER is a directory. `+` is new, `-` is gone, `~` has changed.
 *
 * @module
 */
import { checkTree, parseMtree, walkTree } from "@strata/layer";

const [before, after] = Deno.args;
if (before === undefined || after === undefined) {
  console.error("usage: diff_trees.ts BEFORE AFTER");
  Deno.exit(2);
}
const isDirectory = (await Deno.stat(before)).isDirectory;
const hierarchy = isDirectory
  ? await walkTree(before)
  : await parseMtree((await Deno.open(before)).readable);

const signs = { extra: "+", missing: "-", modified: "~" };
for (const delta of await checkTree(after, hierarchy, { simplify: true })) {
  console.log(`${signs[delta.type]} ${delta.path}`);
  for (const { name, old, new: now } of delta.keys ?? []) {
    console.log(`    ${name}: ${old ?? "nothing"} -> ${now ?? "nothing"}`);
  }
}
