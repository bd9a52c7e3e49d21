/** What takes FFI, root, or another grant; and what comes without. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { MissingPermissionError } from "../../src/errors.ts";
import type { Warning } from "../../src/options.ts";
import { unpackLayer } from "../../src/unpack/unpack_layer.ts";
import { concatenate, type RawEntry, rawLayer } from "./raw_layer.ts";
import { readXattr } from "./read_xattr.ts";
import {
  inScratch,
  IS_ROOT,
  PERMISSIONS,
  testOnHosts,
  unpack,
} from "./scratch.ts";
import { modeOf, mtimeOf, readTree } from "./snapshot.ts";

const file = (name: string, body = "x"): RawEntry => ({ name, body });
const LIBC = { hosts: ["libc"] } as const;
const DENO = { hosts: ["deno"] } as const;

/** A stream that goes on, and what became of it. */
function endless(first: Uint8Array) {
  const state = { pulled: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    pull(controller) {
      state.pulled++;
      controller.enqueue(new Uint8Array(65536));
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { state, stream };
}

const NANOSECONDS: RawEntry[] = [
  { name: "f", pax: { mtime: "1700000000.123456789", atime: "5.5" } },
  { name: "d/", pax: { mtime: "1700000001.999999999" } },
  {
    name: "s",
    type: "2",
    linkName: "f",
    pax: { mtime: "1700000002.000000001" },
  },
  { name: "old", pax: { mtime: "-1.25" } },
];

Deno.test({
  name: "times are exact to the nanosecond (libc)",
  permissions: { ...PERMISSIONS.libc, run: ["stat"] },
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async (base) => {
      const warnings: Warning[] = [];
      await unpack(base, [NANOSECONDS], {
        onWarning: (warning) => warnings.push(warning),
      });
      const { stdout } = await new Deno.Command("stat", {
        args: [
          "-c",
          "%.9Y",
          ...["f", "d", "s", "old"].map((n) => `${base}/${n}`),
        ],
      }).output();
      assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), [
        "1700000000.123456789",
        "1700000001.999999999",
        "1700000002.000000001",
        "-1.250000000",
      ]);
      assertEquals(warnings, []);
    }),
});

testOnHosts("times are rounded down, with one warning", async (base) => {
  const warnings: Warning[] = [];
  await unpack(base, [NANOSECONDS], {
    onWarning: (warning) => warnings.push(warning),
  });
  const within = (name: string, low: number, high: number) => {
    const time = mtimeOf(`${base}/${name}`);
    assert(time >= low && time <= high, `${name}: ${time}`);
  };
  within("f", 1_700_000_000, 1_700_000_000.123);
  within("d", 1_700_000_001, 1_700_000_001.999);
  within("s", 1_700_000_002, 1_700_000_002);
  within("old", -2, -1.25);
  assertEquals(warnings.map(({ code }) => code), ["time-unsupported"]);
}, DENO);

const XATTRS: RawEntry[] = [
  {
    name: "f",
    pax: {
      "SCHILY.xattr.user.binary": new Uint8Array([0, 1, 0xff, 10, 0]),
      "SCHILY.xattr.user.empty": "",
      "SCHILY.xattr.user.signs": "=\n=",
      "SCHILY.xattr.security.selinux": "system_u:object_r:bin_t:s0",
    },
  },
  { name: "l", pax: { "LIBARCHIVE.xattr.user.lib%20name": "AAEC" } },
  {
    name: "d/",
    pax: { "SCHILY.xattr.user.a": "1", "SCHILY.xattr.user.b": "2" },
  },
];

