/** An image whose layers stay apart, in a store that bundles share. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { LayerError, StrataError } from "../../src/errors.ts";
import type { OnDiskFormat } from "../../src/options.ts";
import { unpackManifest } from "../../src/unpack/unpack_manifest.ts";
import { unpackRootfs } from "../../src/unpack/unpack_rootfs.ts";
import { buildImage, digestOf } from "./image_builder.ts";
import { readMarks } from "./overlay_fixtures.ts";
import { type RawEntry, rawLayer } from "./raw_layer.ts";
import { testOnHosts } from "./scratch.ts";
import {
  isSameInode,
  modeOf,
  mtimeOf,
  readTree,
  type Tree,
} from "./snapshot.ts";

const LIBC = { hosts: ["libc"] } as const;

const file = (name: string, body = "x"): RawEntry => ({ name, body });

/** Unpacks layers apart from each other; the trees, the base first. */
async function unpackApart(
  base: string,
  layers: RawEntry[][],
): Promise<Tree[]> {
  const { engine, manifest } = await buildImage(
    `${base}/image`,
    layers.map((tar) => ({ tar })),
  );
  const mount = await unpackManifest(engine, `${base}/bundle`, manifest, {
    rootless: true,
    onDiskFormat: format(base),
  });
  return (mount?.lowerDirectories ?? []).toReversed()
    .map((path) => readMarks(path));
}

function format(base: string): OnDiskFormat {
  return { type: "overlayfs", userXattr: true, store: `${base}/store` };
}

function storedLayers(base: string): string[] {
  return [...Deno.readDirSync(`${base}/store`)].map(({ name }) => name).sort();
}

/** Two layers, and what the second one's directory then holds. */
const UPPER_LAYERS: [
  name: string,
  lower: RawEntry[],
  upper: RawEntry[],
  tree: Tree,
][] = [
  [
    "a name through a symlink of a layer below",
    [{ name: "usr/lib/" }, { name: "lib", type: "2", linkName: "usr/lib" }],
    [file("lib/f")],
    { "usr": "dir", "usr/lib": "dir", "usr/lib/f": "file x" },
  ],
  [
    "and through an absolute one, and one that leads on",
    [
      { name: "real/" },
      { name: "a/first", type: "2", linkName: "/second" },
      { name: "second", type: "2", linkName: "a/../real" },
    ],
    [file("a/first/f")],
    { "a": "dir", "real": "dir", "real/f": "file x" },
  ],
  [
    "a whiteout of what no layer below has",
    [file("d/f")],
    [file(".wh.never"), file("d/.wh.never"), file("no/.wh.never")],
    { d: "dir" },
  ],
  [
    "a whiteout of what is there",
    [file("d/f")],
    [file("d/.wh.f")],
    { "d": "dir", "d/f": "whiteout" },
  ],
  [
    "a hard link to a file below",
    [file("f", "below")],
    [{ name: "d/g", type: "1", linkName: "f" }],
    { "d": "dir", "d/g": "file below", "f": "file below" },
  ],
  [
    "a hard link to a symlink below",
    [{ name: "s", type: "2", linkName: "nowhere" }],
    [{ name: "t", type: "1", linkName: "s" }],
    { s: "symlink nowhere", t: "symlink nowhere" },
  ],
  [
    "a hard link to what the layer then replaces",
    [file("f", "below")],
    [{ name: "g", type: "1", linkName: "f" }, file("f", "above")],
    { f: "file above", g: "file above" },
  ],
  [
    "a file where a directory was",
    [file("d/f")],
    [file("d")],
    { d: "file x" },
  ],
  [
    "a directory where a file was",
    [file("d")],
    [file("d/f")],
    { "d": "dir", "d/f": "file x" },
  ],
  [
    "an entry behind a whiteout of its directory",
    [file("d/old"), file("d/e/old")],
    [file(".wh.d"), file("d/e/new")],
    { "d": "dir opaque", "d/e": "dir", "d/e/new": "file x" },
  ],
  [
    "an entry before a whiteout of its directory",
    [file("d/old"), file("d/e/old")],
    [file("d/e/new"), file(".wh.d")],
    { "d": "dir opaque", "d/e": "dir", "d/e/new": "file x" },
  ],
  [
    "a symlink of a layer below behind a whiteout of it",
    [{ name: "usr/" }, { name: "lib", type: "2", linkName: "usr" }],
    [file(".wh.lib"), file("lib/f")],
    { "lib": "dir opaque", "lib/f": "file x" },
  ],
];

for (const [name, lower, upper, tree] of UPPER_LAYERS) {
  testOnHosts(name, async (base) => {
    const trees = await unpackApart(base, [lower, upper]);
    assertEquals(trees[1], tree);
  }, LIBC);
}

