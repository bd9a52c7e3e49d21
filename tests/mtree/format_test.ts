import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { StrataError } from "../../src/errors.ts";
import { formatMtree } from "../../src/mtree/format.ts";
import type { Hierarchy, HierarchyNode } from "../../src/mtree/hierarchy.ts";
import { parseMtree } from "../../src/mtree/parse.ts";
import { flatten, hierarchyArbitrary } from "./fixtures.ts";

function node(
  keywords: Record<string, string>,
  children?: Record<string, HierarchyNode>,
): HierarchyNode {
  const made: HierarchyNode = { keywords: new Map(Object.entries(keywords)) };
  if (children !== undefined) made.children = new Map(Object.entries(children));
  return made;
}

const SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function directory(uid: string, children: Record<string, HierarchyNode>) {
  return node({
    tar_time: "1.000000000",
    nlink: "2",
    mode: "0755",
    gid: "0",
    uid,
    type: "dir",
    size: "4096",
  }, children);
}

function file(more: Record<string, string> = {}) {
  return node({
    "xattr.user.b": "Yg==",
    "xattr.user.a b": "YQ==",
    sha256digest: SHA,
    tar_time: "1.000000000",
    nlink: "1",
    mode: "0664",
    gid: "0",
    uid: "0",
    type: "file",
    size: "1",
    ...more,
  });
}

Deno.test("a manifest looks as umoci writes it", () => {
  const link = node({
    link: "a b",
    size: "3",
    type: "link",
    uid: "0",
    gid: "0",
    mode: "0777",
    nlink: "1",
    tar_time: "1.000000000",
  });
  const hierarchy: Hierarchy = {
    root: directory("0", {
      usr: directory("0", {}),
      "d d": directory("7", { sub: directory("0", { g: file() }) }),
      sym: link,
      "b\udcff": file({ uid: "5", mode: "0644" }),
    }),
  };
  const rest =
    `tar_time=1.000000000 sha256digest=${SHA} xattr.user.a\\040b=YQ== xattr.user.b=Yg==`;
  const expected = `#mtree

# .
/set type=file nlink=1 mode=0664 uid=0 gid=0
. size=4096 type=dir mode=0755 nlink=2 tar_time=1.000000000
    b\\377 size=1 uid=5 mode=0644 ${rest}
    sym size=3 type=link mode=0777 link=a\\040b tar_time=1.000000000

# d\\040d
/set type=file nlink=1 mode=0664 uid=7 gid=0
d\\040d size=4096 type=dir mode=0755 nlink=2 tar_time=1.000000000

# d\\040d/sub
/set type=file nlink=1 mode=0664 uid=0 gid=0
sub size=4096 type=dir mode=0755 nlink=2 tar_time=1.000000000
    g size=1 ${rest}
..
..

# usr
usr size=4096 type=dir mode=0755 nlink=2 tar_time=1.000000000
..
..
`;
  assertEquals(formatMtree(hierarchy), expected);
  assertEquals(flatten(parseMtree(expected)), flatten(hierarchy));
});

Deno.test("/set holds nothing that an entry does not have", () => {
  const hierarchy: Hierarchy = {
    root: node({ type: "dir", uid: "0" }, { a: node({ uid: "0" }) }),
  };
  assertEquals(
    formatMtree(hierarchy),
    "#mtree\n\n# .\n/set uid=0\n. type=dir\n    a\n..\n",
  );
  assertEquals(
    formatMtree({ root: node({ type: "dir" }, { a: node({}) }) }),
    "#mtree\n\n# .\n. type=dir\n    a\n..\n",
  );
});

Deno.test("what lies in no described directory gets its full path", () => {
  const hierarchy: Hierarchy = {
    root: {
      children: new Map([
        ["top", node({ size: "1" })],
        ["a", {
          children: new Map([
            ["z", node({}, { y: node({}) })],
            ["b c", node({ type: "dir" }, { e: node({}), d: node({}) })],
          ]),
        }],
        ["file", node({ type: "file" }, { below: node({ size: "2" }) })],
      ]),
    },
  };
  assertEquals(
    formatMtree(hierarchy),
    "#mtree\n    file type=file\n    top size=1\n./a/b\\040c type=dir\n./a/b\\040c/d\n./a/b\\040c/e\n./a/z\n./a/z/y\n./file/below size=2\n",
  );
  assertEquals(
    flatten(parseMtree(formatMtree(hierarchy))),
    flatten(hierarchy),
  );
});

Deno.test("lines that go-mtree could not read are continued", () => {
  const long = "A".repeat(80_000);
  for (const link of ["x", "\\".repeat(50_000), "x" + "\\".repeat(50_000)]) {
    const hierarchy: Hierarchy = {
      root: node({ type: "dir" }, {
        f: node({ type: "link", link, "xattr.user.long": long }),
        "name\\": node({}),
      }),
    };
    const text = formatMtree(hierarchy);
    for (const line of text.split("\n")) {
      assertEquals(line.length <= 33_000, true);
    }
    // go-mtree takes any backslash at the end of a line for a continuation.
    assertEquals(text.includes("name\\\\ \n"), true);
    assertEquals(flatten(parseMtree(text)), flatten(hierarchy));
  }
});

Deno.test("names that no file can have are refused", () => {
  for (const name of ["", ".", "..", "a/b", "a\0b", "\ud800"]) {
    assertThrows(
      () => formatMtree({ root: node({ type: "dir" }, { [name]: node({}) }) }),
      StrataError,
      "Cannot",
    );
  }
});

Deno.test("a value cannot smuggle lines in", () => {
  const hierarchy: Hierarchy = {
    root: node({ type: "dir", uid: "0\n/set gid=0\nevil type=file" }),
  };
  assertEquals(formatMtree(hierarchy).includes("\nevil"), false);
});

Deno.test("every manifest we write is read back as what it was", () => {
  fc.assert(
    fc.property(hierarchyArbitrary, (hierarchy) => {
      const text = formatMtree(hierarchy);
      assertEquals(/[^ -~\n]/.test(text), false);
      const parsed = parseMtree(text);
      assertEquals(flatten(parsed), flatten(hierarchy));
      assertEquals(formatMtree(parsed), text);
    }),
    { numRuns: 300 },
  );
});

Deno.test("deep trees are written in linear time and space", () => {
  const depth = 100_000;
  const text = "d type=dir\n".repeat(depth) + "..\n".repeat(depth);
  const written = formatMtree(parseMtree(text));
  assertEquals(
    written.split("\n").filter((line) => line === "..").length,
    depth,
  );
});
