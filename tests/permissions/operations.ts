/**
 * Each public operation as a program of its own, to be started with some
 * flags:
 *
 *     operations.ts OPERATION DIRECTORY
 *
 * It prints `done`, or `missing FLAG` where the operation ended in a
 * `MissingPermissionError`. `prepare` makes what the operations work on.
 *
 * @module
 */
import {
  checkTree,
  cleanPath,
  createLayout,
  deleteReference,
  type Engine,
  formatMtree,
  gc,
  generateInsertLayer,
  generateLayer,
  listReferences,
  type Manifest,
  MissingPermissionError,
  Mutator,
  openLayout,
  parseMtree,
  readManifest,
  readTar,
  refreshBundle,
  repackBundle,
  resolveReference,
  runtimeConfig,
  TarWriter,
  toRootless,
  unpackBundle,
  unpackLayer,
  unpackManifest,
  unpackRootfs,
  updateReference,
  walkTree,
} from "@strata/layer";
import { type RawEntry, rawLayer, streamOf } from "../unpack/raw_layer.ts";

const PLAIN: RawEntry[] = [
  { name: "d/" },
  { name: "d/f", body: "contents" },
  { name: "d/link", type: "1", linkName: "d/f" },
];
const SYMLINK: RawEntry[] = [{ name: "s", type: "2", linkName: "d/f" }];
const SPECIAL: RawEntry[] = [
  { name: "fifo", type: "6" },
  { name: "x", pax: { "SCHILY.xattr.user.x": "1", "mtime": "1.123456789" } },
  ...SYMLINK,
];

type Operation = (directory: string) => unknown;

/** The operations by name. */
export const OPERATIONS: Record<string, Operation> = {
  cleanPath: () => cleanPath("/a/../b"),
  toRootless: () => toRootless({ ociVersion: "1.0.2" }),
  tar: async () => {
    const tar = new TarWriter();
    const names: string[] = [];
    const read = (async () => {
      for await (const { name } of readTar(tar.readable)) names.push(name);
    })();
    await tar.add({ name: "f" }, "contents");
    await tar.close();
    await read;
  },
  mtree: async () => formatMtree(await parseMtree("#mtree\n. type=dir\n")),

  unpackFiles: (at) => unpackLayer(`${at}/new`, layerOf(PLAIN)),
  unpackSymlinks: (at) => unpackLayer(`${at}/new`, layerOf(SYMLINK)),
  unpackSpecial: (at) => unpackLayer(`${at}/new`, layerOf(SPECIAL)),
  walkTree: (at) => walkTree(`${at}/tree`),
  checkTree: async (at) =>
    checkTree(
      `${at}/tree`,
      await parseMtree("#mtree\n. type=dir\n    f type=file\n..\n"),
    ),
  generateLayer: (at) =>
    drain(generateLayer(`${at}/tree`, [{ type: "extra", path: "f" }])),
  generateInsertLayer: (at) => drain(generateInsertLayer(`${at}/tree`, "/in")),

  createLayout: (at) => createLayout(`${at}/new`),
  readImage: (at) =>
    withImage(at, (engine, manifest) => runtimeConfig(engine, manifest)),
  listReferences: (at) => withEngine(at, listReferences),
  updateReference: (at) =>
    withEngine(at, async (engine) => {
      const [root] = await resolveReference(engine, "one");
      if (root !== undefined) await updateReference(engine, "two", root);
    }),
  deleteReference: (at) =>
    withEngine(at, (engine) => deleteReference(engine, "one")),
  gc: (at) => withEngine(at, gc),
  mutate: (at) =>
    withEngine(at, async (engine) => {
      const walk = await resolveReference(engine, "one");
      const mutator = await Mutator.open(engine, walk);
      await mutator.addLayer(layerOf(PLAIN));
      await mutator.commit();
    }),
  unpackRootfs: (at) =>
    withImage(
      at,
      (engine, manifest) => unpackRootfs(engine, `${at}/new`, manifest),
    ),
  unpackManifest: (at) =>
    withImage(
      at,
      (engine, manifest) => unpackManifest(engine, `${at}/new`, manifest),
    ),
  unpackBundle: (at) =>
    withEngine(at, (engine) => unpackBundle(engine, "one", `${at}/new`)),
  unpackOverlay: (at) =>
    withImage(
      at,
      (engine, manifest) =>
        unpackManifest(engine, `${at}/new`, manifest, {
          rootless: true,
          onDiskFormat: { type: "overlayfs", userXattr: true },
        }),
    ),
  repackBundle: (at) =>
    withEngine(at, (engine) => repackBundle(engine, "two", `${at}/bundle`)),
  refreshBundle: (at) =>
    withEngine(
      at,
      async (engine) =>
        refreshBundle(`${at}/bundle`, await resolveReference(engine, "one")),
    ),

  prepare: async (at) => {
    await Deno.mkdir(`${at}/tree`);
    await Deno.writeTextFile(`${at}/tree/f`, "contents");
    await using engine = await createLayout(`${at}/image`);
    const image = Mutator.create(engine, {
      os: "linux",
      architecture: "amd64",
    });
    await image.addLayer(layerOf(PLAIN), { compression: "gzip" });
    await image.addLayer(layerOf([{ name: "d/.wh.f" }]));
    const [root] = await image.commit();
    if (root !== undefined) await updateReference(engine, "one", root);
    await unpackBundle(engine, "one", `${at}/bundle`);
    await Deno.writeTextFile(`${at}/bundle/rootfs/new`, "contents");
  },
};

/** Entries are those of whoever runs this: no owner has to be changed. */
function layerOf(entries: RawEntry[]): ReadableStream<Uint8Array> {
  const [uid, gid] = (Deno.args[2] ?? "0:0").split(":").map(Number);
  return streamOf(rawLayer(entries.map((entry) => ({ uid, gid, ...entry }))));
}

async function drain(layer: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of layer) {
    // Read for what it takes.
  }
}

async function withEngine<T>(
  at: string,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  await using engine = await openLayout(`${at}/image`);
  return await work(engine);
}

function withImage<T>(
  at: string,
  work: (engine: Engine, manifest: Manifest) => Promise<T>,
): Promise<T> {
  return withEngine(at, async (engine) => {
    const manifest = (await resolveReference(engine, "one")).at(-1);
    if (manifest === undefined) throw new Error("there is no image");
    return await work(engine, await readManifest(engine, manifest));
  });
}

if (import.meta.main) {
  const [name = "", directory = ""] = Deno.args;
  try {
    await OPERATIONS[name]?.(directory);
    console.log("done");
  } catch (error) {
    if (!(error instanceof MissingPermissionError)) throw error;
    console.log(`missing ${error.flag}`);
  }
}
