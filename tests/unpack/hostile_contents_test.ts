/** Hostile types, numbers, depths and orders. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  EntryError,
  MissingPermissionError,
  TarError,
} from "../../src/errors.ts";
import { unpackLayer } from "../../src/unpack/unpack_layer.ts";
import {
  type HostileLayer,
  OUTSIDE,
  refused,
  testHostileLayers,
} from "./hostile.ts";
import { type RawEntry, rawEntry, streamOf } from "./raw_layer.ts";
import { IS_ROOT, testOnHosts, unpack } from "./scratch.ts";
import { readTree } from "./snapshot.ts";

const NEEDS_FFI = { error: MissingPermissionError, message: /--allow-ffi/ };

testHostileLayers([
  {
    name: "an entry below a file replaces it by a directory",
    lower: () => [{ name: "f", body: "x" }],
    layer: () => [{ name: "f/g/h", body: "y" }],
    outcome: { "f": "dir", "f/g": "dir", "f/g/h": "file y" },
  },
  {
    name: "an entry below a file of the same layer replaces it",
    layer: () => [{ name: "f", body: "x" }, { name: "f/g", body: "y" }],
    outcome: { "f": "dir", "f/g": "file y" },
  },
  {
    name: "an entry below a symlink to a file replaces the file",
    lower: () => [{ name: "f", body: "x" }, {
      name: "l",
      type: "2",
      linkName: "f",
    }],
    layer: () => [{ name: "l/g", body: "y" }],
    outcome: { "f": "dir", "f/g": "file y", "l": "symlink f" },
  },
  ...["V", "M", "A", "9", "\x7f"].map((type) => ({
    name: `the typeflag ${JSON.stringify(type)} is refused`,
    layer: () => [{ name: "x", type, body: "x" }],
    outcome: refused("x", /type/),
  })),
  {
    name: "a directory whose size promises a body has none",
    layer: () => [
      { name: "d/", size: 4096 },
      { name: "f", body: "x" },
    ],
    outcome: { "d": "dir", "f": "file x" },
  },
  ...["uid", "gid"].flatMap((key) =>
    [-1, 4294967295, 4294967296, -4294967296].map((id) => ({
      name: `the ${key} ${id} is refused`,
      layer: () => [{ name: "x", body: "x", [key]: id }],
      outcome: refused("x", new RegExp(`${key} is ${id}`)),
    }))
  ),
  {
    name: "an owner of -1 in a PAX record is refused",
    layer: () => [{ name: "x", pax: { uid: "-1" } }],
    outcome: { error: Error, message: /uid/ },
  },
  {
    name: "a size over 2^53 in base-256 is refused",
    layer: () => [{ name: "x", size: 2 ** 60 }],
    outcome: { error: TarError },
  },
  {
    name: "a negative size is refused",
    layer: () => [{ name: "x", size: -512 }],
    outcome: { error: TarError, entry: "x", message: /negative/ },
  },
  {
    name: "a negative size in a PAX record is refused",
    layer: () => [{ name: "x", pax: { size: "-512" } }],
    outcome: { error: TarError, entry: "x" },
  },
  {
    name: "a body shorter than its size of a terabyte is refused",
    layer: () => [{ name: "a", body: "a" }, { name: "x", size: 2 ** 40 }],
    outcome: { error: TarError, entry: "x", message: /truncated/ },
  },
  {
    name: "a mode with every bit set leaves no type bits",
    layer: () => [{ name: "x", mode: 0o177777, body: "x" }],
    outcome: { "x": "file x" },
  },
  {
    name: "an xattr of a namespace that the kernel does not know is left out",
    layer: () => [{ name: "x", pax: { "SCHILY.xattr.nonamespace": "x" } }],
    outcome: { "x": "file " },
    denoOutcome: NEEDS_FFI,
  },
  {
    name: "an xattr of 1 MB is refused by name",
    layer: () => [
      {
        name: "x",
        pax: { "SCHILY.xattr.user.big": new Uint8Array(1024 * 1024) },
      },
    ],
    outcome: refused("x", /user\.big/),
    denoOutcome: NEEDS_FFI,
  },
  {
    name: "an extended header over the limit is refused",
    layer: () => [
      { name: "x", pax: { comment: new Uint8Array(9 * 1024 * 1024) } },
    ],
    outcome: { error: TarError, message: /extended header/ },
  },
  {
    name: "a device over a directory replaces it",
    lower: () => [{ name: "d/e", body: "x" }],
    layer: () => [{ name: "d", type: "3", major: 1, minor: 3 }],
    outcome: { "d": "char" },
    denoOutcome: NEEDS_FFI,
    needsRoot: true,
  },
  {
    name: "a device below a symlink to the outside stays inside",
    lower: (outside) => [{ name: "l", type: "2", linkName: outside }],
    layer: () => [{ name: "l/null", type: "3", major: 1, minor: 3 }],
    outcome: {
      [OUTSIDE]: "dir",
      [`${OUTSIDE}/null`]: "char",
      "l": `symlink /${OUTSIDE}`,
    },
    denoOutcome: NEEDS_FFI,
    needsRoot: true,
  },
  ...everyPair(),
]);

/** Every type over every other, in one layer and over two. */
function everyPair(): HostileLayer[] {
  const kinds: Record<string, { entries: RawEntry[]; is: string }> = {
    file: { entries: [{ name: "x", body: "x" }], is: "file x" },
    directory: { entries: [{ name: "x/" }], is: "dir" },
    "full directory": {
      entries: [{ name: "x/" }, { name: "x/a/b", body: "b" }],
      is: "dir",
    },
    symlink: {
      entries: [{ name: "x", type: "2", linkName: "target" }],
      is: "symlink target",
    },
    "hard link": {
      entries: [{ name: "x", type: "1", linkName: "target" }],
      is: "file target",
    },
    fifo: { entries: [{ name: "x", type: "6" }], is: "fifo" },
  };
  const target = { name: "target", body: "target" };
  const rows: HostileLayer[] = [];
  for (const [under, first] of Object.entries(kinds)) {
    for (const [over, second] of Object.entries(kinds)) {
      const usesFifo = under === "fifo" || over === "fifo";
      const isDirectory = second.is === "dir";
      const keeps = isDirectory && under === "full directory";
      const outcome = {
        "target": "file target",
        "x": second.is,
        ...(keeps ? { "x/a": "dir", "x/a/b": "file b" } : {}),
        ...(over === "full directory"
          ? { "x/a": "dir", "x/a/b": "file b" }
          : {}),
      };
      const denoOutcome = usesFifo ? NEEDS_FFI : undefined;
      rows.push({
        name: `a ${over} over a ${under} of the same layer`,
        layer: () => [target, ...first.entries, ...second.entries],
        outcome,
        denoOutcome,
      });
      if (under === "fifo") continue;
      rows.push({
        name: `a ${over} over a ${under} of a lower layer`,
        lower: () => [target, ...first.entries],
        layer: () => second.entries,
        outcome,
        denoOutcome,
      });
    }
  }
  return rows;
}

