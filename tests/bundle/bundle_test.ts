/** Bundles that are unpacked, changed and repacked; files as umoci has them. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { unpackBundle } from "../../src/bundle/unpack_bundle.ts";
import {
  repackBundle,
  type RepackBundleOptions,
} from "../../src/bundle/repack_bundle.ts";
import { readImageConfig, readManifest } from "../../src/cas/documents.ts";
import type { Engine } from "../../src/cas/engine.ts";
import { resolveReference } from "../../src/cas/reference.ts";
import { updateReference } from "../../src/cas/update_reference.ts";
import { decompress } from "../../src/compress/decompress.ts";
import {
  InvalidImageError,
  LayerError,
  StrataError,
} from "../../src/errors.ts";
import type { Descriptor } from "../../src/oci/image_spec.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { buildImage, type LayerInput } from "../unpack/image_builder.ts";
import { type Host, testOnHosts } from "../unpack/scratch.ts";
import { readTree } from "../unpack/snapshot.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** A bundle of a small image, whose tag is `old`. */
async function withBundle(
  base: string,
  config: Record<string, unknown> = {},
  layers: LayerInput[] = [{
    mediaType: LAYER,
    tar: [
      { name: "d/" },
      { name: "d/f", body: "old" },
      { name: "d/gone", body: "" },
      { name: "data/f", body: "" },
    ],
  }],
): Promise<{ engine: Engine; bundle: string; root: Descriptor }> {
  const { engine, manifest } = await buildImage(
    `${base}/image`,
    layers,
    config,
  );
  const document = new TextEncoder().encode(JSON.stringify({
    ...manifest,
    mediaType: MANIFEST,
  }));
  const root = { mediaType: MANIFEST, ...await engine.putBlob(document) };
  await updateReference(engine, "old", root);
  return { engine, bundle: `${base}/bundle`, root };
}

/** The names in the layers that an image has more than `count`. */
async function layersAbove(engine: Engine, tag: string, count: number) {
  const descriptor = (await resolveReference(engine, tag)).at(-1);
  assert(descriptor !== undefined);
  const manifest = await readManifest(engine, descriptor);
  const names: string[][] = [];
  for (const layer of manifest.layers.slice(count)) {
    const found: string[] = [];
    const blob = await engine.getBlob(layer);
    for await (const { name } of readTar(decompress(blob, "gzip"))) {
      found.push(name);
    }
    names.push(found);
  }
  const { history = [] } = await readImageConfig(engine, manifest);
  return { names, history, manifest };
}

/** Only where times are exact is there an index that can be trusted. */
function indexOn(host: Host): string[] {
  return host === "libc" ? ["strata.index"] : [];
}

testOnHosts("a bundle has umoci's files", async (base, host) => {
  const { engine, bundle, root } = await withBundle(base);
  const walk = await unpackBundle(engine, "old", bundle);
  const mtree = `sha256_${root.digest.slice(7)}.mtree`;
  assertEquals(
    [...Deno.readDirSync(bundle)].map(({ name }) => name).toSorted(),
    ["config.json", "rootfs", mtree, ...indexOn(host), "umoci.json"].toSorted(),
  );
  const annotations = { "org.opencontainers.image.ref.name": "old" };
  assertEquals(walk, [{ ...root, annotations }]);
  // As umoci 0.4.7 writes it.
  assertEquals(JSON.parse(Deno.readTextFileSync(`${bundle}/umoci.json`)), {
    umoci_version: "2",
    from_descriptor_path: { descriptor_walk: [{ ...root, annotations }] },
    map_options: { uid_mappings: null, gid_mappings: null, rootless: false },
    whiteout_mode: 0,
  });
  const manifest = Deno.readTextFileSync(`${bundle}/${mtree}`);
  const sha256 = createHash("sha256").update("old").digest("hex");
  assertStringIncludes(manifest, `sha256digest=${sha256}`);
});

testOnHosts("an unchanged rootfs gets history and no layer", async (base) => {
  const { engine, bundle } = await withBundle(base);
  await unpackBundle(engine, "old", bundle);
  await repackBundle(engine, "new", bundle, {
    history: { created_by: "a test", created: "2026-01-01T00:00:00Z" },
  });
  const { names, history } = await layersAbove(engine, "new", 1);
  assertEquals(names, []);
  assertEquals(history.at(-1), {
    created: "2026-01-01T00:00:00Z",
    created_by: "a test",
    empty_layer: true,
  });
});

