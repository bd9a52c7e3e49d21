import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Engine } from "../../src/cas/engine.ts";
import { hostPlatforms } from "../../src/cas/platform.ts";
import { listReferences, resolveReference } from "../../src/cas/reference.ts";
import {
  AmbiguousReferenceError,
  BlobNotFoundError,
  InvalidImageError,
  ReferenceNotFoundError,
  UnsupportedMediaTypeError,
} from "../../src/errors.ts";
import type { Descriptor, Platform } from "../../src/oci/image_spec.ts";
import { CONFIG, INDEX, MANIFEST, newLayout, putDocument } from "./fixtures.ts";

const permissions = { read: true, write: true } as const;
const HOST: Platform = hostPlatforms()[0] ?? { os: "", architecture: "" };
const OTHER: Platform = { os: "linux", architecture: "s390x" };
const THIRD: Platform = { os: "linux", architecture: "ppc64le" };

let count = 0;

/** Describes a manifest that resolving a name must never need to read. */
function unread(platform?: Platform): Descriptor {
  count++;
  const digest = `sha256:${count.toString(16).padStart(64, "0")}`;
  const descriptor = { mediaType: MANIFEST, digest, size: 100 };
  return platform === undefined ? descriptor : { ...descriptor, platform };
}

function named(descriptor: Descriptor, name: string): Descriptor {
  return {
    ...descriptor,
    annotations: { "org.opencontainers.image.ref.name": name },
  };
}

async function putIndex(
  engine: Engine,
  ...manifests: Descriptor[]
): Promise<Descriptor> {
  return await putDocument(engine, INDEX, { schemaVersion: 2, manifests });
}

async function setNames(
  engine: Engine,
  ...manifests: Descriptor[]
): Promise<void> {
  await engine.putIndex({ schemaVersion: 2, manifests });
}

/** Stores an image whose platform only its configuration tells. */
async function putImage(
  engine: Engine,
  platform: Platform,
): Promise<Descriptor> {
  const config = await putDocument(engine, CONFIG, {
    ...platform,
    rootfs: { type: "layers", diff_ids: [] },
  });
  return await putDocument(engine, MANIFEST, {
    schemaVersion: 2,
    config,
    layers: [],
  });
}

Deno.test({
  name: "resolveReference walks from the name to the manifest",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const manifest = unread();
    const inner = await putIndex(engine, manifest);
    const outer = named(await putIndex(engine, inner), "nested");
    const direct = named(unread(), "direct");
    await setNames(engine, direct, outer, unread());
    assertEquals(await resolveReference(engine, "direct"), [direct]);
    assertEquals(await resolveReference(engine, "nested"), [
      outer,
      inner,
      manifest,
    ]);
  },
});

Deno.test({
  name: "resolveReference takes an only manifest whatever its platform",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const manifest = named(unread(OTHER), "a");
    await setNames(engine, manifest);
    assertEquals(await resolveReference(engine, "a"), [manifest]);
    assertEquals(
      await resolveReference(engine, "a", { platform: OTHER }),
      [manifest],
    );
    await assertRejects(
      () => resolveReference(engine, "a", { platform: HOST }),
      ReferenceNotFoundError,
      "linux/s390x",
    );
  },
});

Deno.test({
  name: "resolveReference chooses by this machine or by the option",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const [host, other] = [unread(HOST), unread(OTHER)];
    const index = named(await putIndex(engine, other, host, unread()), "a");
    await setNames(engine, index);
    assertEquals(await resolveReference(engine, "a"), [index, host]);
    for (const choice of [host, other]) {
      const { platform } = choice;
      assertEquals(await resolveReference(engine, "a", { platform }), [
        index,
        choice,
      ]);
    }
  },
});

Deno.test({
  name: "resolveReference asks the configuration where descriptors are silent",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const host = named(await putImage(engine, HOST), "a");
    const other = named(await putImage(engine, OTHER), "a");
    const artifact = named(
      await putDocument(engine, MANIFEST, {
        schemaVersion: 2,
        config: { ...unread(), mediaType: "application/vnd.oci.empty.v1+json" },
        layers: [],
      }),
      "a",
    );
    await setNames(engine, artifact, host, other);
    assertEquals(
      await resolveReference(engine, "a", { platform: OTHER }),
      [other],
    );
    await assertRejects(
      () => resolveReference(engine, "a", { platform: THIRD }),
      ReferenceNotFoundError,
      "no platform",
    );
  },
});

Deno.test({
  name: "resolveReference never takes an attestation for an image",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const image = unread(OTHER);
    const unknown = unread({ os: "unknown", architecture: "unknown" });
    const attestation = {
      ...unread(),
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    };
    const index = named(
      await putIndex(engine, unknown, image, attestation),
      "a",
    );
    const bare = named(await putIndex(engine, unknown, attestation), "bare");
    await setNames(engine, index, bare);
    assertEquals(await resolveReference(engine, "a"), [index, image]);
    await assertRejects(
      () => resolveReference(engine, "bare"),
      ReferenceNotFoundError,
      "no image",
    );
  },
});