testOnHosts(
  "what leads to an entry is as the layers below have it",
  async (base) => {
    const trees = await unpackApart(base, [
      [{ name: "./", mode: 0o711, mtime: 5 }, {
        name: "d/",
        mode: 0o700,
        mtime: 77,
        pax: { "SCHILY.xattr.user.a": "1" },
      }],
      [{ name: "d/", mode: 0o750, mtime: 78 }],
      [file("d/f")],
    ]);
    assertEquals(trees[2], { "d": "dir", "d/f": "file x" });
    const layer = storedLayers(base).map((name) => `${base}/store/${name}`)
      .find((path) => "d/f" in readTree(path));
    assert(layer !== undefined);
    assertEquals(modeOf(`${layer}/d`), "750");
    assertEquals(mtimeOf(`${layer}/d`), 78);
    assertEquals(modeOf(layer), "711");
    assertEquals(mtimeOf(layer), 5);
    assertEquals(modeOf(`${base}/bundle/upper`), "711");
  },
  LIBC,
);

testOnHosts(
  "a link to a file below is one inode with its copy",
  async (base) => {
    await unpackApart(base, [
      [file("f")],
      [
        { name: "g", type: "1", linkName: "f" },
        { name: "h", type: "1", linkName: "f" },
      ],
    ]);
    const layer = storedLayers(base).map((name) => `${base}/store/${name}`)
      .find((path) => "h" in readTree(path)) ?? "";
    assert(isSameInode(`${layer}/f`, `${layer}/g`));
    assert(isSameInode(`${layer}/f`, `${layer}/h`));
  },
  LIBC,
);

testOnHosts("layers are named by their chain ids", async (base) => {
  const layers = [[file("a")], [file("b")]];
  const { engine, manifest } = await buildImage(
    `${base}/image`,
    layers.map((tar) => ({ tar })),
  );
  const options = { onDiskFormat: { ...format(base) }, rootless: true };
  await unpackManifest(engine, `${base}/bundle`, manifest, options);
  const [first, second] = layers.map((tar) =>
    digestOf(rawLayer(tar), "sha256")
  );
  const chain = createHash("sha256").update(`${first} ${second}`).digest("hex");
  const names = storedLayers(base).map((name) => name.slice(0, 7 + 64));
  assertEquals(
    names,
    [`sha256-${first?.slice(7)}`, `sha256-${chain}`].sort(),
  );
}, LIBC);

testOnHosts("a second bundle shares the layers", async (base) => {
  const { engine, manifest } = await buildImage(`${base}/image`, [
    { tar: [file("a")] },
    { tar: [file("b")] },
  ]);
  const options = { onDiskFormat: format(base), rootless: true };
  const first = await unpackManifest(engine, `${base}/1`, manifest, options);
  const layer = first?.lowerDirectories[0] ?? "";
  const inode = Deno.statSync(`${layer}/b`).ino;
  for (const { digest } of manifest.layers) await engine.deleteBlob(digest);
  const second = await unpackManifest(engine, `${base}/2`, manifest, options);
  assertEquals(second?.lowerDirectories, first?.lowerDirectories);
  assertEquals(Deno.statSync(`${layer}/b`).ino, inode);
  assertEquals(second?.target, `${base}/2/rootfs`);
  assertEquals(second?.upperDirectory, `${base}/2/upper`);
  assertEquals(second?.workDirectory, `${base}/2/work`);
  assertEquals(second?.options, [
    `lowerdir=${second?.lowerDirectories.join(":")}`,
    `upperdir=${base}/2/upper`,
    `workdir=${base}/2/work`,
    "userxattr",
  ]);
  const record = JSON.parse(Deno.readTextFileSync(`${base}/2/mount.json`));
  assertEquals(record, JSON.parse(JSON.stringify(second)));
}, LIBC);

testOnHosts("mappings make other layers of the same image", async (base) => {
  const { engine, manifest } = await buildImage(`${base}/image`, [
    { tar: [{ name: "a", uid: 0, gid: 0 }] },
  ]);
  const onDiskFormat = format(base);
  await unpackManifest(engine, `${base}/1`, manifest, {
    onDiskFormat,
    rootless: true,
  });
  const mapping = (hostID: number) => [{ containerID: 0, hostID, size: 1 }];
  await unpackManifest(engine, `${base}/2`, manifest, {
    onDiskFormat,
    uidMappings: mapping(Deno.uid() ?? 0),
    gidMappings: mapping(Deno.gid() ?? 0),
  });
  assertEquals(storedLayers(base).length, 2);
}, LIBC);

