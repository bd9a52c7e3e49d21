import { assertEquals, assertRejects } from "@std/assert";
import {
  readImageConfig,
  readIndex,
  readManifest,
} from "../../src/cas/documents.ts";
import type { Engine } from "../../src/cas/engine.ts";
import {
  BlobNotFoundError,
  InvalidImageError,
  UnsupportedMediaTypeError,
  VerificationError,
} from "../../src/errors.ts";
import {
  CONFIG,
  HELLO_SHA256,
  INDEX,
  MANIFEST,
  newLayout,
  putDocument,
} from "./fixtures.ts";

const permissions = { read: true, write: true } as const;
const DOCKER = "application/vnd.docker.";
const DOCKER_MANIFEST = `${DOCKER}distribution.manifest.v2+json`;
const DOCKER_LIST = `${DOCKER}distribution.manifest.list.v2+json`;
const DOCKER_CONFIG = `${DOCKER}container.image.v1+json`;
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

const config = { mediaType: CONFIG, digest: HELLO_SHA256, size: 5 };
const layer = { mediaType: LAYER, digest: HELLO_SHA256, size: 5 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const index = { schemaVersion: 2, manifests: [] };
const imageConfig = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [HELLO_SHA256] },
};

async function configOf(engine: Engine, document: unknown) {
  const descriptor = await putDocument(engine, CONFIG, document);
  return await readImageConfig(engine, { ...manifest, config: descriptor });
}

Deno.test({
  name: "readManifest and readIndex read OCI's and Docker's documents whole",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const manifests: [string, unknown][] = [
      [MANIFEST, manifest],
      [MANIFEST, { ...manifest, mediaType: MANIFEST, "x-more": [{ a: null }] }],
      [MANIFEST, { ...manifest, layers: [], subject: layer }],
      [DOCKER_MANIFEST, { ...manifest, mediaType: DOCKER_MANIFEST }],
    ];
    for (const [mediaType, document] of manifests) {
      const descriptor = await putDocument(engine, mediaType, document);
      assertEquals(await readManifest(engine, descriptor), document);
    }
    const indexes: [string, unknown][] = [
      [INDEX, index],
      [INDEX, { ...index, mediaType: INDEX, annotations: { a: "b" } }],
      [DOCKER_LIST, { ...index, mediaType: DOCKER_LIST }],
    ];
    for (const [mediaType, document] of indexes) {
      const descriptor = await putDocument(engine, mediaType, document);
      assertEquals(await readIndex(engine, descriptor), document);
    }
  },
});

Deno.test({
  name: "null stands for nothing, as Go writes it",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const empty = await putDocument(engine, MANIFEST, {
      ...manifest,
      layers: null,
      annotations: null,
    });
    assertEquals(await readManifest(engine, empty), {
      ...manifest,
      layers: [],
    });
    const read = await configOf(engine, {
      ...imageConfig,
      rootfs: { type: "layers", diff_ids: null },
      history: null,
      config: { Env: null, Labels: null, ExposedPorts: null, OnBuild: null },
    });
    assertEquals(read.rootfs.diff_ids, []);
    assertEquals(read.history, undefined);
    assertEquals(read.config?.Env, undefined);
  },
});

Deno.test({
  name: "a document is what its descriptor says it is (CVE-2021-41190)",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const both = { ...manifest, manifests: [] };
    const cases: [string, unknown, string][] = [
      [MANIFEST, index, "manifests"],
      [MANIFEST, both, "manifests"],
      [MANIFEST, { ...manifest, Manifests: [] }, "manifests"],
      [MANIFEST, { ...manifest, mediaType: INDEX }, "calls itself"],
      [MANIFEST, { ...manifest, mediaType: DOCKER_MANIFEST }, "calls itself"],
      [MANIFEST, { ...manifest, fsLayers: [] }, "Docker schema 1"],
      [MANIFEST, { ...manifest, history: [] }, "history"],
      [INDEX, manifest, "config"],
      [INDEX, both, "config"],
      [INDEX, { ...index, layers: [] }, "layers"],
      [INDEX, { ...index, mediaType: MANIFEST }, "calls itself"],
    ];
    for (const [mediaType, document, message] of cases) {
      const descriptor = await putDocument(engine, mediaType, document);
      const read = mediaType === INDEX ? readIndex : readManifest;
      await assertRejects(
        () => read(engine, descriptor),
        InvalidImageError,
        message,
      );
    }
  },
});

Deno.test({
  name: "a descriptor of another kind is refused by its media type",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const cases: [string, string][] = [
      [INDEX, "an image index"],
      [CONFIG, "an image configuration"],
      [LAYER, "none of an image's documents"],
      [`${DOCKER}distribution.manifest.v1+json`, "Docker schema 1"],
      [`${DOCKER}distribution.manifest.v1+prettyjws`, "Docker schema 1"],
    ];
    for (const [mediaType, message] of cases) {
      const error = await assertRejects(
        () => readManifest(engine, { ...layer, mediaType }),
        UnsupportedMediaTypeError,
        message,
      );
      assertEquals(error.mediaType, mediaType);
    }
    await assertRejects(
      () => readIndex(engine, { ...layer, mediaType: MANIFEST }),
      UnsupportedMediaTypeError,
    );
    const artifact = {
      ...config,
      mediaType: "application/vnd.oci.empty.v1+json",
    };
    await assertRejects(
      () => readImageConfig(engine, { ...manifest, config: artifact }),
      UnsupportedMediaTypeError,
    );
  },
});