Deno.test({
  name: "resolveReference counts entries of one digest once",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const manifest = unread();
    const v6 = { ...manifest, platform: { ...OTHER, variant: "v6" } };
    const v7 = { ...manifest, platform: { ...OTHER, variant: "v7" } };
    const twice = named(await putIndex(engine, v6, v7), "variants");
    const again = named(manifest, "again");
    await setNames(engine, twice, again, { ...again });
    assertEquals(await resolveReference(engine, "variants"), [twice, v6]);
    assertEquals(
      await resolveReference(engine, "variants", { platform: v7.platform }),
      [twice, v7],
    );
    assertEquals(await resolveReference(engine, "again"), [again]);
  },
});

Deno.test({
  name: "resolveReference does not guess",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const cases: Descriptor[][] = [
      [unread(), unread()],
      [unread(OTHER), unread(THIRD)],
      [unread(HOST), unread(HOST)],
    ];
    for (const manifests of cases) {
      await setNames(engine, ...manifests.map((each) => named(each, "a")));
      const error = await assertRejects(
        () => resolveReference(engine, "a"),
        AmbiguousReferenceError,
      );
      for (const { digest } of manifests) {
        assertEquals(error.message.includes(digest), true);
      }
    }
    await assertRejects(
      () => resolveReference(engine, "a", { platform: HOST }),
      AmbiguousReferenceError,
    );
  },
});

Deno.test({
  name: "resolveReference names what there is where a name is not",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    await assertRejects(
      () => resolveReference(engine, "a"),
      ReferenceNotFoundError,
      "none at all",
    );
    await setNames(
      engine,
      named(unread(), "b"),
      named(unread(), "\x1b[2J"),
      unread(),
    );
    const error = await assertRejects(
      () => resolveReference(engine, "a"),
      ReferenceNotFoundError,
      `"\\x1b[2J", "b"`,
    );
    assertMatch(error.message, /^[\x20-\x7e]*$/);
    for (const name of ["", "__proto__", "constructor"]) {
      await assertRejects(
        () => resolveReference(engine, name),
        ReferenceNotFoundError,
      );
    }
    const many = Array.from(
      { length: 1000 },
      (_, n) => named(unread(), `n${n}`),
    );
    await setNames(engine, ...many);
    await assertRejects(
      () => resolveReference(engine, "a"),
      ReferenceNotFoundError,
      "and 980 more",
    );
  },
});

Deno.test({
  name: "resolveReference passes over what is no image, unless it is all",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const strange = { ...unread(), mediaType: "application/x-strange" };
    const schema1 = {
      ...unread(),
      mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws",
    };
    const image = unread();
    const mixed = named(await putIndex(engine, strange, image), "mixed");
    await setNames(
      engine,
      mixed,
      named(strange, "strange"),
      named(schema1, "old"),
    );
    assertEquals(await resolveReference(engine, "mixed"), [mixed, image]);
    for (const name of ["strange", "old"]) {
      await assertRejects(
        () => resolveReference(engine, name),
        UnsupportedMediaTypeError,
      );
    }
  },
});

Deno.test({
  name: "resolveReference reads an index once and nests no deeper than 8",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const image = unread();
    let bomb = await putIndex(engine, image);
    let chain = bomb;
    for (let depth = 1; depth < 8; depth++) {
      bomb = await putIndex(engine, ...Array<Descriptor>(100).fill(bomb));
      chain = await putIndex(engine, chain);
    }
    const tooDeep = await putIndex(engine, chain);
    await setNames(
      engine,
      named(bomb, "bomb"),
      named(chain, "deep"),
      named(tooDeep, "too-deep"),
    );
    assertEquals((await resolveReference(engine, "bomb")).at(-1), image);
    assertEquals((await resolveReference(engine, "deep")).length, 9);
    await assertRejects(
      () => resolveReference(engine, "too-deep"),
      InvalidImageError,
      "more than 8",
    );
  },
});

Deno.test({
  name: "resolveReference does not hide an index that is missing or malformed",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    const missing = { ...unread(), mediaType: INDEX };
    const wrong = await putDocument(engine, INDEX, {
      schemaVersion: 2,
      config: unread(),
      layers: [],
    });
    await setNames(engine, named(missing, "missing"), named(wrong, "wrong"));
    await assertRejects(
      () => resolveReference(engine, "missing"),
      BlobNotFoundError,
    );
    await assertRejects(
      () => resolveReference(engine, "wrong"),
      InvalidImageError,
    );
  },
});

Deno.test({
  name: "listReferences gives each name once, sorted",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { engine } = fixture;
    assertEquals(await listReferences(engine), []);
    await setNames(
      engine,
      named(unread(), "b"),
      unread(),
      named(unread(), "a/c:1"),
      named(unread(), "B"),
      named(unread(), "b"),
    );
    assertEquals(await listReferences(engine), ["B", "a/c:1", "b"]);
  },
});