testOnHosts("separators in paths do not part options", async (base) => {
  const odd = `${base}/a,b:c\\d é`;
  Deno.mkdirSync(odd);
  const { engine, manifest } = await buildImage(`${odd}/image`, [
    { tar: [file("a")] },
  ]);
  const mount = await unpackManifest(engine, `${odd}/bundle`, manifest, {
    onDiskFormat: format(odd),
    rootless: true,
  });
  assertStringIncludes(
    mount?.options[1] ?? "",
    `upperdir=${base}/a\\,b\\:c\\\\d é/bundle/upper`,
  );
}, LIBC);

testOnHosts("an image without layers", async (base) => {
  assertEquals(await unpackApart(base, []), [{}]);
}, LIBC);

testOnHosts("the user is looked up in all of the layers", async (base) => {
  const passwd = (uid: number) => `app:x:${uid}:7::/home/app:/bin/sh\n`;
  const { engine, manifest } = await buildImage(`${base}/image`, [
    {
      tar: [file("etc/passwd", passwd(1)), file("usr/share/passwd", passwd(5))],
    },
    {
      tar: [
        file("etc/.wh.passwd"),
        { name: "etc/passwd", type: "2", linkName: "/usr/share/passwd" },
      ],
    },
  ], { config: { User: "app" } });
  await unpackManifest(engine, `${base}/bundle`, manifest, {
    onDiskFormat: format(base),
    rootless: true,
  });
  const config = JSON.parse(
    Deno.readTextFileSync(`${base}/bundle/config.json`),
  );
  assertEquals([config.process.user.uid, config.process.user.gid], [5, 7]);
}, LIBC);

testOnHosts("a layer that fails is not in the store", async (base) => {
  const { engine, manifest } = await buildImage(`${base}/image`, [
    { tar: [file("a")] },
    { tar: [file("b"), file("c/../../x"), { name: "bad", type: "Z" }] },
  ]);
  const error = await assertRejects(
    () =>
      unpackManifest(engine, `${base}/bundle`, manifest, {
        onDiskFormat: format(base),
        rootless: true,
      }),
    LayerError,
  );
  assertStringIncludes(error.message, "bad");
  assertEquals(storedLayers(base).length, 1);
  assertEquals(readTree(base)["bundle"], undefined);
}, LIBC);

testOnHosts("what an interrupted unpacking left is swept", async (base) => {
  Deno.mkdirSync(`${base}/store/.strata-dead.draft/closed`, {
    recursive: true,
  });
  Deno.writeTextFileSync(`${base}/store/.strata-dead.draft/closed/f`, "half");
  Deno.writeTextFileSync(`${base}/store/.strata-dead`, "");
  Deno.mkdirSync(`${base}/store/.strata-alive.draft`);
  Deno.writeTextFileSync(`${base}/store/.strata-alive`, "");
  using alive = Deno.openSync(`${base}/store/.strata-alive`, { write: true });
  alive.lockSync(true);
  await unpackApart(base, [[file("a")]]);
  const names = storedLayers(base).filter((name) => name.startsWith("."));
  assertEquals(names, [".strata-alive", ".strata-alive.draft"]);
}, LIBC);

testOnHosts("two bundles at once", async (base) => {
  const { engine, manifest } = await buildImage(`${base}/image`, [
    { tar: [file("a")] },
    { tar: [file("b")] },
  ]);
  const options = { onDiskFormat: format(base), rootless: true };
  const mounts = await Promise.all(
    ["1", "2", "3"].map((name) =>
      unpackManifest(engine, `${base}/${name}`, manifest, options)
    ),
  );
  for (const mount of mounts) {
    assertEquals(mount?.lowerDirectories, mounts[0]?.lowerDirectories);
  }
  assertEquals(storedLayers(base).length, 2);
}, LIBC);

testOnHosts("options that make no sense together", async (base) => {
  const { engine, manifest, layers } = await buildImage(`${base}/image`, [
    { tar: [file("a")] },
  ]);
  const onDiskFormat = format(base);
  await assertRejects(
    () => unpackRootfs(engine, `${base}/rootfs`, manifest, { onDiskFormat }),
    StrataError,
    "unpackManifest",
  );
  await assertRejects(
    () =>
      unpackManifest(engine, `${base}/bundle`, manifest, {
        onDiskFormat,
        startFrom: layers[0],
      }),
    StrataError,
    "startFrom",
  );
  assertEquals(readTree(base)["bundle"], undefined);
});

testOnHosts("a hundred layers", async (base) => {
  const layers = Array.from({ length: 100 }, (_, i) => [
    file(`d${i % 7}/e/f${i}`),
    file(`d${(i + 6) % 7}/e/.wh.f${i - 1}`),
  ]);
  const trees = await unpackApart(base, layers);
  assertEquals(trees.length, 100);
  assertEquals(trees[99], {
    "d0": "dir",
    "d0/e": "dir",
    "d0/e/f98": "whiteout",
    "d1": "dir",
    "d1/e": "dir",
    "d1/e/f99": "file x",
  });
}, LIBC);