Deno.test({
  name: "a document is verified and limited in size",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const good = await putDocument(engine, MANIFEST, manifest);
    await assertRejects(
      () => readManifest(engine, { ...good, size: good.size + 1 }),
      VerificationError,
    );
    await assertRejects(
      () => readManifest(engine, { ...good, digest: HELLO_SHA256 }),
      BlobNotFoundError,
    );
    for (const size of [-1, 0.5, NaN, 2 ** 53, 4 * 1024 * 1024 + 1]) {
      await assertRejects(
        () => readManifest(engine, { ...good, size }),
        InvalidImageError,
      );
    }
  },
});

Deno.test({
  name: "readManifest refuses a malformed manifest",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const cases: [string, unknown][] = [
      ["JSON", "{"],
      ["an object", []],
      ["schemaVersion", { ...manifest, schemaVersion: 1 }],
      ["schemaVersion", { ...manifest, schemaVersion: undefined }],
      ["config", { ...manifest, config: undefined }],
      ["config", { ...manifest, config: null }],
      ["config.digest", { ...manifest, config: { ...config, digest: "x" } }],
      ["layers is missing", { ...manifest, layers: undefined }],
      ["layers must be a list", { ...manifest, layers: {} }],
      ["layers[0]", { ...manifest, layers: [null] }],
      ["layers[1].size", {
        ...manifest,
        layers: [layer, { ...layer, size: -5 }],
      }],
      ["layers[0].mediaType", {
        ...manifest,
        layers: [{ ...layer, mediaType: 1 }],
      }],
      ["annotations", { ...manifest, annotations: "a" }],
      ["subject.digest", { ...manifest, subject: { ...layer, digest: null } }],
      ["config", `{"schemaVersion":2,"layers":[],"__proto__":{"config":{}}}`],
    ];
    for (const [message, document] of cases) {
      const descriptor = await putDocument(engine, MANIFEST, document);
      await assertRejects(
        () => readManifest(engine, descriptor),
        InvalidImageError,
        message,
      );
    }
  },
});

Deno.test({
  name: "readImageConfig reads OCI's and Docker's configurations whole",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const full = {
      ...imageConfig,
      created: "2024-01-01T00:00:00Z",
      author: "me",
      variant: "v2",
      "os.version": "1",
      "os.features": ["win32k"],
      config: {
        User: "1:2",
        ExposedPorts: { "80/tcp": {} },
        Env: ["A=b"],
        Entrypoint: ["sh"],
        Cmd: [],
        Volumes: { "/data": {} },
        WorkingDir: "/",
        Labels: { a: "b" },
        StopSignal: "SIGTERM",
        Healthcheck: { Test: ["NONE"] },
      },
      history: [{ created_by: "make", empty_layer: true }, {}],
      docker_version: "20",
    };
    for (const mediaType of [CONFIG, DOCKER_CONFIG]) {
      const descriptor = await putDocument(engine, mediaType, full);
      const read = { ...manifest, config: descriptor };
      assertEquals(await readImageConfig(engine, read), full);
    }
  },
});

Deno.test({
  name: "readImageConfig refuses a malformed configuration",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const { rootfs } = imageConfig;
    const cases: [string, Record<string, unknown>][] = [
      ["architecture", { architecture: undefined }],
      ["os", { os: 1 }],
      ["rootfs", { rootfs: undefined }],
      ["rootfs.type", { rootfs: { ...rootfs, type: "snapshots" } }],
      ["rootfs.diff_ids", { rootfs: { type: "layers" } }],
      ["rootfs.diff_ids", { rootfs: { ...rootfs, diff_ids: HELLO_SHA256 } }],
      ["rootfs.diff_ids[0]", { rootfs: { ...rootfs, diff_ids: ["sha256:1"] } }],
      ["created", { created: 0 }],
      ["history", { history: {} }],
      ["history[0]", { history: [1] }],
      ["history[0].empty_layer", { history: [{ empty_layer: "yes" }] }],
      ["config", { config: [] }],
      ["config.User", { config: { User: 0 } }],
      ["config.Env[1]", { config: { Env: ["A=b", null] } }],
      ["config.Entrypoint", { config: { Entrypoint: "sh -c" } }],
      ["config.Cmd", { config: { Cmd: "sh" } }],
      ["config.Volumes", { config: { Volumes: ["/data"] } }],
      [`config.Volumes."/data"`, { config: { Volumes: { "/data": 1 } } }],
      ["config.Labels.a", { config: { Labels: { a: 1 } } }],
      ["config.WorkingDir", { config: { WorkingDir: {} } }],
      ["config.StopSignal", { config: { StopSignal: 9 } }],
      ["variant", { variant: 7 }],
      [`"os.features"`, { "os.features": "win32k" }],
    ];
    for (const [message, change] of cases) {
      await assertRejects(
        () => configOf(engine, { ...imageConfig, ...change }),
        InvalidImageError,
        message,
      );
    }
  },
});
