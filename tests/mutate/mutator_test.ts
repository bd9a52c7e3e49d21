/** Images that are changed: what is written, and what stays as it was. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { resolveReference } from "../../src/cas/reference.ts";
import {
  InvalidImageError,
  UnsupportedMediaTypeError,
} from "../../src/errors.ts";
import { Mutator } from "../../src/mutate/mutator.ts";
import type { Descriptor } from "../../src/oci/image_spec.ts";
import {
  bytesOf,
  CONFIG,
  type Fixture,
  INDEX,
  MANIFEST,
  newLayout,
  streamOf,
} from "../cas/fixtures.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const DOCKER = "application/vnd.docker";

async function put({ engine }: Fixture, mediaType: string, document: unknown) {
  const blob = await engine.putBlob(bytesOf(JSON.stringify(document)));
  return { mediaType, ...blob };
}

function blobOf({ path }: Fixture, digest: string): Uint8Array {
  return Deno.readFileSync(`${path}/blobs/${digest.replace(":", "/")}`);
}

function documentOf(fixture: Fixture, digest: string): unknown {
  return JSON.parse(new TextDecoder().decode(blobOf(fixture, digest)));
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** An image two indexes deep, with fields that this package does not know. */
async function nestedImage(fixture: Fixture, layerType = `${LAYER}+zstd`) {
  const lower = { mediaType: layerType, digest: sha256(bytesOf("l")), size: 1 };
  const config = await put(fixture, CONFIG, {
    os: "linux",
    architecture: "amd64",
    "x-config": "kept",
    config: { Env: ["A=1"], Labels: { a: "b" }, "X-Field": 1 },
    rootfs: { type: "layers", diff_ids: [sha256(bytesOf("diff"))] },
    history: [{ created_by: "the base", "x-history": true }],
  });
  const manifest = {
    ...await put(fixture, MANIFEST, {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { ...config, annotations: { of: "config" } },
      layers: [lower],
      annotations: { of: "manifest" },
      "x-manifest": [1],
    }),
    platform: { os: "linux", architecture: "amd64" },
    annotations: { of: "descriptor" },
  };
  const other = await put(fixture, MANIFEST, { schemaVersion: 2, other: true });
  const inner = await put(fixture, INDEX, {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      { ...other, platform: { os: "linux", architecture: "arm64" } },
      manifest,
    ],
    "x-index": true,
  });
  const root = {
    ...inner,
    annotations: { "org.opencontainers.image.ref.name": "one" },
  };
  await Deno.writeTextFile(
    `${fixture.path}/index.json`,
    JSON.stringify({ schemaVersion: 2, manifests: [root] }),
  );
  const walk = await resolveReference(fixture.engine, "one", {
    platform: { os: "linux", architecture: "amd64" },
  });
  return { walk, lower, other, config, manifest, inner };
}

Deno.test("commit writes each document, and keeps all else", async () => {
  await using fixture = await newLayout();
  const { walk, lower, other } = await nestedImage(fixture);
  const before = await fixture.engine.listBlobs();
  const mutator = await Mutator.open(fixture.engine, walk);
  const layer = await mutator.addLayer(streamOf("the layer"), {
    history: { created: "2026-01-01T00:00:00Z", created_by: "test" },
    annotations: { of: "layer" },
  });
  mutator.setConfig({ Cmd: ["sh"] }, {
    created: "2026-01-02T00:00:00Z",
    comment: "a command",
  });
  const newWalk = await mutator.commit();
  assertEquals(newWalk.length, 2);
  const [index, manifest] = newWalk;
  assert(index !== undefined && manifest !== undefined);
  assertEquals(index.annotations, {
    "org.opencontainers.image.ref.name": "one",
  });
  assertEquals(documentOf(fixture, index.digest), {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      { ...other, platform: { os: "linux", architecture: "arm64" } },
      {
        mediaType: MANIFEST,
        digest: manifest.digest,
        size: blobOf(fixture, manifest.digest).length,
        platform: { os: "linux", architecture: "amd64" },
        annotations: { of: "descriptor" },
      },
    ],
    "x-index": true,
  });
  const config = mutator.manifest.config;
  assertEquals(documentOf(fixture, manifest.digest), {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { ...config, annotations: { of: "config" } },
    layers: [lower, { ...layer, annotations: { of: "layer" } }],
    annotations: { of: "manifest" },
    "x-manifest": [1],
  });
  assertEquals(documentOf(fixture, config.digest), {
    os: "linux",
    architecture: "amd64",
    "x-config": "kept",
    config: {
      Env: ["A=1"],
      Labels: { a: "b" },
      "X-Field": 1,
      Cmd: ["sh"],
    },
    rootfs: {
      type: "layers",
      diff_ids: [sha256(bytesOf("diff")), sha256(bytesOf("the layer"))],
    },
    history: [
      { created_by: "the base", "x-history": true },
      { created: "2026-01-01T00:00:00Z", created_by: "test" },
      {
        created: "2026-01-02T00:00:00Z",
        comment: "a command",
        empty_layer: true,
      },
    ],
  });
  for (const digest of before) blobOf(fixture, digest);
  assertEquals((await fixture.engine.listBlobs()).length, before.length + 4);
});

