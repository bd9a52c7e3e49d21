/** What each kind of entry makes of a tree: DESIGN.md, section 4. */
import { assert, assertEquals } from "@std/assert";
import type { RawEntry } from "./raw_layer.ts";
import { testOnHosts, unpack } from "./scratch.ts";
import { isSameInode, readTree, type Tree } from "./snapshot.ts";

const file = (name: string, body = "x"): RawEntry => ({ name, body });
const symlink = (name: string, linkName: string): RawEntry => ({
  name,
  type: "2",
  linkName,
});
const link = (name: string, linkName: string): RawEntry => ({
  name,
  type: "1",
  linkName,
});

/** Layers and the tree they make; a plain row of the table. */
interface Row {
  name: string;
  layers: RawEntry[][];
  tree: Tree;
  keepDirlinks?: boolean;
}

const ROWS: Row[] = [
  {
    name: "a directory over a directory keeps the children",
    layers: [[file("d/a"), file("d/b")], [{ name: "d/", mode: 0o700 }]],
    tree: { "d": "dir", "d/a": "file x", "d/b": "file x" },
  },
  {
    name: "a directory over anything else removes that first",
    layers: [
      [file("f"), symlink("l", "t"), file("t/x")],
      [{ name: "f/" }, { name: "l/" }],
    ],
    tree: { "f": "dir", "l": "dir", "t": "dir", "t/x": "file x" },
  },
  {
    name: "keepDirlinks keeps a symlink to a directory",
    layers: [[file("usr/bin/a"), symlink("bin", "usr/bin")], [
      { name: "bin/" },
      file("bin/b"),
    ]],
    tree: {
      "bin": "symlink usr/bin",
      "usr": "dir",
      "usr/bin": "dir",
      "usr/bin/a": "file x",
      "usr/bin/b": "file x",
    },
    keepDirlinks: true,
  },
  {
    name: "keepDirlinks keeps no symlink to a file, to nothing or in a loop",
    layers: [
      [file("f"), symlink("a", "f"), symlink("b", "nowhere")],
      [{ name: "a/" }, { name: "b/" }],
    ],
    tree: { "a": "dir", "b": "dir", "f": "file x" },
    keepDirlinks: true,
  },
  {
    name: "a whiteout removes a file, a full directory, a dangling symlink",
    layers: [
      [file("a"), file("b/c/d"), symlink("e", "nowhere"), file("f/g/h")],
      [
        { name: ".wh.a" },
        { name: ".wh.b" },
        { name: ".wh.e" },
        { name: "f/g/.wh.h" },
        { name: ".wh.never-there" },
      ],
    ],
    tree: { "f": "dir", "f/g": "dir" },
  },
  {
    name: "a whiteout in front of an entry of its name leaves the entry",
    layers: [[file("a", "old"), file("d/old")], [
      { name: ".wh.a" },
      { name: ".wh.d" },
      file("a", "new"),
      file("d/new"),
    ]],
    tree: { "a": "file new", "d": "dir", "d/new": "file x" },
  },
  {
    name: "a whiteout behind an entry of its name leaves the entry",
    layers: [[file("a", "old"), file("d/old"), file("d/e/old")], [
      file("a", "new"),
      file("d/e/new"),
      { name: ".wh.a" },
      { name: ".wh.d" },
    ]],
    tree: {
      "a": "file new",
      "d": "dir",
      "d/e": "dir",
      "d/e/new": "file x",
    },
  },
  {
    name: "a whiteout behind a directory entry empties the directory",
    layers: [[file("d/old"), file("d/e/old")], [
      { name: "d/" },
      { name: ".wh.d" },
    ]],
    tree: { "d": "dir" },
  },
  {
    name: "a whiteout leaves symlinks, links and links to come of its layer",
    layers: [[file("s"), file("h"), file("l")], [
      file("t"),
      symlink("s", "t"),
      link("h", "t"),
      link("l", "u"),
      { name: ".wh.s" },
      { name: ".wh.h" },
      { name: ".wh.l" },
      file("u"),
    ]],
    tree: {
      "h": "file x",
      "l": "file x",
      "s": "symlink t",
      "t": "file x",
      "u": "file x",
    },
  },
  {
    name: "an opaque marker in front keeps what the layer adds",
    layers: [[file("d/a"), file("d/e/b"), file("f")], [
      { name: "d/.wh..wh..opq" },
      file("d/new"),
      file("d/e/new"),
    ]],
    tree: {
      "d": "dir",
      "d/e": "dir",
      "d/e/new": "file x",
      "d/new": "file x",
      "f": "file x",
    },
  },
  {
    name: "an opaque marker behind keeps what the layer added, at any depth",
    layers: [[file("d/a"), file("d/e/b"), file("d/e/g/h/c"), file("d/i/j")], [
      { name: "d/" },
      file("d/new"),
      file("d/e/g/h/new"),
      symlink("d/s", "e"),
      file("d/s/through"),
      link("d/late", "d/zz"),
      { name: "d/.wh..wh..opq" },
      file("d/zz"),
    ]],
    tree: {
      "d": "dir",
      "d/e": "dir",
      "d/e/g": "dir",
      "d/e/g/h": "dir",
      "d/e/g/h/new": "file x",
      "d/e/through": "file x",
      "d/late": "file x",
      "d/new": "file x",
      "d/s": "symlink e",
      "d/zz": "file x",
    },
  },
  {
    name: "an opaque marker removes what the layer put there and took away",
    layers: [[file("d/a")], [
      file("d/e/f"),
      file("d/e", "file now"),
      { name: "d/.wh..wh..opq" },
    ]],
    tree: { "d": "dir", "d/e": "file file now" },
  },
  {
    name: "a file in place of a directory forgets what the layer put in that",
    layers: [[file("d/e/lower")], [
      file("d/e/mine"),
      file("d"),
      { name: "d/" },
      { name: "d/.wh..wh..opq" },
    ]],
    tree: { "d": "dir" },
  },
  {
    name: "AUFS's own names are skipped",
    layers: [[
      { name: ".wh..wh.plnk/" },
      file(".wh..wh.plnk/1.2"),
      { name: ".wh..wh.orph/" },
      file(".wh..wh.aufs"),
      file("d/.wh..wh..tmp"),
      file("f"),
    ]],
    tree: { "f": "file x" },
  },
  {
    name: "missing parents are made",
    layers: [[file("a/b/c/d")]],
    tree: { "a": "dir", "a/b": "dir", "a/b/c": "dir", "a/b/c/d": "file x" },
  },
  {
    name: "a parent that is a dangling symlink is made where it leads",
    layers: [[symlink("a", "b/c"), file("a/d")]],
    tree: { "a": "symlink b/c", "b": "dir", "b/c": "dir", "b/c/d": "file x" },
  },
  {
    name: "symlinks as parents are followed as chroot(2) would",
    layers: [[
      symlink("abs", "/usr/lib"),
      symlink("usr/lib", "../lib64/./"),
      file("abs/a"),
      file("usr/lib/b"),
    ]],
    tree: {
      "abs": "symlink /usr/lib",
      "lib64": "dir",
      "lib64/a": "file x",
      "lib64/b": "file x",
      "usr": "dir",
      "usr/lib": "symlink ../lib64/./",
    },
  },
  {
    name: "contents longer and shorter than what was there",
    layers: [[file("a", "long contents"), file("b", "b")], [
      file("a", "s"),
      file("b", "longer"),
    ], [file("a", "")]],
    tree: { "a": "file ", "b": "file longer" },
  },
  {
    name: "typeflag NUL and 7 are files, NUL with a slash a directory",
    layers: [[
      { name: "v7", type: "\0", body: "x" },
      { name: "v7-directory/", type: "\0" },
      { name: "contiguous", type: "7", body: "x" },
    ]],
    tree: { "contiguous": "file x", "v7": "file x", "v7-directory": "dir" },
  },
];

