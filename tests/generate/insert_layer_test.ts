/** A layer that inserts something: what is in it, and what is refused. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import { StrataError, SystemError } from "../../src/errors.ts";
import {
  generateInsertLayer,
  type InsertOptions,
} from "../../src/generate/generate_insert_layer.ts";
import type { Warning } from "../../src/options.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { TarWriteError } from "../../src/tar/encode_header.ts";
import { setXattr } from "../host/disk.ts";
import { archive, entry } from "../tar/raw_archive.ts";
import { inScratch, testOnHosts, unpack } from "../unpack/scratch.ts";
import { listLayer } from "./listed_layer.ts";

const LIBC = { hosts: ["libc"] } as const;

const insert = (
  root: string | undefined,
  target: string,
  options?: InsertOptions,
): Promise<string[]> => listLayer(generateInsertLayer(root, target, options));

/** Runs something with another working directory. */
async function inDirectory(
  path: string,
  run: () => Promise<void>,
): Promise<void> {
  const before = Deno.cwd();
  Deno.chdir(path);
  try {
    await run();
  } finally {
    Deno.chdir(before);
  }
}

testOnHosts(
  "insert: paths relative to where the program runs",
  async (base) => {
    Deno.mkdirSync(`${base}/d`);
    Deno.writeTextFileSync(`${base}/d/f`, "f");
    const directory = ["in/", "in/f = f"];
    await inDirectory(`${base}/d`, async () => {
      assertEquals(await insert(".", "in"), directory);
      assertEquals(await insert("./", "in"), directory);
      assertEquals(await insert("../d", "in"), directory);
      assertEquals(await insert("..", "in"), ["in/", "in/d/", "in/d/f = f"]);
      assertEquals(await insert("f", "in"), ["in = f"]);
      assertEquals(await insert("./f", "in"), ["in = f"]);
      assertEquals(await insert("../d/f", "in"), ["in = f"]);
    });
  },
);

/** Targets, and where they are in an image. */
const TARGETS: [target: string, path: string][] = [
  ["in", "in"],
  ["/a/b", "a/b"],
  ["a//b/", "a/b"],
  ["./a/./b/.", "a/b"],
  ["a/../b", "b"],
  ["../../b", "b"],
  ["é\udcff", "é\udcff"],
];

