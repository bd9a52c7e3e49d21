/** Whiteouts of what must not be removed. */
import { OUTSIDE, refused, testHostileLayers } from "./hostile.ts";

const file = (name: string, body = "x") => ({ name, body });
const symlink = (name: string, linkName: string) => ({
  name,
  type: "2",
  linkName,
});
const NOTHING = /names nothing which could be removed/;

testHostileLayers([
  ...[".wh.", "./.wh.", "a/.wh.", ".wh..", "./.wh..", ".wh...", "/.wh..."].map((
    name,
  ) => ({
    name: `the whiteout ${name} is refused`,
    lower: () => [file("a/b")],
    layer: () => [{ name }],
    outcome: refused(name, NOTHING),
  })),
  {
    name: "a whiteout with .. in front stays inside",
    lower: () => [file("secret"), file("outside/secret"), file("kept")],
    layer: () => [
      { name: "../.wh.secret" },
      { name: "../outside/.wh.secret" },
      { name: "x/../../.wh.outside" },
    ],
    outcome: { "kept": "file x" },
  },
  {
    name: "whiteouts and opaque markers of nothing make nothing",
    layer: () => [
      { name: ".wh.a" },
      { name: "b/.wh.c" },
      { name: "d/e/.wh..wh..opq" },
    ],
    outcome: {},
  },
  {
    name: "a whiteout through a symlink to the outside stays inside",
    lower: (outside) => [symlink("link", outside), symlink("up", "..")],
    layer: () => [
      { name: "link/.wh.secret" },
      { name: "link/.wh.directory" },
      { name: "up/outside/.wh.secret" },
    ],
    outcome: { "link": `symlink /${OUTSIDE}`, "up": "symlink .." },
  },
  {
    name: "a whiteout of a symlink leaves its target",
    lower: (outside) => [
      symlink("out", outside),
      file("d/f"),
      symlink("in", "d"),
    ],
    layer: () => [{ name: ".wh.out" }, { name: ".wh.in" }],
    outcome: { "d": "dir", "d/f": "file x" },
  },
  {
    name: "a whiteout of a directory does not follow symlinks in it",
    lower: (outside) => [
      symlink("d/out", outside),
      symlink("d/e/up", "../../.."),
      file("d/e/f"),
    ],
    layer: () => [{ name: ".wh.d" }],
    outcome: {},
  },
  {
    name: "an opaque root is emptied, and nothing else",
    lower: (outside) => [symlink("out", outside), file("d/f"), file("g")],
    layer: () => [{ name: ".wh..wh..opq" }, file("new")],
    outcome: { "new": "file x" },
  },
  {
    name: "an opaque marker above the root is the root's",
    lower: () => [file("d/f")],
    layer: () => [{ name: "../../.wh..wh..opq" }],
    outcome: {},
  },
  {
    name: "an opaque marker through a symlink to the outside stays inside",
    lower: (outside) => [symlink("link", outside), symlink("up", "../outside")],
    layer: () => [
      { name: "link/.wh..wh..opq" },
      { name: "up/directory/.wh..wh..opq" },
    ],
    outcome: { "link": `symlink /${OUTSIDE}`, "up": "symlink ../outside" },
  },
  {
    name: "an opaque marker through a symlink empties what it leads to",
    lower: () => [file("d/f"), symlink("link", "d"), symlink("d/s", "..")],
    layer: () => [{ name: "link/.wh..wh..opq" }],
    outcome: { "d": "dir", "link": "symlink d" },
  },
  {
    name: "an opaque marker below a file removes nothing",
    lower: () => [file("f")],
    layer: () => [{ name: "f/.wh..wh..opq" }, { name: "f/.wh.x" }],
    outcome: { "f": "file x" },
  },
  {
    name: "a whiteout below a symlink loop is refused",
    lower: () => [symlink("a", "a")],
    layer: () => [{ name: "a/.wh.b" }],
    outcome: refused("a/.wh.b", /too many symlinks/),
  },
  {
    name: "an entry below a whiteout is refused",
    layer: () => [file(".wh.a/b")],
    outcome: refused(".wh.a/b", /a whiteout is no directory/),
  },
  {
    name: "an entry deep below a whiteout is refused",
    layer: () => [file("x/.wh.a/b/c")],
    outcome: refused("x/.wh.a/b/c", /a whiteout is no directory/),
  },
  {
    name: "a whiteout below a whiteout is refused",
    lower: () => [file("a/b")],
    layer: () => [{ name: ".wh.a/.wh.b" }],
    outcome: refused(".wh.a/.wh.b", /a whiteout is no directory/),
  },
  {
    name: "a whiteout of a whiteout's name is refused or skipped",
    lower: () => [file("a")],
    layer: () => [{ name: ".wh..wh.a" }],
    outcome: { "a": "file x" },
  },
  {
    name: "a whiteout of any type is a whiteout",
    lower: (outside) => [
      file("a"),
      file("b/c"),
      file("d"),
      symlink("out", outside),
    ],
    layer: (outside) => [
      { name: ".wh.a", type: "2", linkName: outside },
      { name: ".wh.b/" },
      { name: ".wh.d", type: "1", linkName: "a" },
      { name: ".wh.out", type: "3", major: 1, minor: 1 },
    ],
    outcome: {},
  },
  {
    name: "a whiteout with contents writes them nowhere",
    lower: () => [file("a")],
    layer: () => [{ name: ".wh.a", body: "evil".repeat(1000) }, file("b")],
    outcome: { "b": "file x" },
  },
  {
    name: "the whiteout of a directory that a symlink's way goes through",
    lower: () => [file("d/e/f"), symlink("l", "d/e")],
    layer: () => [file("l/g"), { name: ".wh.d" }, file("l/h")],
    outcome: {
      "d": "dir",
      "d/e": "dir",
      "d/e/g": "file x",
      "d/e/h": "file x",
      "l": "symlink d/e",
    },
  },
]);
