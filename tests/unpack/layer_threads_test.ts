/** Images large enough for a thread: the result is the same as without one. */
import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import type { Engine } from "../../src/cas/engine.ts";
import { VerificationError } from "../../src/errors.ts";
import type { Manifest } from "../../src/oci/image_spec.ts";
import { unpackRootfs } from "../../src/unpack/unpack_rootfs.ts";
import { noise } from "../compress/fixtures.ts";
import { buildImage, type Image, OCI_LAYER } from "./image_builder.ts";
import { concatenate } from "./raw_layer.ts";
import { failInLayer } from "./unpack_image.ts";
import { testOnHosts } from "./scratch.ts";
import { readTree } from "./snapshot.ts";

const GZIP = `${OCI_LAYER}+gzip`;
const ZSTD = `${OCI_LAYER}+zstd`;

/** More, compressed, than is done before a thread has begun. */
const LARGE = noise(3 * 1024 * 1024);

/** Layers of every kind, of which only those with gzip go to the thread. */
async function largeImage(base: string): Promise<Image> {
  return await buildImage(`${base}/image`, [
    { mediaType: GZIP, tar: [{ name: "large", body: LARGE }] },
    { mediaType: OCI_LAYER, tar: [{ name: "plain", body: "1" }] },
    { mediaType: GZIP, tar: [{ name: ".wh.plain" }, { name: "s", body: "2" }] },
    { mediaType: ZSTD, tar: [{ name: "zstd", body: "3" }] },
    { mediaType: GZIP, tar: [{ name: "large2", body: LARGE }] },
    { mediaType: GZIP, tar: [{ name: "last", body: "4" }] },
  ]);
}

