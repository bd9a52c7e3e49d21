/**
 * What a walk notes of each inode, against values written by hand: digests
 * that the GNU tools print, and modes, times and targets that the test set.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  MissingPermissionError,
  StrataError,
  SystemError,
} from "../../src/errors.ts";
import type { Hierarchy, HierarchyNode } from "../../src/mtree/hierarchy.ts";
import { walkTree } from "../../src/mtree/walk.ts";
import type { Warning } from "../../src/options.ts";
import { setXattr } from "../host/disk.ts";
import {
  inScratch,
  PERMISSIONS,
  testOnHosts,
  unpack,
} from "../unpack/scratch.ts";

const LIBC = { hosts: ["libc"] } as const;

/** Digests of `hello\n` and of nothing, as the GNU tools print them. */
const HELLO = {
  md5digest: "b1946ac92492d2347c6235b4d2611184",
  sha1digest: "f572d396fae9206628714fb2ce00f72e94f2258f",
  sha256digest:
    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
  sha384digest:
    "1d0f284efe3edea4b9ca3bd514fa134b17eae361ccc7a1eefeff801b9bd6604e01f21f6bf249ef030599f0c218f2ba8c",
  sha512digest:
    "e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629",
};
const EMPTY_SHA256 =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** The node at a path, which must be there. */
function nodeAt({ root }: Hierarchy, path: string): HierarchyNode {
  let node = root;
  for (const name of path === "" ? [] : path.split("/")) {
    const child = node.children?.get(name);
    assert(child !== undefined, `no ${path}`);
    node = child;
  }
  return node;
}

/** The keywords that a walk noted at a path. */
function keywordsAt(
  hierarchy: Hierarchy,
  path: string,
): Record<string, string> {
  return Object.fromEntries(nodeAt(hierarchy, path).keywords ?? []);
}

/** The value of one keyword at each of the paths. */
async function valuesOf(
  root: string,
  keyword: string,
  paths: string[],
): Promise<Record<string, string | undefined>> {
  const hierarchy = await walkTree(root, { keywords: [keyword] });
  const values = paths.map((path) => {
    const keywords = keywordsAt(hierarchy, path);
    return [path, Object.values(keywords)[0]] as const;
  });
  return Object.fromEntries(values);
}

testOnHosts("walk: the keywords of umoci's bundles", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  Deno.writeTextFileSync(`${root}/d/hello`, "hello\n");
  Deno.writeTextFileSync(`${root}/empty`, "");
  Deno.symlinkSync("../no where", `${root}/d/link`);
  Deno.chmodSync(`${root}/d/hello`, 0o640);
  Deno.chmodSync(`${root}/d`, 0o711);
  for (const path of ["d/hello", "d", "empty"]) {
    Deno.utimeSync(`${root}/${path}`, 1_234_567_890.75, 1_234_567_890.75);
  }
  const owner = { uid: String(Deno.uid()), gid: String(Deno.gid()) };
  const hierarchy = await walkTree(root);
  assertEquals(keywordsAt(hierarchy, "d/hello"), {
    ...owner,
    size: "6",
    type: "file",
    mode: "0640",
    nlink: "1",
    tar_time: "1234567890.000000000",
    sha256digest: HELLO.sha256digest,
  });
  assertEquals(keywordsAt(hierarchy, "d"), {
    ...owner,
    // These two are the filesystem's own affair.
    size: String(Deno.lstatSync(`${root}/d`).size),
    nlink: String(Deno.lstatSync(`${root}/d`).nlink),
    type: "dir",
    mode: "0711",
    tar_time: "1234567890.000000000",
  });
  const { tar_time, ...link } = keywordsAt(hierarchy, "d/link");
  assertEquals(link, {
    ...owner,
    size: "11",
    type: "link",
    mode: "0777",
    nlink: "1",
    link: "../no where",
  });
  assert(/^\d+\.000000000$/.test(tar_time ?? ""), tar_time);
  assertEquals(keywordsAt(hierarchy, "empty").sha256digest, EMPTY_SHA256);
  assertEquals(keywordsAt(hierarchy, "").type, "dir");
});