for (const { name, layers, tree, keepDirlinks } of ROWS) {
  testOnHosts(name, async (base) => {
    await unpack(base, layers, { keepDirlinks });
    assertEquals(readTree(base), tree);
  });
}

testOnHosts("hard links share their inode, symlinks too", async (base) => {
  await unpack(base, [[
    file("a"),
    link("d/b", "a"),
    link("c", "/d/../d/b"),
    symlink("s", "a"),
    link("t", "s"),
  ]]);
  assert(isSameInode(`${base}/a`, `${base}/d/b`));
  assert(isSameInode(`${base}/a`, `${base}/c`));
  assert(isSameInode(`${base}/s`, `${base}/t`));
  assertEquals(Deno.lstatSync(`${base}/a`).nlink, 3);
});

testOnHosts("hard links through symlinks find their targets", async (base) => {
  await unpack(base, [[file("real/f"), symlink("way", "/real")], [
    link("way/b", "way/f"),
    link("c", "way/later"),
    file("real/later"),
  ]]);
  assert(isSameInode(`${base}/real/f`, `${base}/real/b`));
  assert(isSameInode(`${base}/real/later`, `${base}/c`));
});

testOnHosts("hard links in front of their targets, in chains", async (base) => {
  await unpack(base, [[
    link("a", "b"),
    link("b", "d/c"),
    symlink("way", "d"),
    link("d/c", "way/e"),
    link("d/e", "t"),
    file("t"),
    link("after", "a"),
  ]]);
  for (const name of ["a", "b", "d/c", "d/e", "after"]) {
    assert(isSameInode(`${base}/t`, `${base}/${name}`), name);
  }
});

testOnHosts("ten thousand links in a chain end soon", async (base) => {
  const links: RawEntry[] = [];
  for (let i = 0; i < 10_000; i++) links.push(link(`l${i}`, `l${i + 1}`));
  await unpack(base, [[...links, file("l10000")]]);
  assertEquals(Deno.lstatSync(`${base}/l0`).nlink, 10_001);
});

testOnHosts(
  "a link in front of a target that a lower layer has too",
  async (base) => {
    await unpack(base, [[file("t", "old"), file("kept")], [
      link("a", "t"),
      link("b", "a"),
      link("c", "kept"),
      file("t", "new"),
    ]]);
    assertEquals(Deno.readTextFileSync(`${base}/a`), "new");
    assert(isSameInode(`${base}/a`, `${base}/t`));
    assert(isSameInode(`${base}/b`, `${base}/t`));
    assert(isSameInode(`${base}/c`, `${base}/kept`));
  },
);

testOnHosts(
  "a link to a lower layer's file that is then removed",
  async (base) => {
    await unpack(base, [[file("t")], [link("a", "t"), { name: ".wh.t" }]]);
    assertEquals(readTree(base), { "a": "file x" });
  },
);