const TREE = {
  "large": `file of ${LARGE.length}`,
  "large2": `file of ${LARGE.length}`,
  "last": "file 4",
  "s": "file 2",
  "zstd": "file 3",
};

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A store of the caller's own, of which nobody knows where its files are. */
function wrapped(engine: Engine): Engine {
  return {
    getBlob: (blob) => engine.getBlob(blob),
    statBlob: (digest) => engine.statBlob(digest),
    putBlob: (data) => engine.putBlob(data),
    deleteBlob: (digest) => engine.deleteBlob(digest),
    listBlobs: () => engine.listBlobs(),
    getIndex: () => engine.getIndex(),
    putIndex: (index) => engine.putIndex(index),
    clean: () => engine.clean(),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

testOnHosts("a thread changes nothing about the result", async (base) => {
  const { engine, manifest } = await largeImage(base);
  const ways: [name: string, engine: Engine, useThreads?: boolean][] = [
    ["threads", engine],
    ["streams", wrapped(engine)],
    ["proxy", new Proxy(wrapped(engine), {})],
    ["alone", engine, false],
  ];
  for (const [name, engine, useThreads] of ways) {
    const rootfs = `${base}/${name}`;
    await unpackRootfs(engine, rootfs, manifest, { useThreads });
    assertEquals(readTree(rootfs), TREE, name);
    for (const file of ["large", "large2"]) {
      const bytes = Deno.readFileSync(`${rootfs}/${file}`);
      assertEquals(sha256(bytes), sha256(LARGE), name);
    }
  }
});

testOnHosts("who changes how a store reads is asked", async (base) => {
  const { engine, manifest, layers } = await largeImage(base);
  const asked: string[] = [];
  const getBlob = engine.getBlob.bind(engine);
  engine.getBlob = (blob) => {
    asked.push(typeof blob === "string" ? blob : blob.digest);
    return getBlob(blob);
  };
  await unpackRootfs(engine, `${base}/rootfs`, manifest);
  assertEquals(
    asked.filter((digest) => digest !== manifest.config.digest),
    layers.map(({ digest }) => digest),
  );
});

testOnHosts("one descriptor may stand for several layers", async (base) => {
  const { engine, manifest } = await largeImage(base);
  const [large, , , , , last] = manifest.layers;
  if (large === undefined || last === undefined) throw new Error("no layers");
  const layers = [large, last, last, large, large, last];
  const config = await diffIdsOf(engine, manifest, [0, 5, 5, 0, 0, 5]);
  await unpackRootfs(engine, `${base}/rootfs`, { ...manifest, config, layers });
  assertEquals(readTree(`${base}/rootfs`), {
    "large": `file of ${LARGE.length}`,
    "last": "file 4",
  });
});

/** The image's configuration with the diffIDs of the layers at `positions`. */
async function diffIdsOf(
  engine: Engine,
  manifest: Manifest,
  positions: number[],
) {
  const blob = await engine.getBlob(manifest.config);
  const config = await new Response(blob).json();
  const diffIds = positions.map((i) => config.rootfs.diff_ids[i]);
  const changed = { ...config, rootfs: { type: "layers", diff_ids: diffIds } };
  const bytes = new TextEncoder().encode(JSON.stringify(changed));
  return { ...manifest.config, ...await engine.putBlob(bytes) };
}

testOnHosts("progress counts what the thread reads", async (base) => {
  const { engine, manifest, layers } = await largeImage(base);
  const last = new Map<number, number>();
  await unpackRootfs(engine, `${base}/rootfs`, manifest, {
    onProgress: ({ layerIndex, bytesIn }) => last.set(layerIndex, bytesIn),
  });
  assertEquals(
    layers.map((_, i) => last.get(i)),
    layers.map(({ size }) => size),
  );
});

/** What may happen to a blob's file, and what the error says of it. */
const DAMAGE: [
  name: string,
  change: (blob: Uint8Array) => Uint8Array,
  says: string,
][] = [
  ["shorter by a byte", (blob) => blob.slice(0, -1), "should have"],
  ["longer", (blob) => concatenate([blob, new Uint8Array(9)]), "should have"],
  [
    "altered in the middle",
    (blob) => blob.with(blob.length >> 1, (blob[blob.length >> 1] ?? 0) ^ 1),
    "its bytes have the digest",
  ],
  [
    // It is gzip's idea of the system, which changes nothing else.
    "altered where gzip does not care",
    (blob) => blob.with(9, 77),
    "its bytes have the digest",
  ],
];

for (const [name, change, says] of DAMAGE) {
  testOnHosts(`a large blob ${name}`, async (base) => {
    const image = await largeImage(base);
    const digest = image.layers[4]?.digest ?? "";
    const path = image.blobPath(digest);
    const blob = change(Deno.readFileSync(path));
    Deno.removeSync(path);
    Deno.writeFileSync(path, blob);
    const cause = await failInLayer(base, image, 4);
    assertInstanceOf(cause, VerificationError);
    assertEquals(cause.digest, digest);
    assertStringIncludes(cause.message, says);
  });
}

testOnHosts("a blob that changes under the thread's eyes", async (base) => {
  const { engine, manifest, layers, blobPath } = await largeImage(base);
  const path = blobPath(layers[4]?.digest ?? "");
  const blob = Deno.readFileSync(path);
  const unpacking = unpackRootfs(engine, `${base}/rootfs`, manifest, {
    afterLayerUnpack(_, { digest }) {
      if (digest !== layers[0]?.digest) return;
      // The layers in between keep the thread from having opened it.
      Deno.removeSync(path);
      Deno.writeFileSync(path, new Uint8Array(blob.length));
    },
  });
  const error = await assertRejects(() => unpacking);
  assertInstanceOf(error, Error);
  assertInstanceOf(error.cause, VerificationError);
  assertEquals([...Deno.readDirSync(base)].map(({ name }) => name), ["image"]);
});

testOnHosts("an abort is heard while the thread is at work", async (base) => {
  const { engine, manifest } = await largeImage(base);
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("enough");
  const unpacking = unpackRootfs(engine, `${base}/rootfs`, manifest, {
    signal,
    onProgress: () => controller.abort(reason),
  });
  assertEquals(await unpacking.catch((error) => error), reason);
  assertEquals([...Deno.readDirSync(base)].map(({ name }) => name), ["image"]);
});

testOnHosts("a store that is disposed of stops the thread", async (base) => {
  const { engine, manifest } = await largeImage(base);
  let disposal: Promise<void> | undefined;
  const unpacking = unpackRootfs(engine, `${base}/rootfs`, manifest, {
    onProgress: () =>
      disposal ??= Promise.resolve(engine[Symbol.asyncDispose]()),
  });
  const error = await assertRejects(() => unpacking, Error);
  assertStringIncludes(error.message, "disposed of");
  await disposal;
});
