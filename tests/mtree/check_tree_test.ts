/** What differs between a directory and a manifest of it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StrataError } from "../../src/errors.ts";
import { formatMtree } from "../../src/mtree/format.ts";
import type { InodeDelta } from "../../src/mtree/inode_delta.ts";
import { parseMtree } from "../../src/mtree/parse.ts";
import { checkTree, walkTree } from "../../src/mtree/walk.ts";
import { setXattr } from "../host/disk.ts";
import { testOnHosts } from "../unpack/scratch.ts";

const TIME = 1_234_567_890;

/** What is noted of every inode, and the same on every filesystem. */
const KEYWORDS = ["type", "mode", "link", "nlink", "tar_time", "sha256"];

/** Sets the times of paths, so that only what a test means differs. */
function setTimes(root: string, ...paths: string[]): void {
  for (const path of paths) Deno.utimeSync(`${root}/${path}`, TIME, TIME);
}

function makeTree(root: string): void {
  Deno.mkdirSync(`${root}/d/e`, { recursive: true });
  Deno.writeTextFileSync(`${root}/d/e/f`, "hello\n");
  Deno.writeTextFileSync(`${root}/d/g`, "hello\n");
  Deno.writeTextFileSync(`${root}/h`, "");
  setTimes(root, "d/e/f", "d/g", "h", "d/e", "d", "");
}

testOnHosts("check: an unchanged tree has no deltas", async (root) => {
  makeTree(root);
  Deno.symlinkSync("h", `${root}/l`);
  const before = await walkTree(root);
  assertEquals(await checkTree(root, before), []);
  const read = await parseMtree(formatMtree(before));
  assertEquals(await checkTree(root, read), []);
});

/** Changes, and what they make differ. */
const CHANGES: [
  name: string,
  change: (root: string) => void,
  deltas: InodeDelta[],
][] = [
  ["contents", (root) => {
    Deno.writeTextFileSync(`${root}/d/g`, "");
    setTimes(root, "d/g");
  }, [{
    type: "modified",
    path: "d/g",
    keys: [{
      type: "modified",
      name: "sha256digest",
      old: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
      new: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }],
  }]],
  ["a mode", (root) => Deno.chmodSync(`${root}/h`, 0o4711), [{
    type: "modified",
    path: "h",
    keys: [{ type: "modified", name: "mode", old: "0644", new: "04711" }],
  }]],
  ["a time", (root) => Deno.utimeSync(`${root}/h`, TIME, TIME + 1.5), [{
    type: "modified",
    path: "h",
    keys: [{
      type: "modified",
      name: "tar_time",
      old: "1234567890.000000000",
      new: "1234567891.000000000",
    }],
  }]],
  ["part of a second", (root) => {
    Deno.utimeSync(`${root}/h`, TIME, TIME + 0.75);
  }, []],
  ["an inode of the same kind", (root) => {
    Deno.removeSync(`${root}/h`);
    Deno.writeTextFileSync(`${root}/h`, "");
    Deno.chmodSync(`${root}/h`, 0o644);
    setTimes(root, "h", "");
  }, []],
  ["a file is added", (root) => {
    Deno.writeTextFileSync(`${root}/d/new`, "");
    setTimes(root, "d");
  }, [{ type: "extra", path: "d/new" }]],
  ["a file is removed", (root) => {
    Deno.removeSync(`${root}/d/e/f`);
    setTimes(root, "d/e");
  }, [{ type: "missing", path: "d/e/f" }]],
  ["a file is renamed", (root) => {
    Deno.renameSync(`${root}/h`, `${root}/renamed`);
    setTimes(root, "");
  }, [
    { type: "missing", path: "h" },
    { type: "extra", path: "renamed" },
  ]],
  ["a hard link is added", (root) => {
    Deno.linkSync(`${root}/h`, `${root}/i`);
    setTimes(root, "");
  }, [
    {
      type: "modified",
      path: "h",
      keys: [{ type: "modified", name: "nlink", old: "1", new: "2" }],
    },
    { type: "extra", path: "i" },
  ]],
];

for (const [name, change, deltas] of CHANGES) {
  testOnHosts(`check: ${name}`, async (root) => {
    Deno.chmodSync(root, 0o755);
    makeTree(root);
    Deno.chmodSync(`${root}/h`, 0o644);
    const before = await walkTree(root, { keywords: KEYWORDS });
    change(root);
    assertEquals(await checkTree(root, before), deltas);
  });
}

