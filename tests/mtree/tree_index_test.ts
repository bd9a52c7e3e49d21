/** What an index keeps of a tree, and which index is believed. */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import type { Keywords } from "../../src/mtree/hierarchy.ts";
import { TreeIndex, TreeIndexWriter } from "../../src/mtree/tree_index.ts";
import { inode } from "./fixtures.ts";

const MANIFEST = "0123456789abcdef".repeat(4);
const BEGUN = { seconds: 100, nanoseconds: 500 };

const words = (...words: [string, string][]): Keywords => new Map(words);

/** An index of two directories in a third, with a file in each. */
function written(manifest = MANIFEST): Uint8Array<ArrayBuffer> {
  let text = "";
  const writer = new TreeIndexWriter(BEGUN, (piece) => text += piece);
  writer.enter("", inode({ inode: 1 }), words(["type", "dir"]));
  writer.leaf("f\udcff", inode({ inode: 2 }), words(["link", "x\ny"]));
  for (const name of ["a", "b"]) writer.below(name);
  for (const name of ["a", "b"]) {
    writer.enter(name, inode({ inode: 3 }), words(["mode", name]));
    writer.leaf("same", inode({ inode: 4 }), words(["size", name]));
    const racy = { inode: 5, ctime: BEGUN };
    writer.leaf("racy", inode(racy), words());
    writer.leave();
  }
  writer.leave();
  writer.finish(
    manifest,
    () => createHash("sha256").update(text).digest("hex"),
  );
  return new TextEncoder().encode(text);
}

function parsed(): TreeIndex {
  const index = TreeIndex.parse(written(), MANIFEST);
  assert(index !== undefined);
  return index;
}

Deno.test("an index keeps names, stamps and keywords", () => {
  const root = parsed().find(0, "");
  assertEquals(root?.names, ["f\udcff", "a", "b"]);
  assertEquals(root?.isUnchanged(inode({ inode: 1 })), true);
  assertEquals(root?.isUnchanged(inode({ inode: 2 })), false);
  assertEquals(root?.isLeafUnchanged("f\udcff", inode({ inode: 2 })), true);
  assertEquals(root?.isLeafUnchanged("a", inode({ inode: 3 })), false);
  assertEquals(root?.keywords(), words(["type", "dir"]));
  assertEquals(root?.leafKeywords("f\udcff"), words(["link", "x\ny"]));
  assertEquals([root?.hasLeaf("a"), root?.hasDirectory("a")], [false, true]);
});

Deno.test("an index is gone through over what is passed", () => {
  const index = parsed();
  index.find(0, "");
  assertEquals(index.find(1, "b")?.leafKeywords("same"), words(["size", "b"]));
  assertEquals(index.find(1, "a"), undefined);
});

Deno.test("what changed while the index was made is not trusted", () => {
  const index = parsed();
  index.find(0, "");
  const racy = inode({ inode: 5, ctime: BEGUN });
  assertEquals(index.find(1, "a")?.isLeafUnchanged("racy", racy), false);
});

Deno.test("an index of another manifest is not used", () => {
  assertEquals(TreeIndex.parse(written("f".repeat(64)), MANIFEST), undefined);
});

Deno.test("an index with any byte changed, or cut off, is not used", () => {
  const sound = written();
  for (let i = 0; i < sound.length; i++) {
    const changed = sound.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    const index = TreeIndex.parse(changed, MANIFEST);
    assertEquals(index, undefined, `byte ${i}`);
    // What lacks the last newline alone lacks nothing.
    if (i === sound.length - 1) continue;
    assertEquals(TreeIndex.parse(sound.subarray(0, i), MANIFEST), undefined);
  }
});

for (
  const text of [
    "",
    "\n",
    "{",
    "null",
    "[]",
    '{"version":1,"files":[]}',
    '{"version":2}',
    `{"version":2,"manifest":"${MANIFEST}","index":""}\n`,
  ]
) {
  Deno.test(`nothing is known from ${JSON.stringify(text)}`, () => {
    const bytes = new TextEncoder().encode(text);
    assertEquals(TreeIndex.parse(bytes, MANIFEST), undefined);
  });
}