testOnHosts("walk: every digest, by every name it has", async (root) => {
  Deno.writeTextFileSync(`${root}/hello`, "hello\n");
  const long = await walkTree(root, { keywords: Object.keys(HELLO) });
  assertEquals(keywordsAt(long, "hello"), HELLO);
  const short = await walkTree(root, {
    keywords: ["md5", "sha1", "sha256", "sha384", "sha512"],
  });
  assertEquals(keywordsAt(short, "hello"), HELLO);
  // Only contents have a digest.
  assertEquals(keywordsAt(long, ""), {});
});

testOnHosts("walk: a digest of several buffers", async (root) => {
  // `head -c 3000001 /dev/zero | sha256sum`
  Deno.writeFileSync(`${root}/zeros`, new Uint8Array(3_000_001));
  assertEquals(await valuesOf(root, "sha256", ["zeros"]), {
    zeros: "4f3c36cc4ec3bc4ac4c40dfc33a9c5505a31fd01c106a5277fdcc63239a8f34d",
  });
});

testOnHosts("walk: only what was asked for", async (root) => {
  Deno.writeTextFileSync(`${root}/f`, "hello\n");
  Deno.symlinkSync("f", `${root}/l`);
  const keywords = ["type", "size"];
  const hierarchy = await walkTree(root, { keywords: new Set(keywords) });
  assertEquals(keywordsAt(hierarchy, "f"), { type: "file", size: "6" });
  assertEquals(keywordsAt(hierarchy, "l"), { type: "link", size: "1" });
  const bare = await walkTree(root, { keywords: [] });
  assertEquals([...bare.root.children?.keys() ?? []].sort(), ["f", "l"]);
  assertEquals(keywordsAt(bare, "f"), {});
});

testOnHosts("walk: the bits of a mode", async (root) => {
  const modes = [0o0, 0o4, 0o644, 0o1755, 0o2711, 0o4755, 0o6555, 0o7777];
  const expected: Record<string, string> = {};
  for (const mode of modes) {
    const name = `f${mode.toString(8)}`;
    Deno.writeTextFileSync(`${root}/${name}`, "");
    Deno.chmodSync(`${root}/${name}`, mode);
    // As C's `%#o` has it.
    expected[name] = mode === 0 ? "0" : `0${mode.toString(8)}`;
  }
  assertEquals(await valuesOf(root, "mode", Object.keys(expected)), expected);
});

testOnHosts("walk: hard links", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  Deno.writeTextFileSync(`${root}/one`, "hello\n");
  Deno.linkSync(`${root}/one`, `${root}/d/two`);
  Deno.linkSync(`${root}/one`, `${root}/three`);
  Deno.writeTextFileSync(`${root}/alone`, "");
  const paths = ["one", "d/two", "three", "alone"];
  assertEquals(await valuesOf(root, "nlink", paths), {
    "one": "3",
    "d/two": "3",
    "three": "3",
    "alone": "1",
  });
  const digests = await valuesOf(root, "sha256", paths.slice(0, 3));
  assertEquals(new Set(Object.values(digests)), new Set([HELLO.sha256digest]));
});

testOnHosts("walk: symlinks are noted, and never followed", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  Deno.writeTextFileSync(`${root}/d/inside`, "");
  const targets = ["d", "/", "..", ".", "/dev/null", "d//inside/", "é b"];
  for (const [i, target] of targets.entries()) {
    Deno.symlinkSync(target, `${root}/l${i}`);
  }
  const hierarchy = await walkTree(root);
  for (const [i, target] of targets.entries()) {
    const node = nodeAt(hierarchy, `l${i}`);
    assertEquals(node.keywords?.get("link"), target);
    assertEquals(node.keywords?.get("type"), "link");
    assertEquals(node.children, undefined);
  }
});

/** Times as PAX has them, and as `time` and `tar_time` have them. */
const TIMES: [pax: string, time: string, tarTime: string][] = [
  ["0", "0.000000000", "0.000000000"],
  ["1.999999999", "1.999999999", "1.000000000"],
  ["1700000000.000000001", "1700000000.000000001", "1700000000.000000000"],
  // What is behind the period counts on from the second before.
  ["-0.25", "-1.750000000", "-1.000000000"],
  ["-1.5", "-2.500000000", "-2.000000000"],
  ["-3", "-3.000000000", "-3.000000000"],
  ["4294967296.5", "4294967296.500000000", "4294967296.000000000"],
];