const unpack = {
  none: (bytes: Uint8Array) => bytes,
  gzip: (bytes: Uint8Array) => gunzipSync(bytes),
  zstd: (bytes: Uint8Array) => zstdDecompressSync(bytes),
};

for (
  const [compression, mediaType] of [
    ["none", LAYER],
    ["gzip", `${LAYER}+gzip`],
    ["zstd", `${LAYER}+zstd`],
  ] as const
) {
  Deno.test(`a layer with compression ${compression}`, async () => {
    await using fixture = await newLayout();
    const { walk } = await nestedImage(fixture);
    const mutator = await Mutator.open(fixture.engine, walk);
    const layer = await mutator.addLayer(streamOf("some ", "layer"), {
      compression,
    });
    const blob = blobOf(fixture, layer.digest);
    assertEquals(layer, {
      mediaType,
      digest: sha256(blob),
      size: blob.length,
    });
    const contents = new Uint8Array(unpack[compression](blob));
    assertEquals(contents, bytesOf("some layer"));
    assertEquals(
      mutator.config.rootfs.diff_ids.at(-1),
      sha256(bytesOf("some layer")),
    );
  });

  Deno.test(`auto goes on with ${compression}`, async () => {
    await using fixture = await newLayout();
    const { walk } = await nestedImage(fixture, mediaType);
    const mutator = await Mutator.open(fixture.engine, walk);
    const { mediaType: chosen } = await mutator.addLayer(streamOf("x"));
    assertEquals(chosen, mediaType);
  });
}

Deno.test("an image of Docker's stays one", async () => {
  await using fixture = await newLayout();
  const type = `${DOCKER}.distribution.manifest.v2+json`;
  const config = {
    ...await put(fixture, "", {
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: [] },
    }),
    mediaType: `${DOCKER}.container.image.v1+json`,
  };
  const manifest = {
    ...await put(fixture, type, {
      schemaVersion: 2,
      mediaType: type,
      config,
      layers: [],
    }),
  };
  const mutator = await Mutator.open(fixture.engine, [manifest]);
  const layer = await mutator.addLayer(streamOf("x"));
  assertEquals(layer.mediaType, `${DOCKER}.image.rootfs.diff.tar.gzip`);
  const [committed] = await mutator.commit();
  assertEquals(committed?.mediaType, type);
});

Deno.test("commits follow each other, and an idle one writes nothing", async () => {
  await using fixture = await newLayout();
  const { walk } = await nestedImage(fixture);
  const mutator = await Mutator.open(fixture.engine, walk);
  assertEquals(await mutator.commit(), walk);
  mutator.setAnnotations({ a: "1" });
  const first = await mutator.commit();
  mutator.addHistory({ created_by: "second" });
  const second = await mutator.commit();
  assertEquals(await mutator.commit(), second);
  const last = second.at(-1);
  assert(last !== undefined && last.digest !== first.at(-1)?.digest);
  const reopened = await Mutator.open(fixture.engine, second);
  assertEquals(reopened.manifest.annotations, { a: "1" });
  assertEquals(reopened.config.history?.at(-1)?.created_by, "second");
});

Deno.test("a layer that fails leaves nothing in the store", async () => {
  await using fixture = await newLayout();
  const { walk } = await nestedImage(fixture);
  const mutator = await Mutator.open(fixture.engine, walk);
  const before = await fixture.engine.listBlobs();
  const failing = ReadableStream.from(async function* () {
    yield bytesOf("begun");
    await Promise.resolve();
    throw new RangeError("the layer failed");
  }());
  await assertRejects(() => mutator.addLayer(failing), RangeError);
  assertEquals(await fixture.engine.listBlobs(), before);
  const names = [...Deno.readDirSync(fixture.path)].map(({ name }) => name);
  assertEquals(names.toSorted(), ["blobs", "index.json", "oci-layout"]);
  assertEquals(mutator.manifest.layers.length, 1);
});

Deno.test("a walk to nowhere", async () => {
  await using fixture = await newLayout();
  await assertRejects(
    () => Mutator.open(fixture.engine, []),
    InvalidImageError,
    "walk",
  );
  const layer: Descriptor = { mediaType: LAYER, digest: "sha256:0", size: 0 };
  await assertRejects(
    () => Mutator.open(fixture.engine, [layer]),
    UnsupportedMediaTypeError,
  );
});
