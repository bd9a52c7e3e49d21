/**
 * One layer in the overlayfs format: what is in its directory, by tables
 * written from the image-spec's whiteouts and the kernel's overlayfs.rst.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { EntryError, MissingPermissionError } from "../../src/errors.ts";
import { generateInsertLayer } from "../../src/generate/generate_insert_layer.ts";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { readMarks, USER_FORMAT } from "./overlay_fixtures.ts";
import type { RawEntry } from "./raw_layer.ts";
import { readXattr } from "./read_xattr.ts";
import { testOnHosts, unpack } from "./scratch.ts";
import { modeOf, mtimeOf, type Tree } from "./snapshot.ts";

const LIBC = { hosts: ["libc"] } as const;

const file = (name: string): RawEntry => ({ name, body: "x" });
const directory = (name: string): RawEntry => ({ name });
const symlink = (name: string, linkName: string): RawEntry => ({
  name,
  type: "2",
  linkName,
});

/** What a layer says, in any order, and what its directory then holds. */
const LAYERS: [name: string, entries: RawEntry[], tree: Tree][] = [
  ["a whiteout is a device 0:0", [file(".wh.gone")], { gone: "whiteout" }],
  [
    "a whiteout brings the directories that lead to it",
    [file("a/b/.wh.gone")],
    { "a": "dir", "a/b": "dir", "a/b/gone": "whiteout" },
  ],
  [
    "a whiteout of what the layer itself adds hides nothing but what is below",
    [file("f"), file(".wh.f")],
    { f: "file x" },
  ],
  [
    "a directory in place of a whiteout hides what is below",
    [directory("d/"), file("d/f"), file(".wh.d")],
    { "d": "dir opaque", "d/f": "file x" },
  ],
  [
    "an opaque whiteout is an xattr",
    [directory("d/"), file("d/.wh..wh..opq")],
    { d: "dir opaque" },
  ],
  [
    "an opaque root",
    [file(".wh..wh..opq"), file("f")],
    { "": "dir opaque", "f": "file x" },
  ],
  [
    "no whiteout stays inside an opaque directory",
    [
      directory("d/"),
      file("d/.wh..wh..opq"),
      file("d/.wh.gone"),
      file("d/kept"),
    ],
    { "d": "dir opaque", "d/kept": "file x" },
  ],
  [
    "nor deeper inside",
    [file("d/.wh..wh..opq"), file("d/e/kept"), file("d/e/.wh.gone")],
    { "d": "dir opaque", "d/e": "dir", "d/e/kept": "file x" },
  ],
  [
    "AUFS's own files are skipped",
    [file(".wh..wh.plnk"), file(".wh..wh.aufs"), file("f")],
    { f: "file x" },
  ],
];

/** Every order of the entries: whiteouts hold whatever the order. */
function orders<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((first, i) =>
    orders(items.toSpliced(i, 1)).map((rest) => [first, ...rest])
  );
}

for (const [name, entries, tree] of LAYERS) {
  testOnHosts(name, async (base) => {
    let i = 0;
    for (const order of orders(entries)) {
      const root = `${base}/${i++}`;
      await unpack(root, [order], { onDiskFormat: USER_FORMAT });
      const shown = order.map((entry) => entry.name).join(" ");
      assertEquals(readMarks(root), tree, shown);
    }
  }, LIBC);
}

testOnHosts("a file in place of a whiteout, and the reverse", async (base) => {
  await unpack(base, [[
    file("d/f"),
    { name: "d", body: "now a file" },
    file("e"),
    directory("e/"),
    file("e/f"),
  ]], { onDiskFormat: USER_FORMAT });
  assertEquals(readMarks(base), {
    "d": "file now a file",
    // What a layer below may have at `e` was hidden by the file.
    "e": "dir opaque",
    "e/f": "file x",
  });
}, LIBC);

testOnHosts("marks survive the metadata of their directory", async (base) => {
  await unpack(base, [[
    file("d/.wh..wh..opq"),
    {
      name: "d/",
      mode: 0o750,
      mtime: 1234,
      pax: { "SCHILY.xattr.user.mine": "1" },
    },
  ]], { onDiskFormat: USER_FORMAT });
  assertEquals(readMarks(base), { d: "dir opaque" });
  assertEquals(modeOf(`${base}/d`), "750");
  assertEquals(mtimeOf(`${base}/d`), 1234);
  assert(readXattr(`${base}/d`, "user.mine") !== undefined);
}, LIBC);