testOnHosts("walk: times are rounded down, before 1970 too", async (root) => {
  await unpack(root, [
    TIMES.map(([mtime], i) => ({ name: `f${i}`, pax: { mtime } })),
  ]);
  const names = TIMES.map((_, i) => `f${i}`);
  const times = await valuesOf(root, "time", names);
  const tarTimes = await valuesOf(root, "tar_time", names);
  TIMES.forEach(([, time, tarTime], i) => {
    assertEquals(times[`f${i}`], time);
    assertEquals(tarTimes[`f${i}`], tarTime);
  });
}, LIBC);

testOnHosts("walk: Deno's own times are rounded down", async (root) => {
  Deno.writeTextFileSync(`${root}/after`, "");
  Deno.utimeSync(`${root}/after`, 1.75, 1.75);
  Deno.writeTextFileSync(`${root}/before`, "");
  Deno.utimeSync(`${root}/before`, -1.5, -1.5);
  const paths = ["after", "before"];
  assertEquals(await valuesOf(root, "tar_time", paths), {
    after: "1.000000000",
    before: "-2.000000000",
  });
  assertEquals(await valuesOf(root, "time", paths), {
    after: "1.750000000",
    before: "-2.500000000",
  });
});

testOnHosts("walk: xattrs of files and directories", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  Deno.writeTextFileSync(`${root}/f`, "");
  assert(setXattr(`${root}/d`, "user.d", new TextEncoder().encode("text")));
  assert(setXattr(`${root}/f`, "user.bytes", Uint8Array.of(0, 255, 10)));
  assert(setXattr(`${root}/f`, "user.empty", new Uint8Array(0)));
  const hierarchy = await walkTree(root, { keywords: ["xattr"] });
  assertEquals(keywordsAt(hierarchy, "d"), { "xattr.user.d": "dGV4dA==" });
  assertEquals(keywordsAt(hierarchy, "f"), {
    "xattr.user.bytes": "AP8K",
    "xattr.user.empty": "",
  });
  const plural = await walkTree(root, { keywords: ["xattrs"] });
  assertEquals(plural, hierarchy);
  const none = await walkTree(root, { keywords: ["type"] });
  assertEquals(keywordsAt(none, "f"), { type: "file" });
}, LIBC);

testOnHosts("walk: names that are not UTF-8", async (root) => {
  const name = (...bytes: number[]) => ({
    pax: { path: new Uint8Array(bytes) },
  });
  await unpack(root, [[
    { name: "x", ...name(0x66, 0xff) },
    { name: "d/", ...name(0xe9, 0x2f) },
    { name: "y", ...name(0xe9, 0x2f, 0xc3, 0xa9) },
    {
      name: "l",
      type: "2",
      linkName: "t",
      pax: { linkpath: Uint8Array.of(0x80) },
    },
  ]]);
  const hierarchy = await walkTree(root, { keywords: ["type", "link"] });
  assertEquals(keywordsAt(hierarchy, "f\udcff"), { type: "file" });
  assertEquals(keywordsAt(hierarchy, "\udce9"), { type: "dir" });
  assertEquals(keywordsAt(hierarchy, "\udce9/é"), { type: "file" });
  assertEquals(keywordsAt(hierarchy, "l"), { type: "link", link: "\udc80" });
}, LIBC);

testOnHosts("walk: a fifo is not opened", async (root) => {
  await unpack(root, [[{ name: "fifo", type: "6", mode: 0o600 }]]);
  const { type, mode, sha256digest } = keywordsAt(await walkTree(root), "fifo");
  assertEquals([type, mode, sha256digest], ["fifo", "0600", undefined]);
}, LIBC);

// Only root can make devices.
testOnHosts("walk: devices", async (root) => {
  await unpack(root, [[
    { name: "null", type: "3", major: 1, minor: 3 },
    { name: "loop", type: "4", major: 7, minor: 0 },
  ]]);
  assertEquals(await valuesOf(root, "type", ["null", "loop"]), {
    null: "char",
    loop: "block",
  });
}, { ...LIBC, needsRoot: true });