for (const [target, path] of TARGETS) {
  testOnHosts(`insert: at ${JSON.stringify(target)}`, async (base) => {
    Deno.mkdirSync(`${base}/d`);
    Deno.writeTextFileSync(`${base}/d/f`, "f");
    assertEquals(await insert(`${base}/d/f`, target), [`${path} = f`]);
    assertEquals(await insert(`${base}/d`, target), [
      `${path}/`,
      `${path}/f = f`,
    ]);
    const slash = path.lastIndexOf("/") + 1;
    const whiteout = `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
    assertEquals(await insert(undefined, target), [whiteout]);
  });
}

testOnHosts("insert: at the root of the image", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  Deno.writeTextFileSync(`${base}/d/f`, "f");
  for (const target of ["", "/", ".", "..", "a/.."]) {
    assertEquals(await insert(`${base}/d`, target), ["./", "f = f"], target);
    assertEquals(await insert(`${base}/d`, target, { opaque: true }), [
      ".wh..wh..opq",
      "./",
      "f = f",
    ]);
    await assertRejects(
      () => insert(`${base}/d/f`, target),
      StrataError,
      "root of an image",
    );
    await assertRejects(
      () => Promise.try(() => insert(undefined, target)),
      StrataError,
      "root of an image",
    );
  }
});

testOnHosts("insert: a symlink is put there as it is", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  Deno.writeTextFileSync(`${base}/d/f`, "f");
  Deno.symlinkSync("d", `${base}/to-directory`);
  Deno.symlinkSync("nowhere/..", `${base}/to-nothing`);
  assertEquals(await insert(`${base}/to-directory`, "in"), ["in -> d"]);
  assertEquals(await insert(`${base}/to-nothing`, "in"), ["in -> nowhere/.."]);
  // And those inside are not followed.
  Deno.symlinkSync("../d", `${base}/d/loop`);
  assertEquals(await insert(`${base}/d`, "in"), [
    "in/",
    "in/f = f",
    "in/loop -> ../d",
  ]);
});

testOnHosts("insert: a tree with hard links, sorted", async (base) => {
  Deno.mkdirSync(`${base}/d/z/a`, { recursive: true });
  Deno.mkdirSync(`${base}/d/b`);
  Deno.writeTextFileSync(`${base}/d/z/a/f`, "f");
  Deno.linkSync(`${base}/d/z/a/f`, `${base}/d/b/g`);
  Deno.linkSync(`${base}/d/z/a/f`, `${base}/outside`);
  for (const name of ["\u{1f600}", "\uffee", "c", "B"]) {
    Deno.writeTextFileSync(`${base}/d/${name}`, "");
  }
  assertEquals(await insert(`${base}/d`, "in"), [
    "in/",
    "in/B",
    "in/b/",
    "in/b/g = f",
    "in/c",
    "in/z/",
    "in/z/a/",
    "in/z/a/f == in/b/g",
    "in/\uffee",
    "in/\u{1f600}",
  ]);
});

testOnHosts("insert: metadata", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  Deno.writeTextFileSync(`${base}/d/f`, "f");
  Deno.chmodSync(`${base}/d`, 0o1750);
  Deno.chmodSync(`${base}/d/f`, 0o4711);
  Deno.utimeSync(`${base}/d/f`, 99.75, 99.75);
  Deno.utimeSync(`${base}/d`, 9_999, 9_999);
  const [hostUid, hostGid] = [Deno.uid() ?? 0, Deno.gid() ?? 0];
  const options = {
    sourceDateEpoch: 1000,
    uidMappings: [{ containerID: 5, hostID: hostUid, size: 1 }],
    gidMappings: [{ containerID: 6, hostID: hostGid, size: 1 }],
  };
  const found: unknown[] = [];
  for await (
    const entry of readTar(generateInsertLayer(`${base}/d`, "in", options))
  ) {
    const { name, mode, uid, gid, mtime, userName, groupName } = entry;
    found.push([name, mode, uid, gid, mtime.seconds, mtime.nanoseconds]);
    assertEquals([userName, groupName], ["", ""]);
  }
  assertEquals(found, [
    ["in/", 0o1750, 5, 6, 1000, 0],
    ["in/f", 0o4711, 5, 6, 99, 0],
  ]);
});

testOnHosts("insert: xattrs, and names that are not UTF-8", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  assert(setXattr(`${base}/d`, "user.x", Uint8Array.of(0, 255)));
  await unpack(`${base}/d`, [[{
    name: "x",
    pax: { path: Uint8Array.of(0xff) },
  }]]);
  const found: Record<string, Map<string, Uint8Array>> = {};
  for await (const entry of readTar(generateInsertLayer(`${base}/d`, "in"))) {
    found[entry.name] = new Map(entry.xattrs);
  }
  assertEquals(found, {
    "in/": new Map([["user.x", Uint8Array.of(0, 255)]]),
    "in/\udcff": new Map(),
  });
}, LIBC);

testOnHosts("insert: names of whiteouts are refused", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  Deno.writeTextFileSync(`${base}/f`, "");
  for (const target of [".wh.f", "a/.wh.f", ".wh.d/f", ".wh..wh..opq"]) {
    for (const root of [`${base}/d`, `${base}/f`]) {
      await assertRejects(() => insert(root, target), TarWriteError, ".wh.");
    }
  }
  Deno.writeTextFileSync(`${base}/d/.wh.g`, "");
  const error = await assertRejects(
    () => insert(`${base}/d`, "in"),
    TarWriteError,
  );
  assertEquals(error.entry, "in/.wh.g");
});

Deno.test({
  name: "insert: a whiteout of a whiteout's name is refused",
  permissions: "none",
  async fn() {
    // Unpacked, `.wh..wh..opq` empties the directory that it is in.
    for (const target of [".wh..opq", ".wh.f", "a/.wh.f", ".wh.d/f"]) {
      await assertRejects(
        () => Promise.try(() => insert(undefined, target)),
        StrataError,
        ".wh.",
      );
    }
  },
});

Deno.test({
  name: "insert: a whiteout is one empty file",
  permissions: "none",
  async fn() {
    const zero = "0000000\0";
    assertEquals(
      await toBytes(generateInsertLayer(undefined, "/etc/motd")),
      archive(
        entry({ name: "etc/.wh.motd", mode: zero, major: zero, minor: zero }),
      ),
    );
  },
});

Deno.test({
  name: "insert: the options of a whiteout count as well",
  permissions: "none",
  async fn() {
    await assertRejects(
      () =>
        Promise.try(() => insert(undefined, "in", { sourceDateEpoch: 0.5 })),
      StrataError,
      "sourceDateEpoch",
    );
  },
});

Deno.test({
  name: "insert: a signal that was aborted before ends a whiteout, too",
  permissions: "none",
  async fn() {
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(
      () => insert(undefined, "in", { signal }),
      RangeError,
      "enough",
    );
  },
});

Deno.test({
  name: "insert: a socket is left out with a warning",
  permissions: { read: true, write: true, sys: true, ffi: true, net: true },
  fn: () =>
    inScratch(async (base) => {
      Deno.mkdirSync(`${base}/d`);
      Deno.writeTextFileSync(`${base}/d/z`, "");
      using _listener = Deno.listen({ transport: "unix", path: `${base}/d/s` });
      const warnings: Warning[] = [];
      const lines = await insert(`${base}/d`, "in", {
        onWarning: (warning) => warnings.push(warning),
      });
      assertEquals(lines, ["in/", "in/z"]);
      assertEquals(
        warnings.map(({ code, entry }) => [code, entry]),
        [["socket-skipped", "in/s"]],
      );
    }),
});

testOnHosts("insert: what is not there", async (base) => {
  const error = await assertRejects(
    () => insert(`${base}/never`, "in"),
    SystemError,
    `${base}/never`,
  );
  assertEquals(error.code, "ENOENT");
});
