import { assertEquals } from "@std/assert";
import { hierarchyEntries, usedKeywords } from "../../src/mtree/hierarchy.ts";
import { parseMtree } from "../../src/mtree/parse.ts";

Deno.test("entries come each after its directory, siblings in their order", () => {
  const hierarchy = parseMtree(
    ". type=dir\nz size=1\nb type=dir\n  y size=2\n  x size=3\n..\n./q/r size=4\na size=5\n",
  );
  assertEquals([...hierarchyEntries(hierarchy)].map(({ path }) => path), [
    ".",
    "z",
    "b",
    "b/y",
    "b/x",
    "q/r",
    "a",
  ]);
});

Deno.test("the keywords in use, extended attributes as one", () => {
  const hierarchy = parseMtree(
    "/set uid=0\n. type=dir\na xattr.user.x=YQ== xattr.user.y=YQ== unheard\n",
  );
  assertEquals([...usedKeywords(hierarchy)].sort(), [
    "type",
    "uid",
    "unheard",
    "xattr",
  ]);
});