/** Repacks a change, and tells what is in the layer for it. */
async function repackChange(
  base: string,
  options: RepackBundleOptions = {},
): Promise<string[][]> {
  const { engine, bundle } = await withBundle(base, {
    config: { Volumes: { "/data": {} } },
  });
  await unpackBundle(engine, "old", bundle);
  Deno.writeTextFileSync(`${bundle}/rootfs/d/f`, "changed");
  Deno.writeTextFileSync(`${bundle}/rootfs/d/new`, "");
  Deno.removeSync(`${bundle}/rootfs/d/gone`);
  Deno.writeTextFileSync(`${bundle}/rootfs/data/f`, "in a volume");
  await repackBundle(engine, "new", bundle, options);
  const { names, history } = await layersAbove(engine, "new", 1);
  assertEquals(history.at(-1)?.empty_layer, undefined);
  assertEquals((await layersAbove(engine, "old", 1)).names, []);
  return names;
}

testOnHosts(
  "a change is one layer, without what is in volumes",
  async (base) => {
    assertEquals(await repackChange(base), [
      ["d/", "d/f", "d/.wh.gone", "d/new"],
    ]);
  },
);

testOnHosts("volumes count where the caller says so", async (base) => {
  const [names] = await repackChange(base, { maskVolumes: false });
  assertEquals(names?.includes("data/f"), true);
});

testOnHosts("masked paths do not count", async (base) => {
  assertEquals(await repackChange(base, { maskPaths: ["d/f", "/d/new"] }), [
    ["d/", "d/.wh.gone"],
  ]);
});

testOnHosts(
  "a refreshed bundle has nothing more to repack",
  async (base, host) => {
    const { engine, bundle } = await withBundle(base);
    await unpackBundle(engine, "old", bundle);
    Deno.writeTextFileSync(`${bundle}/rootfs/d/f`, "changed");
    // What a refresh that was killed has left.
    Deno.writeTextFileSync(`${bundle}/.strata-left-behind`, "");
    const [manifest] = await repackBundle(engine, "new", bundle, {
      refresh: true,
    });
    assertEquals(
      [...Deno.readDirSync(bundle)].map(({ name }) => name).toSorted(),
      [
        "config.json",
        "rootfs",
        `sha256_${manifest?.digest.slice(7)}.mtree`,
        ...indexOn(host),
        "umoci.json",
      ].toSorted(),
    );
    await repackBundle(engine, "newer", bundle);
    assertEquals((await layersAbove(engine, "newer", 2)).names, []);
  },
);

testOnHosts("after a failure nothing of a bundle remains", async (base) => {
  const { engine, bundle } = await withBundle(base, {}, [
    { tar: [{ name: "f" }] },
    { tar: [{ name: "bad", type: "Z" }] },
  ]);
  await assertRejects(() => unpackBundle(engine, "old", bundle), LayerError);
  assertEquals("bundle" in readTree(base), false);
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(
    () => unpackBundle(engine, "old", bundle, { signal }),
    RangeError,
  );
  assertEquals("bundle" in readTree(base), false);
});

const WALK = [{
  mediaType: MANIFEST,
  digest: `sha256:${"0".repeat(64)}`,
  size: 1,
}];

/** What is no `umoci.json`, and what the error says of it. */
const MALFORMED: [name: string, document: unknown, message: string][] = [
  ["no JSON", undefined, "no JSON"],
  ["another version", { umoci_version: "3" }, "version"],
  ["a number for a version", { umoci_version: 2 }, "version"],
  ["no walk", { umoci_version: "2" }, "which image"],
  [
    "a walk to nowhere",
    { umoci_version: "2", from_descriptor_path: { descriptor_walk: [] } },
    "which image",
  ],
  [
    "a rootfs as overlayfs has it",
    {
      umoci_version: "2",
      from_descriptor_path: { descriptor_walk: WALK },
      whiteout_mode: 1,
    },
    "overlayfs",
  ],
  [
    "mappings that are none",
    {
      umoci_version: "2",
      from_descriptor_path: { descriptor_walk: WALK },
      map_options: { uid_mappings: 7 },
    },
    "mappings",
  ],
];

for (const [name, document, message] of MALFORMED) {
  testOnHosts(`a bundle with ${name} is refused`, async (base) => {
    const { engine, bundle } = await withBundle(base);
    Deno.mkdirSync(bundle);
    const text = document === undefined ? "{" : JSON.stringify(document);
    Deno.writeTextFileSync(`${bundle}/umoci.json`, text);
    await assertRejects(
      () => repackBundle(engine, "new", bundle),
      InvalidImageError,
      message,
    );
  }, { hosts: ["deno"] });
}

testOnHosts("a directory that is no bundle", async (base) => {
  const { engine, bundle } = await withBundle(base);
  await assertRejects(
    () => repackBundle(engine, "new", bundle),
    StrataError,
    "umoci.json",
  );
  await unpackBundle(engine, "old", bundle);
  for (const { name } of Deno.readDirSync(bundle)) {
    if (name.endsWith(".mtree")) Deno.removeSync(`${bundle}/${name}`);
  }
  await assertRejects(
    () => repackBundle(engine, "new", bundle),
    StrataError,
    ".mtree",
  );
});