const TOO_LONG = /longer than|too long/;

testOnHosts(
  "ten thousand directories in one name are refused",
  async (base) => {
    const name = "d/".repeat(10_000);
    const error = await assertRejects(
      () => unpack(base, [[{ name }]]),
      EntryError,
    );
    assertEquals(error.entry, name);
    assertMatch(error.message, TOO_LONG);
  },
);

testOnHosts("ten thousand directories one by one are refused", async (base) => {
  let depth = 0;
  let isCancelled = false;
  const layer = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (depth === 10_000) return controller.close();
      controller.enqueue(rawEntry({ name: "d/".repeat(++depth) }));
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const error = await assertRejects(
    () => unpackLayer(base, layer),
    EntryError,
  );
  assertMatch(error.message, TOO_LONG);
  // The kernel takes paths of 4095 bytes, through Deno with the root's own.
  assert(error.entry.length > 4000 - base.length, `${error.entry.length}`);
  assert(isCancelled);
});

testOnHosts(
  "two thousand directories are unpacked and removed",
  async (base) => {
    const deep = "d/".repeat(2000);
    await unpack(`${base}/r`, [
      [{ name: `${deep}f`, body: "x" }],
      [{ name: ".wh.d" }],
    ]);
    assertEquals(readTree(`${base}/r`), {});
  },
);

testOnHosts(
  "a header's word alone takes no memory and no disk",
  async (base) => {
    const before = Deno.memoryUsage().rss;
    const header = rawEntry({ name: "x", size: 2 ** 33 });
    await assertRejects(() => unpackLayer(base, streamOf(header)), TarError);
    assertEquals(Deno.memoryUsage().rss - before < 64 * 1024 * 1024, true);
    assertEquals(Deno.lstatSync(`${base}/x`).size, 0);
  },
);

testOnHosts(
  "a layer that replaces the way to its target is safe",
  async (base) => {
    // The target's directory and the link's are both far down, through symlinks.
    const far = "a/".repeat(100);
    await unpack(base, [[
      { name: `${far}dir/` },
      { name: "target/file", body: "x" },
      { name: "l", type: "2", linkName: far },
      { name: "l/dir/link", type: "1", linkName: "target/file" },
      { name: "l/dir/late", type: "1", linkName: "target/late" },
      { name: "target/late", body: "late" },
    ]]);
    assertEquals(Deno.readTextFileSync(`${base}/${far}dir/link`), "x");
    assertEquals(Deno.readTextFileSync(`${base}/${far}dir/late`), "late");
  },
);

testOnHosts(
  "a name of 255 bytes and a target of 4095 are fine",
  async (base) => {
    const name = "n".repeat(255);
    const linkName = "t".repeat(4095);
    await unpack(base, [[
      { name, body: "x" },
      { name: "l", type: "2", linkName },
    ]]);
    assertEquals(readTree(base), {
      l: `symlink ${linkName}`,
      [name]: "file x",
    });
  },
);

if (!IS_ROOT) {
  testOnHosts("a device as an ordinary user is refused", async (base) => {
    await assertRejects(
      () => unpack(base, [[{ name: "null", type: "3", major: 1, minor: 3 }]]),
      EntryError,
      "EPERM",
    );
  }, { hosts: ["libc"] });
}
