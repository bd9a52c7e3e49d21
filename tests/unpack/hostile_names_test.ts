/** Hostile names: of entries, of parents, of hard link targets. */
import { TarError } from "../../src/errors.ts";
import { OUTSIDE, refused, testHostileLayers } from "./hostile.ts";

const long = "n".repeat(256);
const deepest = "d/".repeat(2047) + "f";

testHostileLayers([
  {
    name: "a name with .. stays inside",
    layer: () => [
      { name: "../outside/evil", body: "a" },
      { name: "../../../../../../b", body: "b" },
      { name: "x/../../outside/secret", body: "c" },
      { name: "..", type: "5", mode: 0o700 },
      { name: "d/e/../../../..//f", body: "f" },
    ],
    outcome: {
      "b": "file b",
      "f": "file f",
      "outside": "dir",
      "outside/evil": "file a",
      "outside/secret": "file c",
    },
  },
  {
    name: "an absolute name stays inside",
    layer: (outside) => [
      { name: `${outside}/secret`, body: "evil" },
      { name: `//${outside}//../outside/./other`, body: "evil" },
    ],
    outcome: {
      [OUTSIDE]: "dir",
      [`${OUTSIDE}/secret`]: "file evil",
      [`${OUTSIDE}/other`]: "file evil",
    },
  },
  ...[".", "./", "/", "..", "a/..", "./.", "//"].flatMap((name) => [
    {
      name: `a symlink at ${name} is refused`,
      layer: (outside: string) => [
        { name, type: "2", linkName: outside },
        { name: "evil", body: "evil" },
      ],
      outcome: refused(name, /root of an image/),
    },
    {
      name: `a hard link at ${name} is refused`,
      lower: () => [{ name: "file", body: "file" }],
      layer: () => [{ name, type: "1", linkName: "file" }],
      outcome: refused(name, /root of an image/),
    },
    {
      name: `a fifo at ${name} is refused`,
      layer: () => [{ name, type: "6" }],
      outcome: refused(name, /root of an image/),
    },
    {
      name: `a device at ${name} is refused`,
      layer: () => [{ name, type: "3", major: 1, minor: 3 }],
      outcome: refused(name, /root of an image/),
    },
  ]),
  ...[".", "..", "a/.."].map((name) => ({
    name: `a file at ${name} is refused`,
    layer: () => [{ name, body: "evil" }],
    outcome: refused(name, /root of an image/),
  })),
  {
    name: "an empty name is refused or the root",
    layer: () => [{ name: "", body: "evil" }],
    outcome: refused("", /root of an image/),
  },
  {
    name: "a NUL in a PAX path is refused",
    layer: () => [{ name: "x", pax: { path: "etc/passwd\0.txt" } }],
    outcome: { error: TarError, message: /NUL/ },
  },
  {
    name: "a NUL in a PAX linkpath is refused",
    layer: () => [{ name: "x", type: "2", pax: { linkpath: "a\0b" } }],
    outcome: { error: TarError, entry: "x", message: /NUL/ },
  },
  {
    name: "a NUL in the name of an xattr is refused",
    layer: () => [{ name: "x", pax: { "SCHILY.xattr.user.a\0b": "c" } }],
    outcome: { error: TarError, entry: "x", message: /NUL/ },
  },
  {
    name: "a name of 256 bytes is refused",
    layer: () => [{ name: `a/${long}`, body: "x" }],
    outcome: refused(`a/${long}`, /too long|ENAMETOOLONG/),
  },
  {
    name: "a directory of 256 bytes as a parent is refused",
    layer: () => [{ name: `${long}/x`, body: "x" }],
    outcome: refused(`${long}/x`, /too long|ENAMETOOLONG/),
  },
  {
    name: "a symlink to more than the kernel takes is refused",
    layer: () => [{ name: "x", type: "2", linkName: "a".repeat(5000) }],
    outcome: refused("x", /too long|ENAMETOOLONG/),
  },
  {
    name: "an empty symlink target is refused",
    layer: () => [{ name: "x", type: "2", linkName: "" }],
    outcome: refused("x", /./),
  },
  {
    name: "a path longer than PATH_MAX is refused",
    layer: () => [{ name: `d/${deepest}/x`, body: "x" }],
    outcome: refused(`d/${deepest}/x`, /longer than|too long/),
  },
  {
    name: "a hard link to a target longer than PATH_MAX is refused",
    layer: () => [{ name: "x", type: "1", linkName: `d/${deepest}/x` }],
    outcome: refused("x", /holds|longer than|too long/),
  },
  {
    name: "names that only look special are names",
    layer: () => [
      { name: "...", body: "1" },
      { name: "..a/b", body: "2" },
      { name: "a\\..\\b", body: "3" },
      { name: "new\nline", body: "4" },
      { name: "-rf", body: "5" },
      { name: "%2e%2e", body: "6" },
      { name: " ", body: "7" },
      { name: ".wh", body: "8" },
    ],
    outcome: {
      " ": "file 7",
      "%2e%2e": "file 6",
      "-rf": "file 5",
      "...": "file 1",
      "..a": "dir",
      "..a/b": "file 2",
      ".wh": "file 8",
      "a\\..\\b": "file 3",
      "new\nline": "file 4",
    },
  },
]);
