import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareTrees } from "../../src/mtree/compare.ts";
import type { InodeDelta, KeyDelta } from "../../src/mtree/inode_delta.ts";
import { parseMtree } from "../../src/mtree/parse.ts";
import { hierarchyArbitrary } from "./fixtures.ts";

/** Compares two files named `f`, and gives the keywords that differ. */
function compareFiles(old: string, now: string, keywords?: string[]) {
  const deltas = compareTrees(
    parseMtree(`f ${old}\n`),
    parseMtree(`f ${now}\n`),
    { keywords },
  );
  return deltas.flatMap(({ keys }) => keys ?? []).map(show);
}

function show(delta: KeyDelta): string {
  return `${delta.type} ${delta.name} ${delta.old ?? "-"} ${delta.new ?? "-"}`;
}

function summary(deltas: InodeDelta[]): string[] {
  return deltas.map(({ type, path }) => `${type} ${path}`);
}

// The answers are those of go-mtree 0.5.4, but for those marked: it compares
// names and texts as they are written.
Deno.test("keywords are compared by go-mtree's rules", () => {
  const table: [string, string, string[]][] = [
    ["size=1", "size=1", []],
    ["size=1", "size=2", ["modified size 1 2"]],
    ["size=1", "uid=2", []],
    ["link=a unheard=1", "link=b unheard=2", [
      "modified link a b",
      "modified unheard 1 2",
    ]],
    ["type=file size=1", "type=dir", ["modified type file dir"]],
    ["xattr.user.a=YQ==", "", ["missing xattr.user.a YQ== -"]],
    ["", "xattr.user.a=YQ==", ["extra xattr.user.a - YQ=="]],
    ["xattr.user.a=YQ==", "xattr.user.b=YQ==", [
      "missing xattr.user.a YQ== -",
      "extra xattr.user.b - YQ==",
    ]],
    ["time=1.0", "size=1", ["missing time 1.0 -"]],
    ["size=1", "tar_time=1.0", ["extra tar_time - 1.0"]],
    ["time=1.5", "time=1.6", ["modified time 1.5 1.6"]],
    ["time=1.500000000", "tar_time=1.000000000", []],
    ["tar_time=1.000000000", "time=2.500000000", [
      "modified tar_time 1.000000000 2.000000000",
    ]],
    // go-mtree: nothing
    ["sha256digest=" + "a".repeat(64), "sha256=" + "b".repeat(64), [
      `modified sha256digest ${"a".repeat(64)} ${"b".repeat(64)}`,
    ]],
    ["time=-2.500000000", "tar_time=-2.000000000", []],
    // go-mtree: modified
    ["mode=0755", "mode=755", []],
    ["tar_time=1.5", "tar_time=1.0", []],
  ];
  for (const [old, now, expected] of table) {
    assertEquals(compareFiles(old, now), expected, `${old} | ${now}`);
  }
});

Deno.test("a manifest with both times is compared by both", () => {
  assertEquals(
    compareFiles("time=1.5 tar_time=1.0", "time=1.6 tar_time=2.0"),
    ["modified tar_time 1.0 2.0", "modified time 1.5 1.6"],
  );
  assertEquals(compareFiles("time=1.5 tar_time=1.0", "tar_time=1.0"), []);
});

Deno.test("only the keywords asked for are compared", () => {
  const old = "size=1 mode=0644 xattr.user.a=YQ== time=1.0 md5=" +
    "0".repeat(32);
  const now = "size=2 mode=0600 time=2.0 md5=" + "1".repeat(32);
  const table: [string[], string[]][] = [
    [[], []],
    [["mode"], ["mode"]],
    [["xattr"], ["xattr.user.a"]],
    [["xattrs"], ["xattr.user.a"]],
    [["tar_time"], ["time"]],
    [["md5", "size"], ["md5digest", "size"]],
  ];
  for (const [keywords, expected] of table) {
    const names = compareFiles(old, now, keywords)
      .map((text) => text.split(" ")[1]);
    assertEquals(names, expected);
  }
});