testOnHosts(
  "xattrs are binary, and the host's own are left alone",
  async (base) => {
    const warnings: Warning[] = [];
    await unpack(base, [XATTRS], {
      onWarning: (warning) => warnings.push(warning),
    });
    const read = (name: string, xattr: string) => {
      const value = readXattr(`${base}/${name}`, xattr);
      return value === undefined ? undefined : [...value];
    };
    assertEquals(warnings, []);
    assertEquals(read("f", "user.binary"), [0, 1, 0xff, 10, 0]);
    assertEquals(read("f", "user.empty"), []);
    assertEquals(read("f", "user.signs"), [0x3d, 10, 0x3d]);
    assertEquals(read("f", "security.selinux"), undefined);
    assertEquals(read("l", "user.lib name"), [0, 1, 2]);
    assertEquals(read("d", "user.a"), [0x31]);
    // An entry's xattrs replace those on disk.
    await unpack(base, [[
      { name: "d/", pax: { "SCHILY.xattr.user.b": "3" } },
      file("l"),
    ]]);
    assertEquals(read("d", "user.a"), undefined);
    assertEquals(read("d", "user.b"), [0x33]);
    assertEquals(read("l", "user.lib name"), undefined);
  },
  LIBC,
);

testOnHosts("a lower layer's directory keeps its xattrs", async (base) => {
  await unpack(base, [XATTRS, [file("d/new")]]);
  assertEquals(readXattr(`${base}/d`, "user.a"), new Uint8Array([0x31]));
}, LIBC);

testOnHosts("xattrs without FFI are refused by the flag", async (base) => {
  for (const entry of XATTRS) {
    const error = await assertRejects(
      () => unpack(base, [[entry]]),
      MissingPermissionError,
      "--allow-ffi",
    );
    assertEquals(error.flag, "--allow-ffi");
  }
}, DENO);

testOnHosts("the host's own xattrs need no FFI", async (base) => {
  const pax = { "SCHILY.xattr.security.selinux": "x" };
  await unpack(base, [[{ name: "f", pax, body: "x" }]]);
  assertEquals(readTree(base), { "f": "file x" });
}, DENO);

testOnHosts("a file capability survives the change of owner", async (base) => {
  // Version 2 of the format: cap_net_raw, permitted and effective.
  const capability = new Uint8Array([
    1,
    0,
    0,
    2,
    0,
    32,
    ...new Array(14).fill(0),
  ]);
  await unpack(base, [[{
    name: "ping",
    uid: 1,
    gid: 1,
    mode: 0o755,
    pax: { "SCHILY.xattr.security.capability": capability },
  }]]);
  const value = readXattr(`${base}/ping`, "security.capability");
  assertEquals(value, capability);
}, { ...LIBC, needsRoot: true });

const NODES: RawEntry[] = [
  { name: "char", type: "3", major: 1, minor: 3, uid: 0, gid: 0, mode: 0o666 },
  {
    name: "block",
    type: "4",
    major: 7,
    minor: 300,
    uid: 0,
    gid: 0,
    mode: 0o660,
  },
  { name: "fifo", type: "6", uid: 0, gid: 0, mode: 0o600, mtime: 50 },
];

testOnHosts("devices and fifos", async (base) => {
  await unpack(base, [NODES]);
  assertEquals(readTree(base), { block: "block", char: "char", fifo: "fifo" });
  const device = (name: string) => Deno.lstatSync(`${base}/${name}`).rdev;
  assertEquals(device("char"), 1 << 8 | 3);
  // Linux keeps the minor's upper bits above the major.
  assertEquals(device("block"), 7 << 8 | 300 & 0xff | (300 & ~0xff) << 12);
  assertEquals(modeOf(`${base}/char`), "666");
  assertEquals(mtimeOf(`${base}/fifo`), 50);
}, { ...LIBC, needsRoot: true });

testOnHosts(
  "rootless: an empty file in place of a device, a fifo as it is",
  async (base) => {
    const warnings: Warning[] = [];
    await unpack(base, [NODES], {
      rootless: true,
      onWarning: (warning) => warnings.push(warning),
    });
    assertEquals(readTree(base), {
      block: "file ",
      char: "file ",
      fifo: "fifo",
    });
    assertEquals(modeOf(`${base}/char`), "666");
    assertEquals(warnings.map(({ code, entry }) => [code, entry]), [
      ["device-replaced", "char"],
      ["device-replaced", "block"],
    ]);
  },
  LIBC,
);

