/** What a layer says of the inodes of a tree, and which it refuses. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StrataError, UnmappedIdError } from "../../src/errors.ts";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import type { RepackOptions, Warning } from "../../src/options.ts";
import { TarWriteError } from "../../src/tar/encode_header.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { unpackLayer } from "../../src/unpack/unpack_layer.ts";
import { setXattr, xattrsOf } from "../host/disk.ts";
import { inScratch, testOnHosts, unpack } from "../unpack/scratch.ts";
import { extras, list } from "./listed_layer.ts";

const LIBC = { hosts: ["libc"] } as const;

testOnHosts("layer: hard links across directories", async (root) => {
  for (const name of ["a", "b", "c"]) Deno.mkdirSync(`${root}/${name}`);
  Deno.writeTextFileSync(`${root}/b/one`, "1");
  Deno.linkSync(`${root}/b/one`, `${root}/a/one`);
  Deno.linkSync(`${root}/b/one`, `${root}/c/one`);
  Deno.writeTextFileSync(`${root}/b/two`, "2");
  Deno.linkSync(`${root}/b/two`, `${root}/c/two`);
  Deno.symlinkSync("t", `${root}/a/s`);
  Deno.linkSync(`${root}/a/s`, `${root}/b/s`);
  const all = ["a/one", "a/s", "b/one", "b/s", "b/two", "c/one", "c/two"];
  assertEquals(await list(root, extras(...all)), [
    "a/one = 1",
    "a/s -> t",
    "b/one == a/one",
    "b/s == a/s",
    "b/two = 2",
    "c/one == a/one",
    "c/two == b/two",
  ]);
  // A name whose others are not part of the change is a file.
  assertEquals(await list(root, extras("c/two", "c/one", "b/one")), [
    "b/one = 1",
    "c/one == b/one",
    "c/two = 2",
  ]);
});

testOnHosts("layer: symlinks are packed verbatim", async (root) => {
  const targets = ["/etc/passwd", "../../..", ".", "a//b/", "é", "%s\n"];
  for (const [i, target] of targets.entries()) {
    Deno.symlinkSync(target, `${root}/${i}`);
  }
  const names = targets.map((_, i) => String(i));
  assertEquals(
    await list(root, extras(...names)),
    targets.map((target, i) => `${i} -> ${target}`),
  );
});

testOnHosts("layer: holes are zeros", async (root) => {
  const size = 3 * 1024 * 1024;
  const file = Deno.createSync(`${root}/sparse`);
  file.seekSync(1_000_000, Deno.SeekMode.Start);
  file.writeSync(new TextEncoder().encode("data"));
  file.truncateSync(size);
  file.close();
  const expected = new Uint8Array(size);
  expected.set(new TextEncoder().encode("data"), 1_000_000);
  for await (const entry of readTar(generateLayer(root, extras("sparse")))) {
    assertEquals([entry.typeflag, entry.size], ["0", size]);
    const body = new Uint8Array(await new Response(entry.body).arrayBuffer());
    assertEquals(body, expected);
  }
});

testOnHosts("layer: xattrs come back as they were", async (base) => {
  const [here, there] = [`${base}/here`, `${base}/there`];
  for (const root of [here, there]) Deno.mkdirSync(root);
  Deno.writeTextFileSync(`${here}/f`, "");
  assert(setXattr(`${here}/f`, "user.bytes", Uint8Array.of(0, 10, 61, 255)));
  assert(setXattr(here, "user.root", Uint8Array.of(65)));
  await unpackLayer(there, generateLayer(here, extras(".", "f")));
  assertEquals(xattrsOf(`${there}/f`), { "user.bytes": "\0\n=\xff" });
  assertEquals(xattrsOf(there), { "user.root": "A" });
}, LIBC);

testOnHosts(
  "layer: without FFI xattrs are left out, and told",
  async (root) => {
    for (const name of ["a", "b"]) {
      Deno.writeTextFileSync(
        `${root}/${name}`,
        name,
      );
    }
    const warnings: Warning[] = [];
    const onWarning = (warning: Warning) => warnings.push(warning);
    assertEquals(await list(root, extras("a", "b"), { onWarning }), [
      "a = a",
      "b = b",
    ]);
    assertEquals(warnings.map(({ code }) => code), ["xattr-unsupported"]);
    assert(warnings[0]?.message.includes("--allow-ffi"));
  },
  { hosts: ["deno"] },
);

// Only root can give files away.
testOnHosts("layer: ids are mapped back", async (root) => {
  await unpack(root, [[
    { name: "first", uid: 100_000, gid: 200_000 },
    { name: "large", uid: 2_097_152, gid: 3_000_000_000 },
    { name: "last", uid: 165_535, gid: 200_009 },
    { name: "second-range", uid: 300_007, gid: 200_001 },
  ]]);
  const options = {
    uidMappings: [
      { containerID: 0, hostID: 100_000, size: 65_536 },
      { containerID: 70_000, hostID: 300_000, size: 10 },
      { containerID: 1_000_000, hostID: 2_097_152, size: 1 },
    ],
    gidMappings: [
      { containerID: 5, hostID: 200_000, size: 10 },
      { containerID: 4_000_000_000, hostID: 3_000_000_000, size: 1 },
    ],
  };
  const owners: Record<string, [number, number]> = {};
  const paths = extras("first", "last", "second-range", "large");
  for await (
    const { name, uid, gid } of readTar(generateLayer(root, paths, options))
  ) owners[name] = [uid, gid];
  assertEquals(owners, {
    "first": [0, 5],
    "large": [1_000_000, 4_000_000_000],
    "last": [65_535, 14],
    "second-range": [70_007, 6],
  });
  await unpack(root, [[{ name: "beyond", uid: 165_536, gid: 200_000 }]]);
  const error = await assertRejects(
    () => list(root, extras("beyond"), options),
    TarWriteError,
    "uid 165536",
  );
  assertEquals(error.entry, "beyond");
  assert(error.cause instanceof UnmappedIdError);
  assertEquals(error.cause.id, 165_536);
}, { needsRoot: true });

testOnHosts(
  "layer: rootless, everything is the container's root",
  async (root) => {
    Deno.mkdirSync(`${root}/d`);
    Deno.writeTextFileSync(`${root}/d/f`, "");
    const layer = generateLayer(root, extras("d", "d/f"), { rootless: true });
    for await (const { uid, gid } of readTar(layer)) {
      assertEquals([uid, gid], [0, 0]);
    }
  },
);

const WHITEOUT_NAMES = [".wh.f", ".wh.", ".wh..wh..opq", "d/.wh.f", ".wh.d/f"];

for (const name of WHITEOUT_NAMES) {
  testOnHosts(`layer: the name ${name} is refused`, async (root) => {
    for (const directory of ["d", ".wh.d"]) {
      Deno.mkdirSync(`${root}/${directory}`);
    }
    Deno.writeTextFileSync(`${root}/${name}`, "");
    for (const type of ["extra", "modified", "missing"] as const) {
      const error = await assertRejects(
        () => list(root, [{ type, path: name }]),
        TarWriteError,
        name,
      );
      assertEquals(error.entry, name);
    }
  });
}

testOnHosts("layer: names that only look like whiteouts", async (root) => {
  const names = [".wh", ".wha", "a.wh.b", ".wh.".toUpperCase()];
  for (const name of names) Deno.writeTextFileSync(`${root}/${name}`, "");
  assertEquals(await list(root, extras(...names)), names.toSorted());
});

Deno.test({
  name: "layer: a socket is left out with a warning, deep below too",
  permissions: { read: true, write: true, sys: true, ffi: true, net: true },
  fn: () =>
    inScratch(async (root) => {
      Deno.mkdirSync(`${root}/d`);
      using _listener = Deno.listen({
        transport: "unix",
        path: `${root}/d/s`,
      });
      const warnings: Warning[] = [];
      const lines = await list(root, extras("d", "d/s"), {
        onWarning: (warning) => warnings.push(warning),
      });
      assertEquals(lines, ["d/"]);
      assertEquals(
        warnings.map(({ code, entry }) => [code, entry]),
        [["socket-skipped", "d/s"]],
      );
      assert(warnings[0]?.message.includes('"d/s"'));
    }),
});

const BAD_OPTIONS: [name: string, options: RepackOptions][] = [
  ["half a second", { sourceDateEpoch: 0.5 }],
  ["no time", { sourceDateEpoch: NaN }],
  ["no end of time", { sourceDateEpoch: Infinity }],
  ["an empty range", {
    uidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
  }],
  ["a negative id", {
    gidMappings: [{ containerID: -1, hostID: 0, size: 1 }],
  }],
  ["ranges that overlap", {
    uidMappings: [
      { containerID: 0, hostID: 0, size: 10 },
      { containerID: 10, hostID: 9, size: 10 },
    ],
  }],
];

for (const [name, options] of BAD_OPTIONS) {
  Deno.test({
    name: `layer: ${name} among the options is refused at once`,
    permissions: "none",
    async fn() {
      await assertRejects(
        () => Promise.try(() => generateLayer("/never/read", [], options)),
        StrataError,
        "Cannot",
      );
    },
  });
}
