/**
 * What an ordinary user unpacks: owners kept in xattrs, and directories whose
 * modes keep out even their owner, on the way in and on the way back.
 */
import { assert, assertEquals } from "@std/assert";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import { checkTree, walkTree } from "../../src/mtree/walk.ts";
import type { Warning } from "../../src/options.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import type { RawEntry } from "./raw_layer.ts";
import { readXattr } from "./read_xattr.ts";
import {
  inScratch,
  IS_ROOT,
  PERMISSIONS,
  testOnHosts,
  unpack,
} from "./scratch.ts";
import { modeOf } from "./snapshot.ts";

const ROOTLESS = { rootless: true };

const file = (name: string, mode = 0o644): RawEntry => ({
  name,
  body: name,
  mode,
});
const directory = (name: string, mode: number): RawEntry => ({ name, mode });
const whiteout = (name: string): RawEntry => ({ name });

/** Directories of every kind of closedness, with something in each. */
const CLOSED: RawEntry[] = [
  directory("./", 0o555),
  directory("closed/", 0o000),
  directory("closed/inner/", 0o000),
  file("closed/inner/f", 0o000),
  file("closed/inner/old"),
  directory("listed/", 0o400),
  file("listed/old"),
  directory("passed/", 0o100),
  directory("passed/below/", 0o755),
  file("passed/below/old"),
  directory("readable/", 0o500),
  file("readable/old"),
];

/** What is put into them by the layer above. */
const CHANGES: RawEntry[] = [
  file("closed/inner/new"),
  whiteout("closed/inner/.wh.old"),
  file("listed/old"),
  file("passed/below/new"),
  whiteout("readable/.wh.old"),
  directory("readable/made/", 0o700),
  { name: "link", type: "1", linkName: "closed/inner/new" },
];

/** Every path below a directory with its mode; closed ones are opened. */
function modesIn(root: string): Record<string, string> {
  const modes: Record<string, string> = {};
  const visit = (path: string) => {
    const host = `${root}/${path}`;
    const { isDirectory, mode } = Deno.lstatSync(host);
    modes[path] = modeOf(host);
    if (!isDirectory) return;
    Deno.chmodSync(host, 0o700);
    const names = [...Deno.readDirSync(host)].map(({ name }) => name).sort();
    for (const name of names) visit(path === "" ? name : `${path}/${name}`);
    Deno.chmodSync(host, (mode ?? 0) & 0o7777);
  };
  visit("");
  return modes;
}

/** A closed tree cannot be removed with the scratch directory. */
function openTree(path: string): void {
  if (!Deno.lstatSync(path).isDirectory) return;
  Deno.chmodSync(path, 0o700);
  for (const { name } of Deno.readDirSync(path)) openTree(`${path}/${name}`);
}

testOnHosts("closed directories are opened and closed again", async (base) => {
  const root = `${base}/root`;
  try {
    await unpack(root, [CLOSED, CHANGES], ROOTLESS);
    assertEquals(modesIn(root), {
      "": "555",
      "closed": "0",
      "closed/inner": "0",
      "closed/inner/f": "0",
      "closed/inner/new": "644",
      "link": "644",
      "listed": "400",
      "listed/old": "644",
      "passed": "100",
      "passed/below": "755",
      "passed/below/new": "644",
      "passed/below/old": "644",
      "readable": "500",
      "readable/made": "700",
    });
  } finally {
    openTree(root);
  }
});

testOnHosts("closed trees are walked and packed as they are", async (base) => {
  const root = `${base}/root`;
  try {
    await unpack(root, [CLOSED], ROOTLESS);
    const keywords = ["type", "mode", "sha256"];
    const hierarchy = await walkTree(root, { keywords });
    const closed = hierarchy.root.children?.get("closed");
    assertEquals(closed?.keywords?.get("mode"), "0");
    assertEquals(await checkTree(root, hierarchy), []);

    const deltas = ["", "closed", "closed/inner", "closed/inner/f", "listed"]
      .map((path) => ({ type: "modified" as const, path }));
    const packed: string[] = [];
    const layer = generateLayer(root, deltas, ROOTLESS);
    for await (const { name, mode, body } of readTar(layer)) {
      const text = await new Response(body).text();
      packed.push(`${name} ${mode.toString(8)} ${text}`.trim());
    }
    assertEquals(packed, [
      "./ 555",
      "closed/ 0",
      "closed/inner/ 0",
      "closed/inner/f 0 closed/inner/f",
      "listed/ 400",
    ]);
    assertEquals(modeOf(`${root}/closed`), "0");
  } finally {
    openTree(root);
  }
});