testOnHosts("check: a directory is removed", async (root) => {
  makeTree(root);
  const before = await walkTree(root, { keywords: ["type"] });
  Deno.removeSync(`${root}/d`, { recursive: true });
  assertEquals(await checkTree(root, before), [
    { type: "missing", path: "d" },
    { type: "missing", path: "d/e" },
    { type: "missing", path: "d/e/f" },
    { type: "missing", path: "d/g" },
  ]);
  assertEquals(await checkTree(root, before, { simplify: true }), [
    { type: "missing", path: "d" },
  ]);
});

testOnHosts("check: a directory becomes a symlink", async (root) => {
  makeTree(root);
  const keywords = ["type", "link"];
  const before = await walkTree(root, { keywords });
  Deno.renameSync(`${root}/d/e`, `${root}/e`);
  Deno.symlinkSync("../e", `${root}/d/e`);
  assertEquals(await checkTree(root, before), [
    {
      type: "modified",
      path: "d/e",
      keys: [{ type: "modified", name: "type", old: "dir", new: "link" }],
    },
    { type: "missing", path: "d/e/f" },
    { type: "extra", path: "e" },
    { type: "extra", path: "e/f" },
  ]);
});

testOnHosts("check: xattrs", async (root) => {
  Deno.writeTextFileSync(`${root}/f`, "");
  const text = (value: string) => new TextEncoder().encode(value);
  assert(setXattr(`${root}/f`, "user.a", text("1")));
  const before = await walkTree(root, { keywords: ["xattr"] });
  assert(setXattr(`${root}/f`, "user.a", text("2")));
  assert(setXattr(`${root}/f`, "user.b", text("3")));
  assertEquals(await checkTree(root, before), [{
    type: "modified",
    path: "f",
    keys: [
      { type: "modified", name: "xattr.user.a", old: "MQ==", new: "Mg==" },
      { type: "extra", name: "xattr.user.b", new: "Mw==" },
    ],
  }]);
}, { hosts: ["libc"] });

testOnHosts("check: what is masked is not told", async (root) => {
  makeTree(root);
  const before = await walkTree(root, { keywords: ["type", "size"] });
  const { size } = Deno.lstatSync(root);
  Deno.writeTextFileSync(`${root}/d/e/f`, "longer than before");
  Deno.writeTextFileSync(`${root}/d/e/new`, "");
  Deno.removeSync(`${root}/h`);
  // How large a directory is is the filesystem's own affair.
  assertEquals(Deno.lstatSync(root).size, size);
  assertEquals(
    await checkTree(root, before, { maskPaths: ["/d/e", "./h/"] }),
    [],
  );
  const deltas = await checkTree(root, before, { maskPaths: ["d/e/f", "/"] });
  assertEquals(deltas, [
    { type: "extra", path: "d/e/new" },
    { type: "missing", path: "h" },
  ]);
});

testOnHosts("check: what no walk can note is not compared", async (root) => {
  Deno.writeTextFileSync(`${root}/f`, "hello\n");
  const manifest = await parseMtree(`#mtree
. type=dir flags=none
    f type=file size=6 flags=uchg vendor=strange
..
`);
  assertEquals(await checkTree(root, manifest), []);
  Deno.writeTextFileSync(`${root}/f`, "");
  assertEquals(await checkTree(root, manifest), [{
    type: "modified",
    path: "f",
    keys: [{ type: "modified", name: "size", old: "6", new: "0" }],
  }]);
  // Who asks for it by name is told.
  await assertRejects(
    () => checkTree(root, manifest, { keywords: ["size", "flags"] }),
    StrataError,
    '"flags"',
  );
});

testOnHosts("check: only the keywords that were asked for", async (root) => {
  makeTree(root);
  const before = await walkTree(root, { keywords: KEYWORDS });
  Deno.writeTextFileSync(`${root}/h`, "hello\n");
  Deno.chmodSync(`${root}/h`, 0o600);
  const deltas = await checkTree(root, before, { keywords: ["type", "mode"] });
  assertEquals(deltas.map(({ path, keys }) => [path, keys?.length]), [
    ["h", 1],
  ]);
  assertEquals(deltas[0]?.keys?.[0]?.name, "mode");
});

testOnHosts("check: times written by bsdtar have nanoseconds", async (root) => {
  Deno.writeTextFileSync(`${root}/f`, "");
  Deno.utimeSync(`${root}/f`, TIME, TIME + 0.5);
  setTimes(root, "");
  const manifest = (time: string) =>
    parseMtree(`#mtree
. type=dir time=${TIME}.0
    f type=file time=${time}
..
`);
  assertEquals(await checkTree(root, await manifest(`${TIME}.500000000`)), []);
  // Five nanoseconds: what is behind the period is a number.
  const deltas = await checkTree(root, await manifest(`${TIME}.5`));
  assertEquals(deltas.map(({ path }) => path), ["f"]);
  assertEquals(deltas[0]?.keys?.[0]?.name, "time");
});