// Only root can give files away.
testOnHosts("walk: owners", async (root) => {
  await unpack(root, [[{ name: "f", uid: 3_000_000_000, gid: 65_534 }]]);
  assertEquals(await valuesOf(root, "uid", ["f"]), { f: "3000000000" });
  assertEquals(await valuesOf(root, "gid", ["f"]), { f: "65534" });
}, { needsRoot: true });

testOnHosts("walk: a symlink to the root is followed", async (base) => {
  Deno.mkdirSync(`${base}/root`);
  Deno.writeTextFileSync(`${base}/root/f`, "hello\n");
  Deno.symlinkSync("root", `${base}/link`);
  const hierarchy = await walkTree(`${base}/link`, { keywords: ["size"] });
  assertEquals(keywordsAt(hierarchy, "f"), { size: "6" });
});

testOnHosts("walk: a keyword that no walk can note", async (root) => {
  for (const keyword of ["flags", "vendor", ""]) {
    await assertRejects(
      () => walkTree(root, { keywords: ["type", keyword] }),
      StrataError,
      JSON.stringify(keyword),
    );
  }
});

testOnHosts("walk: no such directory, or none at all", async (base) => {
  Deno.writeTextFileSync(`${base}/file`, "");
  for (const [name, code] of [["missing", "ENOENT"], ["file", "ENOTDIR"]]) {
    const error = await assertRejects(
      () => walkTree(`${base}/${name}`),
      SystemError,
      `${base}/${name}`,
    );
    assertEquals(error.code, code);
  }
});

testOnHosts("walk: a signal stops it, in an empty tree too", async (root) => {
  const reason = new RangeError("enough");
  const walk = () => walkTree(root, { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(walk, RangeError), reason);
  Deno.writeTextFileSync(`${root}/f`, "");
  assertEquals(await assertRejects(walk, RangeError), reason);
});

testOnHosts("walk: a signal stops it on the way", async (root) => {
  for (let i = 0; i < 3; i++) {
    Deno.mkdirSync(`${root}/d${i}`);
    Deno.writeTextFileSync(`${root}/d${i}/f`, "");
  }
  const controller = new AbortController();
  const { signal } = controller;
  // Without FFI, the first xattrs that are left out are told of.
  const onWarning = () => controller.abort(new RangeError("enough"));
  await assertRejects(
    () => walkTree(root, { signal, onWarning }),
    RangeError,
    "enough",
  );
}, { hosts: ["deno"] });

testOnHosts("walk: without FFI xattrs are left out, and told", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  Deno.writeTextFileSync(`${root}/d/f`, "");
  const warnings: Warning[] = [];
  const onWarning = (warning: Warning) => warnings.push(warning);
  const hierarchy = await walkTree(root, { onWarning });
  assertEquals(keywordsAt(hierarchy, "d/f").type, "file");
  assertEquals(warnings.map(({ code }) => code), ["xattr-unsupported"]);
  assert(warnings[0]?.message.includes("--allow-ffi"));
  // Who does not ask for them need not hear of them.
  await walkTree(root, { onWarning, keywords: ["type", "sha256"] });
  assertEquals(warnings.length, 1);
}, { hosts: ["deno"] });

testOnHosts("walk: with FFI there is nothing to be told", async (root) => {
  Deno.writeTextFileSync(`${root}/f`, "");
  const warnings: Warning[] = [];
  await walkTree(root, { onWarning: (warning) => warnings.push(warning) });
  assertEquals(warnings, []);
}, LIBC);

Deno.test({
  name: "walk: a permission that is missing is named",
  permissions: { ffi: true },
  async fn() {
    const error = await assertRejects(
      () => walkTree("/some/where"),
      MissingPermissionError,
    );
    assertEquals(error.flag, "--allow-read=/some/where");
  },
});

Deno.test({
  name: "walk: without FFI a name that is not UTF-8 is an error",
  permissions: { ...PERMISSIONS.deno, run: ["sh"] },
  fn: () =>
    inScratch(async (root) => {
      const script = `touch "$1/$(printf '\\377')"`;
      const made = await new Deno.Command("sh", {
        args: ["-c", script, "sh", root],
      }).output();
      assert(made.success);
      const error = await assertRejects(
        () => walkTree(root),
        MissingPermissionError,
      );
      assertEquals(error.flag, "--allow-ffi");
    }),
});
