/** Symlinks that lead outside, hard links to where they must not go. */
import { OUTSIDE, refused, testHostileLayers } from "./hostile.ts";

const dir = (name: string) => ({ name: `${name}/` });
const file = (name: string, body = "evil") => ({ name, body });
const symlink = (name: string, linkName: string) => ({
  name,
  type: "2",
  linkName,
});
const link = (name: string, linkName: string) => ({
  name,
  type: "1",
  linkName,
});

testHostileLayers([
  {
    name: "a parent that is an absolute symlink leads inside",
    layer: (outside) => [symlink("link", outside), file("link/evil")],
    outcome: {
      [OUTSIDE]: "dir",
      [`${OUTSIDE}/evil`]: "file evil",
      "link": `symlink /${OUTSIDE}`,
    },
  },
  {
    name: "a parent that is an absolute symlink leads inside, over layers",
    lower: (outside) => [symlink("link", outside)],
    layer: () => [file("link/secret"), file("link/directory/file")],
    outcome: {
      [OUTSIDE]: "dir",
      [`${OUTSIDE}/directory`]: "dir",
      [`${OUTSIDE}/directory/file`]: "file evil",
      [`${OUTSIDE}/secret`]: "file evil",
      "link": `symlink /${OUTSIDE}`,
    },
  },
  {
    name: "a parent that is a relative symlink with .. leads inside",
    lower: () => [symlink("link", "../outside")],
    layer: () => [file("link/secret"), symlink("a/b/l", "../../../../outside")],
    outcome: {
      "a": "dir",
      "a/b": "dir",
      "a/b/l": "symlink ../../../../outside",
      "link": "symlink ../outside",
      "outside": "dir",
      "outside/secret": "file evil",
    },
  },
  {
    name: "chained symlinks lead inside",
    layer: () => [
      symlink("a", "b/.."),
      symlink("b", ".."),
      symlink("c", "a/../../outside"),
      file("c/secret"),
    ],
    outcome: {
      "a": "symlink b/..",
      "b": "symlink ..",
      "c": "symlink a/../../outside",
      "outside": "dir",
      "outside/secret": "file evil",
    },
  },
  {
    name: "a symlink that takes the place of a known directory is seen",
    layer: (outside) => [
      file("d/e/first"),
      symlink("d", outside),
      file("d/e/evil"),
    ],
    outcome: {
      [OUTSIDE]: "dir",
      [`${OUTSIDE}/e`]: "dir",
      [`${OUTSIDE}/e/evil`]: "file evil",
      "d": `symlink /${OUTSIDE}`,
    },
  },
  {
    name: "a symlink that is replaced by a directory leads nowhere",
    layer: (outside) => [
      symlink("d", outside),
      dir("d"),
      file("d/file", "x"),
    ],
    outcome: { "d": "dir", "d/file": "file x" },
  },
  {
    name: "a symlink that is replaced by another is followed anew",
    layer: () => [
      dir("one"),
      dir("two"),
      symlink("l", "one"),
      file("l/a", "a"),
      symlink("l", "two"),
      file("l/b", "b"),
    ],
    outcome: {
      "l": "symlink two",
      "one": "dir",
      "one/a": "file a",
      "two": "dir",
      "two/b": "file b",
    },
  },
  {
    name: "the last component is not followed",
    layer: (outside) => [
      symlink("file", `${outside}/secret`),
      file("file", "x"),
      symlink("directory", outside),
      dir("directory"),
      symlink("fresh", `${outside}/new`),
      file("fresh", "y"),
    ],
    outcome: { "directory": "dir", "file": "file x", "fresh": "file y" },
  },
  {
    name: "keepDirlinks keeps only symlinks to directories inside",
    lower: (outside) => [
      symlink("out", outside),
      symlink("up", "../outside"),
      dir("real"),
      symlink("in", "real"),
    ],
    layer: () => [
      { ...dir("out"), mode: 0o777 },
      { ...dir("up"), mode: 0o777 },
      { ...dir("in"), mode: 0o777 },
      file("out/a", "a"),
      file("up/b", "b"),
      file("in/c", "c"),
    ],
    options: { keepDirlinks: true },
    outcome: {
      "in": "symlink real",
      "out": "dir",
      "out/a": "file a",
      "real": "dir",
      "real/c": "file c",
      "up": "dir",
      "up/b": "file b",
    },
  },
  {
    name: "a symlink loop as a parent is refused",
    lower: () => [symlink("a", "b"), symlink("b", "a")],
    layer: () => [file("a/file")],
    outcome: refused("a/file", /too many symlinks/),
  },
  {
    name: "a symlink to itself as a parent is refused",
    layer: () => [symlink("a", "a"), file("a/file")],
    outcome: refused("a/file", /too many symlinks/),
  },
  {
    name: "a symlink loop as a parent of a hard link's target is refused",
    lower: () => [symlink("a", "a")],
    layer: () => [link("file", "a/target")],
    outcome: refused("file", /too many symlinks/),
  },
  {
    name: "symlinks that double at each step end in an error",
    layer: () => {
      const entries = [dir("d"), symlink("l0", "d/..")];
      for (let i = 1; i <= 30; i++) {
        entries.push(symlink(`l${i}`, `l${i - 1}/l${i - 1}`));
      }
      return [...entries, file("l30/file")];
    },
    outcome: refused("l30/file", /too many symlinks/),
  },
  {
    name: "a tree that symlinks make endlessly deep is refused",
    layer: () => {
      const entries = [];
      let at = "";
      for (let i = 0; i < 60; i++) {
        entries.push(dir(`${at}${"d".repeat(90)}`));
        entries.push(symlink("here", `/${at}${"d".repeat(90)}`));
        at = `${at}${"d".repeat(90)}/`;
      }
      return entries;
    },
    outcome: { error: Error, message: /longer than|too long/ },
  },
  {
    name: "a path that grows too long through a symlink is refused",
    layer: () => {
      const deep = "/eeeeeeeee".repeat(400);
      return [
        dir(deep),
        symlink("at", deep),
        file(`at/${"f".repeat(200)}/file`),
      ];
    },
    outcome: refused(`at/${"f".repeat(200)}/file`, /longer than|too long/),
  },
  {
    name: "a hard link to an absolute path stays inside",
    layer: (outside) => [link("evil", `${outside}/secret`)],
    outcome: refused("evil", /neither this layer nor one below it holds/),
  },
  {
    name: "a hard link to a path with .. stays inside",
    layer: () => [link("a/evil", "../../outside/secret")],
    outcome: refused("a/evil", /neither this layer nor one below it holds/),
  },
  {
    name: "a hard link through a symlink to the outside stays inside",
    lower: (outside) => [symlink("link", outside)],
    layer: () => [link("evil", "link/secret")],
    outcome: refused("evil", /neither this layer nor one below it holds/),
  },
  {
    name: "a hard link placed through a symlink stays inside",
    lower: (outside) => [symlink("link", outside), file("file", "x")],
    layer: () => [link("link/secret", "file")],
    outcome: {
      [OUTSIDE]: "dir",
      [`${OUTSIDE}/secret`]: "file x",
      "file": "file x",
      "link": `symlink /${OUTSIDE}`,
    },
  },
  {
    name: "a hard link to a symlink links the symlink, and writing replaces it",
    layer: (outside) => [
      symlink("target", `${outside}/secret`),
      link("linked", "target"),
      file("linked", "x"),
    ],
    outcome: { "linked": "file x", "target": `symlink /${OUTSIDE}/secret` },
  },
  {
    name: "a hard link to a directory is refused",
    layer: () => [dir("d"), link("evil", "d")],
    outcome: refused("evil", /which is a directory/),
  },
  {
    name: "a hard link to the root is refused",
    layer: () => [link("evil", "/")],
    outcome: refused("evil", /root/),
  },
  {
    name: "a hard link to .. is refused",
    layer: () => [link("evil", "..")],
    outcome: refused("evil", /root/),
  },
  {
    name: "a hard link to nothing is refused",
    layer: () => [link("evil", "")],
    outcome: refused("evil", /root/),
  },
  {
    name: "a hard link to itself that is nowhere is refused",
    layer: () => [link("a", "a")],
    outcome: refused("a", /neither this layer nor one below it holds/),
  },
  {
    name: "a hard link to itself leaves the file",
    lower: () => [file("a", "x")],
    layer: () => [link("a", "a"), link("./a", "/b/../a")],
    outcome: { "a": "file x" },
  },
  {
    name: "a hard link whose target never comes is refused",
    layer: () => [file("x"), link("a/b", "nowhere/at/all"), file("y")],
    outcome: refused("a/b", /neither this layer nor one below it holds/),
  },
  {
    name: "hard links in a circle are refused",
    layer: () => [link("a", "b"), link("b", "a")],
    outcome: { error: Error, message: /neither this layer nor one below it/ },
  },
  {
    name: "a hard link whose target is a whiteout is refused",
    lower: () => [file("t", "x")],
    layer: () => [{ name: ".wh.t" }, link("a", "t")],
    outcome: refused("a", /neither this layer nor one below it holds/),
  },
  {
    name: "a hard link to a whiteout's own name is refused",
    layer: () => [{ name: ".wh.t" }, link("a", ".wh.t")],
    outcome: refused("a", /neither this layer nor one below it holds/),
  },
  {
    name: "a hard link that a later entry replaces is forgotten",
    layer: () => [link("a", "nowhere"), file("a", "x")],
    outcome: { "a": "file x" },
  },
  {
    name: "a hard link below a directory that is replaced is not lost silently",
    layer: () => [link("d/a", "t"), file("d", "x"), file("t", "t")],
    outcome: { "d": "file x", "t": "file t" },
  },
  {
    name: "a late hard link that becomes a directory is no link any more",
    lower: () => [file("a/lower")],
    layer: () => [link("a", "t"), file("a/b", "b"), file("t", "t")],
    outcome: { "a": "dir", "a/b": "file b", "t": "file t" },
  },
  {
    name: "a late hard link below a symlink is dropped with it",
    lower: () => [file("d/x"), symlink("l", "d")],
    layer: () => [link("l/a", "t"), file("d", "d"), file("t", "t")],
    outcome: { "d": "file d", "l": "symlink d", "t": "file t" },
  },
  {
    name: "a hard link over the directory of its target is refused",
    layer: () => [file("d/t", "x"), link("d", "d/t")],
    outcome: refused("d", /./),
  },
  {
    name: "writing to one name of a hard link leaves the other",
    lower: () => [file("a", "lower"), link("b", "a")],
    layer: () => [file("b", "upper")],
    outcome: { "a": "file lower", "b": "file upper" },
  },
]);