testOnHosts("a closed directory can be removed", async (base) => {
  const root = `${base}/root`;
  await unpack(root, [CLOSED, [
    directory("./", 0o755),
    whiteout(".wh.closed"),
    file("listed"),
    whiteout(".wh..wh..opq"),
  ]], ROOTLESS);
  assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["listed"]);
});

Deno.test({
  name: "a walk that would have to open something needs --allow-write",
  ignore: IS_ROOT,
  permissions: { ...PERMISSIONS.libc, run: [Deno.execPath()] },
  fn: () =>
    inScratch(async (base) => {
      await unpack(`${base}/root`, [CLOSED], ROOTLESS);
      try {
        const walk = new URL("./walk_process.ts", import.meta.url);
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "--quiet",
            "--no-prompt",
            `--allow-read=${base}`,
            "--allow-ffi",
            walk.href,
            `${base}/root`,
          ],
        }).output();
        assertEquals(
          new TextDecoder().decode(stdout),
          `--allow-write=${base}/root\n`,
        );
      } finally {
        openTree(`${base}/root`);
      }
    }),
});

const OWNED: RawEntry[] = [
  { name: "d/", uid: 7, gid: 0 },
  { name: "d/f", uid: 1000, gid: 128 },
  { name: "d/again", type: "1", linkName: "d/f", uid: 1000, gid: 128 },
  { name: "dev", type: "3", uid: 0, gid: 5 },
  { name: "read-only", uid: 1, gid: 2, mode: 0o400 },
  { name: "root", uid: 0, gid: 0 },
  {
    name: "root-with-foreign-xattr",
    uid: 0,
    gid: 0,
    pax: { "SCHILY.xattr.user.rootlesscontainers": "\x08\x01" },
  },
  { name: "s", type: "2", linkName: "d", uid: 3, gid: 3 },
];

Deno.test({
  name: "owners are kept in an xattr, and come back from it",
  permissions: PERMISSIONS.libc,
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async (base) => {
      const warnings: Warning[] = [];
      await unpack(base, [OWNED], {
        rootless: true,
        onWarning: (warning) => warnings.push(warning),
      });
      const kept = (name: string) =>
        readXattr(`${base}/${name}`, "user.rootlesscontainers")?.toHex();
      assertEquals(kept("d"), "080710ffffffff0f");
      assertEquals(kept("d/f"), "08e807108001");
      assertEquals(kept("d/again"), "08e807108001");
      assertEquals(kept("dev"), "08ffffffff0f1005");
      assertEquals(kept("read-only"), "08011002");
      assertEquals(kept("root"), undefined);
      assertEquals(kept("root-with-foreign-xattr"), undefined);
      assertEquals(
        warnings.map(({ code, entry }) => [code, entry]),
        [["device-replaced", "dev"], ["owner-unsupported", "s"]],
      );

      const deltas = OWNED.map(({ name }) => ({
        type: "extra" as const,
        path: name.replace(/\/$/, ""),
      }));
      const owners: Record<string, string> = {};
      for await (
        const { name, uid, gid, xattrs } of readTar(
          generateLayer(base, deltas, ROOTLESS),
        )
      ) {
        owners[name] = `${uid}:${gid}`;
        assert(!xattrs.has("user.rootlesscontainers"), name);
      }
      assertEquals(owners, {
        "d/": "7:0",
        "d/again": "1000:128",
        "d/f": "1000:128",
        "dev": "0:5",
        "read-only": "1:2",
        "root": "0:0",
        "root-with-foreign-xattr": "0:0",
        "s": "0:0",
      });
    }),
});

testOnHosts("without FFI the loss of owners is told once", async (base) => {
  const warnings: string[] = [];
  await unpack(base, [OWNED.filter(({ name }) => name !== "s")], {
    rootless: true,
    onWarning: ({ code }) => warnings.push(code),
  });
  assertEquals(warnings, ["owner-unsupported", "device-replaced"]);
}, { hosts: ["deno"] });

testOnHosts(
  "what takes FFI is skipped where the caller says so",
  async (base) => {
    const warnings: string[] = [];
    await unpack(base, [[file("was-a-file")], [
      { name: "was-a-file", type: "6" },
      { name: "fifo", type: "6" },
      { name: "null", type: "3" },
      { name: "f", pax: { "SCHILY.xattr.user.a": "1" } },
      { name: "g", pax: { "SCHILY.xattr.user.b": "1" } },
    ]], {
      skipUnsupported: true,
      rootless: false,
      onWarning: ({ code, entry }) => warnings.push(`${code} ${entry ?? ""}`),
    });
    assertEquals(warnings, [
      "node-skipped was-a-file",
      "node-skipped fifo",
      "node-skipped null",
      "xattr-unsupported ",
    ]);
    const names = [...Deno.readDirSync(base)].map(({ name }) => name).sort();
    assertEquals(names, ["f", "g"]);
  },
  { hosts: ["deno"] },
);