const BEFORE = parseMtree(`
. type=dir
  a type=file size=1
  a-b type=file size=1
  a.d type=dir
    x type=file size=1
    y type=dir
      z type=file size=1
    ..
  ..
  gone type=dir
    deep type=dir
      er type=file size=1
    ..
    too type=file size=1
  ..
  was-dir type=dir
    inside type=file size=1
  ..
  was-file type=file size=1
..
`);

const AFTER = parseMtree(`
. type=dir
  a type=file size=2
  a.d type=dir
    x type=file size=1
    y type=dir
      new type=file size=1
    ..
  ..
  was-dir type=link link=a
  was-file type=dir
    inside type=file size=1
  ..
..
`);

Deno.test("paths are told in the order of their bytes", () => {
  assertEquals(summary(compareTrees(BEFORE, AFTER)), [
    "modified a",
    "missing a-b",
    "extra a.d/y/new",
    "missing a.d/y/z",
    "missing gone",
    "missing gone/deep",
    "missing gone/deep/er",
    "missing gone/too",
    "modified was-dir",
    "missing was-dir/inside",
    "modified was-file",
    "extra was-file/inside",
  ]);
});

Deno.test("simplified, a removed or replaced directory is one delta", () => {
  assertEquals(summary(compareTrees(BEFORE, AFTER, { simplify: true })), [
    "modified a",
    "missing a-b",
    "extra a.d/y/new",
    "missing a.d/y/z",
    "missing gone",
    "modified was-dir",
    "modified was-file",
    "extra was-file/inside",
  ]);
});

Deno.test("nothing is told at or below a masked path", () => {
  const table: [string[], string[]][] = [
    [["gone", "/was-dir/", "/was-file/inside"], [
      "modified a",
      "missing a-b",
      "extra a.d/y/new",
      "missing a.d/y/z",
      "modified was-file",
    ]],
    [["x/../a.d/./y", "/../gone//", "was-dir", "was-file", "a-b"], [
      "modified a",
    ]],
    // A prefix of a name is no directory above it.
    [["/a.d", "/go", "was", "gone/deep"], [
      "modified a",
      "missing a-b",
      "missing gone",
      "missing gone/too",
      "modified was-dir",
      "missing was-dir/inside",
      "modified was-file",
      "extra was-file/inside",
    ]],
  ];
  for (const [maskPaths, expected] of table) {
    assertEquals(summary(compareTrees(BEFORE, AFTER, { maskPaths })), expected);
  }
});

Deno.test("as in umoci, the root masks nothing", () => {
  for (const root of ["/", "", ".", "/.."]) {
    assertEquals(
      compareTrees(BEFORE, AFTER, { maskPaths: [root] }),
      compareTrees(BEFORE, AFTER),
    );
  }
});

Deno.test("the root itself is compared", () => {
  assertEquals(
    summary(
      compareTrees(parseMtree(". mode=0755\n"), parseMtree(". mode=0700\n")),
    ),
    ["modified ."],
  );
  assertEquals(
    summary(compareTrees(BEFORE, parseMtree(""), { simplify: true })),
    ["missing ."],
  );
});

Deno.test("a tree does not differ from itself", () => {
  fc.assert(fc.property(hierarchyArbitrary, (hierarchy) => {
    assertEquals(compareTrees(hierarchy, hierarchy), []);
    assertEquals(compareTrees(hierarchy, structuredClone(hierarchy)), []);
  }));
});

Deno.test("the other way round, what was missing is extra", () => {
  fc.assert(
    fc.property(hierarchyArbitrary, hierarchyArbitrary, (a, b) => {
      assertEquals(compareTrees(b, a), compareTrees(a, b).map(reverse));
    }),
  );
});

function reverse({ type, path, keys }: InodeDelta): InodeDelta {
  const reversed: InodeDelta = { type: reverseType(type), path };
  if (keys !== undefined) reversed.keys = keys.map(reverseKey);
  return reversed;
}

function reverseKey({ type, name, old, new: now }: KeyDelta): KeyDelta {
  const reversed: KeyDelta = { type: reverseType(type), name };
  if (now !== undefined) reversed.old = now;
  if (old !== undefined) reversed.new = old;
  return reversed;
}

function reverseType(type: InodeDelta["type"]): InodeDelta["type"] {
  if (type === "modified") return type;
  return type === "missing" ? "extra" : "missing";
}