testOnHosts(
  "devices and fifos without FFI are refused by the flag",
  async (base) => {
    for (const entry of NODES) {
      await assertRejects(
        () => unpack(base, [[entry]]),
        MissingPermissionError,
        "--allow-ffi",
      );
    }
  },
  DENO,
);

Deno.test({
  name: "names and targets that are not UTF-8 are kept (libc)",
  permissions: { ...PERMISSIONS.libc, run: ["sh", "readlink"] },
  fn: () =>
    inScratch(async (base) => {
      const name = new Uint8Array([0x61, 0xff, 0x62]);
      await unpack(base, [[
        { name: "x", pax: { path: name }, body: "x" },
        { name: "gone", pax: { path: new Uint8Array([0xfe]) } },
        { name: "s", type: "2", pax: { linkpath: name } },
      ], [
        {
          name: "x",
          pax: {
            path: concatenate([
              new TextEncoder().encode(".wh."),
              new Uint8Array([0xfe]),
            ]),
          },
        },
      ]]);
      const output = async (
        command: string,
        ...args: string[]
      ) => [
        ...(await new Deno.Command(command, { args, cwd: base }).output())
          .stdout,
      ];
      assertEquals(await output("readlink", "-n", "s"), [...name]);
      assertEquals(await output("sh", "-c", "printf %s, *"), [
        ...name,
        44,
        0x73,
        44,
      ]);
    }),
});

testOnHosts("names and targets that are not UTF-8 take FFI", async (base) => {
  const bytes = new Uint8Array([0x61, 0xff]);
  const entries: RawEntry[] = [
    { name: "x", pax: { path: bytes } },
    { name: "x/", pax: { path: bytes } },
    { name: "s", type: "2", pax: { linkpath: bytes } },
  ];
  for (const entry of entries) {
    await assertRejects(
      () => unpack(base, [[entry]]),
      MissingPermissionError,
      "--allow-ffi",
    );
  }
  assertEquals(readTree(base), {});
}, DENO);

/** Runs a test with read and write for its own directory alone. */
function testScoped(
  name: string,
  permissions: Deno.PermissionOptionsObject,
  run: (base: string) => Promise<void>,
): void {
  const base = Deno.makeTempDirSync();
  Deno.test({
    name,
    permissions: { read: [base], write: [base], sys: true, ...permissions },
    async fn() {
      await run(base);
      Deno.removeSync(base, { recursive: true });
    },
  });
}

const PLAIN = [file("d/f"), { name: "l", type: "1", linkName: "d/f" }];
const SYMLINK = [{ name: "s", type: "2", linkName: "f" }];

testScoped(
  "scoped grants do for files, directories and links",
  {},
  async (base) => {
    await unpack(base, [PLAIN]);
    assertEquals(readTree(base), {
      "d": "dir",
      "d/f": "file x",
      "l": "file x",
    });
  },
);

testScoped(
  "symlinks with scoped grants alone name the flag",
  {},
  async (base) => {
    await assertRejects(
      () => unpack(base, [SYMLINK]),
      MissingPermissionError,
      "--allow-read",
    );
    assertEquals(readTree(base), {});
  },
);

testScoped(
  "symlinks with scoped grants and FFI",
  { ffi: true },
  async (base) => {
    await unpack(base, [SYMLINK]);
    assert(Deno.lstatSync(`${base}/s`).isSymlink);
  },
);

Deno.test({
  name: "without a grant nothing is made, and the stream is cancelled",
  permissions: { ffi: true, sys: true },
  async fn() {
    const { state, stream } = endless(rawLayer([file("a")]));
    const error = await assertRejects(
      () => unpackLayer("/tmp/strata-never-made", stream),
      MissingPermissionError,
    );
    assertEquals(error.flag, "--allow-read=/tmp/strata-never-made");
    assertInstanceOf(error, MissingPermissionError);
    assert(state.pulled === 0);
  },
});

if (!IS_ROOT) {
  testOnHosts("fifos as an ordinary user", async (base) => {
    await unpack(base, [[{ name: "fifo", type: "6" }]]);
    assertEquals(readTree(base), { fifo: "fifo" });
  }, LIBC);
}
