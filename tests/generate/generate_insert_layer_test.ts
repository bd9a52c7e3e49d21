/** What is put into an image, or taken out of it, without unpacking it. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  MissingPermissionError,
  StrataError,
  SystemError,
} from "../../src/errors.ts";
import {
  generateInsertLayer,
  type InsertOptions,
} from "../../src/generate/generate_insert_layer.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { testOnHosts } from "../unpack/scratch.ts";

async function names(
  root: string | undefined,
  target: string,
  options?: InsertOptions,
): Promise<string[]> {
  const found: string[] = [];
  for await (
    const { name } of readTar(generateInsertLayer(root, target, options))
  ) found.push(name);
  return found;
}

function makeTree(base: string): string {
  Deno.mkdirSync(`${base}/tree/d/empty`, { recursive: true });
  Deno.writeTextFileSync(`${base}/tree/d/f`, "");
  Deno.writeTextFileSync(`${base}/tree/d-`, "");
  return `${base}/tree`;
}

testOnHosts("a directory with all that is in it", async (base) => {
  const tree = makeTree(base);
  const expected = ["in/", "in/d/", "in/d/empty/", "in/d/f", "in/d-"];
  for (const target of ["in", "/in", "in/", "/x/../in", "../../in"]) {
    assertEquals(await names(tree, target), expected, target);
  }
  assertEquals(await names(`${tree}/.`, "in"), expected);
  assertEquals(await names(tree, "/", { opaque: true }), [
    ".wh..wh..opq",
    "./",
    "d/",
    "d/empty/",
    "d/f",
    "d-",
  ]);
});

testOnHosts("an opaque directory hides what is below", async (base) => {
  const tree = makeTree(base);
  assertEquals(await names(`${tree}/d`, "in", { opaque: true }), [
    "in/.wh..wh..opq",
    "in/",
    "in/empty/",
    "in/f",
  ]);
});

testOnHosts("a file, and where it cannot go", async (base) => {
  const tree = makeTree(base);
  assertEquals(await names(`${tree}/d/f`, "/etc/motd"), ["etc/motd"]);
  await assertRejects(() => names(`${tree}/d/f`, "/"), StrataError, "root");
  await assertRejects(() => names(`${tree}/no`, "in"), SystemError, "no");
});

testOnHosts("a removal", async () => {
  assertEquals(await names(undefined, "/etc/motd"), ["etc/.wh.motd"]);
  assertEquals(await names(undefined, "motd"), [".wh.motd"]);
  await assertRejects(() => names(undefined, "/"), StrataError, "root");
});

Deno.test({
  name: "without the permission the error names the flag",
  permissions: "none",
  async fn() {
    await assertRejects(
      () => names("/tree", "in"),
      MissingPermissionError,
      "--allow-read=/tree",
    );
  },
});
