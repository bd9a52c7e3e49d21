import { assert, assertEquals } from "@std/assert";
import { cleanPath } from "@strata/layer";
import fc from "fast-check";

// What Go 1.26 answers: filepath.Clean, and for a relative path the same once
// more behind a slash, as umoci's CleanPath does it.
const GO_ANSWERS: [string, string][] = [
  ["", ""],
  [".", "."],
  ["/", "/"],
  ["./", "."],
  ["..", "."],
  ["../..", "."],
  ["/..", "/"],
  ["/../..", "/"],
  ["//", "/"],
  ["///a//b", "/a/b"],
  ["a", "a"],
  ["a/", "a"],
  ["a/.", "a"],
  ["a/..", "."],
  ["a/../..", "."],
  ["a/../../b", "b"],
  ["./a", "a"],
  ["/a/", "/a"],
  ["/a/b/../c", "/a/c"],
  ["/a/b/../../../c", "/c"],
  ["a//b", "a/b"],
  ["a/./b", "a/b"],
  ["a/b/..", "a"],
  ["...", "..."],
  ["a/...", "a/..."],
  ["..a", "..a"],
  ["/..a", "/..a"],
  ["a/..b/../c", "a/c"],
  ["../../etc/passwd", "etc/passwd"],
  ["/../etc", "/etc"],
  ["a\\..\\b", "a\\..\\b"],
  ["a\0b/../c", "c"],
  [" ", " "],
  ["a/ /../b", "a/b"],
  ["/./", "/"],
  ["/.//..", "/"],
  ["a/b/c/../../../..", "."],
  ["é/../ü", "ü"],
];

const NO_PERMISSIONS = { permissions: "none" } as const;

Deno.test("cleanPath() cleans as Go's filepath.Clean", NO_PERMISSIONS, () => {
  for (const [path, cleaned] of GO_ANSWERS) {
    assertEquals(cleanPath(path), cleaned, JSON.stringify(path));
  }
});

/** Paths made mostly of what cleaning is about. */
const paths = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom("..", ".", "", "a", "b", "...") },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  ),
).map((components) => components.join("/"));

const roots = fc.constantFrom("/", "/r", "/r/oot", "r", ".", "../r");

/** Walks a path lexically; how far below its start it ends, or -1 outside. */
function lowestDepth(path: string): number {
  let depth = 0;
  for (const component of path.split("/")) {
    if (component === "..") depth--;
    else if (component !== "" && component !== ".") depth++;
    if (depth < 0) return -1;
  }
  return depth;
}

Deno.test(
  "cleanPath() stays below any root it is joined to",
  NO_PERMISSIONS,
  () => {
    fc.assert(fc.property(roots, paths, (root, path) => {
      const joined = `${root}/${cleanPath(path)}`;
      assert(joined.startsWith(`${root}/`));
      assert(lowestDepth(joined.slice(root.length)) >= 0, joined);
    }));
  },
);

Deno.test("cleanPath() changes nothing the second time", NO_PERMISSIONS, () => {
  fc.assert(fc.property(paths, (path) => {
    const once = cleanPath(path);
    assertEquals(cleanPath(once), once);
  }));
});

Deno.test(
  "cleanPath() leaves no empty or dotted component",
  NO_PERMISSIONS,
  () => {
    fc.assert(fc.property(paths, (path) => {
      const cleaned = cleanPath(path);
      if (["", ".", "/"].includes(cleaned)) return;
      const components = cleaned.replace(/^\//, "").split("/");
      for (const component of components) {
        assert(!["", ".", ".."].includes(component), cleaned);
      }
    }));
  },
);

Deno.test("cleanPath() takes hostile lengths in one go", NO_PERMISSIONS, () => {
  assertEquals(cleanPath("../".repeat(3_000_000)), ".");
  assertEquals(cleanPath("a/../".repeat(2_000_000)), ".");
});