testOnHosts("an image's overlay xattrs are escaped, and back", async (base) => {
  await unpack(base, [[{
    name: "d/",
    pax: { "SCHILY.xattr.user.overlay.opaque": "y" },
  }, {
    name: "f",
    pax: { "SCHILY.xattr.user.overlay.overlay.metacopy": "1" },
  }]], { onDiskFormat: USER_FORMAT });
  assertEquals(readMarks(base), { d: "dir", f: "file " });
  const text = (path: string, xattr: string) =>
    new TextDecoder().decode(readXattr(`${base}/${path}`, xattr));
  assertEquals(text("d", "user.overlay.overlay.opaque"), "y");
  assertEquals(text("f", "user.overlay.overlay.overlay.metacopy"), "1");

  const back: Record<string, string[]> = {};
  const layer = generateInsertLayer(base, "/", { onDiskFormat: USER_FORMAT });
  for await (const { name, xattrs } of readTar(layer)) {
    back[name] = [...xattrs.keys()];
  }
  assertEquals(back, {
    "./": [],
    "d/": ["user.overlay.opaque"],
    "f": ["user.overlay.overlay.metacopy"],
  });
}, LIBC);

testOnHosts("a layer comes back from its directory", async (base) => {
  await unpack(base, [[
    directory("d/"),
    file("d/.wh..wh..opq"),
    file("d/f"),
    file("e/.wh.gone"),
    symlink("s", "d"),
  ]], { onDiskFormat: USER_FORMAT });
  const names = async (layer: ReadableStream<Uint8Array>) => {
    const found: string[] = [];
    for await (const { name } of readTar(layer)) found.push(name);
    return found;
  };
  const options = { onDiskFormat: USER_FORMAT };
  assertEquals(await names(generateInsertLayer(base, "/", options)), [
    "./",
    "d/",
    "d/.wh..wh..opq",
    "d/f",
    "e/",
    "e/.wh.gone",
    "s",
  ]);
  const deltas = ["d", "e/gone"].map((path) => ({
    type: "modified" as const,
    path,
  }));
  assertEquals(await names(generateLayer(base, deltas, options)), [
    "d/",
    "d/.wh..wh..opq",
    "e/.wh.gone",
  ]);
}, LIBC);

testOnHosts("files may stand for whiteouts", async (base) => {
  await unpack(base, [[{
    name: "gone",
    // Escaped it would be an image's own; this is what the kernel has.
    pax: { "SCHILY.xattr.user.overlay.whiteout": "y" },
  }]]);
  const layer = generateInsertLayer(base, "/", { onDiskFormat: USER_FORMAT });
  const names: string[] = [];
  for await (const { name } of readTar(layer)) names.push(name);
  assertEquals(names, ["./", ".wh.gone"]);
}, LIBC);

for (const mark of ["redirect", "metacopy"]) {
  testOnHosts(`a layer with ${mark} is refused`, async (base) => {
    await unpack(base, [[{
      name: "d/",
      pax: { [`SCHILY.xattr.user.overlay.${mark}`]: "/old" },
    }]]);
    const layer = generateInsertLayer(base, "/", { onDiskFormat: USER_FORMAT });
    await assertRejects(
      async () => {
        for await (const _ of layer);
      },
      Error,
      `user.overlay.${mark}`,
    );
  }, LIBC);
}

testOnHosts("the device 0:0 is refused by its name", async (base) => {
  await assertRejects(
    () =>
      unpack(base, [[{ name: "dev/zero", type: "3", major: 0, minor: 0 }]], {
        onDiskFormat: USER_FORMAT,
      }),
    EntryError,
    "dev/zero",
  );
}, { ...LIBC, needsRoot: true });

testOnHosts("root has the marks in trusted xattrs", async (base) => {
  await unpack(base, [[
    file("d/.wh..wh..opq"),
    file(".wh.gone"),
    {
      name: "f",
      pax: {
        "SCHILY.xattr.trusted.overlay.origin": "1",
        "SCHILY.xattr.user.overlay.opaque": "y",
      },
    },
  ]], { onDiskFormat: { type: "overlayfs" } });
  assertEquals(readMarks(base, "trusted.overlay."), {
    d: "dir opaque",
    f: "file ",
    gone: "whiteout",
  });
  assert(readXattr(`${base}/f`, "trusted.overlay.overlay.origin"));
  assert(readXattr(`${base}/f`, "user.overlay.opaque"));
}, { ...LIBC, needsRoot: true });

testOnHosts("without FFI no mark can be set or read", async (base) => {
  await assertRejects(
    () =>
      unpack(base, [[file("d/.wh..wh..opq")]], {
        onDiskFormat: USER_FORMAT,
        skipUnsupported: true,
      }),
    MissingPermissionError,
    "--allow-ffi",
  );
  const layer = generateInsertLayer(base, "/", { onDiskFormat: USER_FORMAT });
  await assertRejects(
    () => layer.getReader().read(),
    MissingPermissionError,
    "--allow-ffi",
  );
}, { hosts: ["deno"] });
