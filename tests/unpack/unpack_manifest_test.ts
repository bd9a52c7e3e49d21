import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BundleExistsError,
  InvalidImageError,
  LayerError,
  ROOTFS_NAME,
  unpackManifest,
  type UnpackOptions,
} from "@strata/layer";
import { buildImage, type LayerInput } from "./image_builder.ts";
import { testOnHosts } from "./scratch.ts";
import { BROKEN, LAYER } from "./unpack_image.ts";

/** Builds an image in `base` and unpacks it into a bundle there. */
async function unpackBundle(
  base: string,
  layers: LayerInput[],
  config: Record<string, unknown> = {},
  options: UnpackOptions = {},
): Promise<string> {
  const { engine, manifest } = await buildImage(
    `${base}/image`,
    layers,
    config,
  );
  await using _ = engine;
  const bundle = `${base}/some/bundle`;
  await unpackManifest(engine, bundle, manifest, options);
  return bundle;
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
}

testOnHosts(
  "a bundle is rootfs and config.json, closed to others",
  async (base) => {
    const bundle = await unpackBundle(base, [LAYER], {
      config: { Cmd: ["/bin/true"], User: "7:8" },
    });
    assertEquals(namesIn(bundle), ["config.json", ROOTFS_NAME]);
    assertEquals((Deno.statSync(bundle).mode ?? 0) & 0o7777, 0o700);
    assertEquals((Deno.statSync(`${bundle}/rootfs`).mode ?? 0) & 0o7777, 0o755);
    assertEquals(Deno.readTextFileSync(`${bundle}/rootfs/f`), "x");
    const spec = JSON.parse(Deno.readTextFileSync(`${bundle}/config.json`));
    assertEquals(spec.root, { path: "rootfs" });
    assertEquals(spec.process.args, ["/bin/true"]);
    assertEquals(spec.process.user, { uid: 7, gid: 8 });
  },
);

testOnHosts("a bundle's user is looked up in its own rootfs", async (base) => {
  const passwd = { name: "etc/passwd", body: "me:x:5:6::/me:/bin/sh\n" };
  const bundle = await unpackBundle(base, [{ tar: [passwd] }], {
    config: { User: "me" },
  });
  const spec = JSON.parse(Deno.readTextFileSync(`${bundle}/config.json`));
  assertEquals(spec.process.user, { uid: 5, gid: 6 });
});

testOnHosts("an empty directory may become the bundle", async (base) => {
  Deno.mkdirSync(`${base}/some/bundle`, { recursive: true, mode: 0o755 });
  const bundle = await unpackBundle(base, [LAYER]);
  assertEquals((Deno.statSync(bundle).mode ?? 0) & 0o7777, 0o700);
});

for (const name of ["config.json", "rootfs"]) {
  testOnHosts(`an existing ${name} is refused and left alone`, async (base) => {
    Deno.mkdirSync(`${base}/some/bundle`, { recursive: true });
    Deno.writeTextFileSync(`${base}/some/bundle/${name}`, "mine");
    Deno.writeTextFileSync(`${base}/some/bundle/other`, "mine");
    await assertRejects(
      () => unpackBundle(base, [LAYER]),
      BundleExistsError,
      name,
    );
    assertEquals(namesIn(`${base}/some/bundle`), [name, "other"].sort());
    assertEquals(Deno.readTextFileSync(`${base}/some/bundle/${name}`), "mine");
  });
}

testOnHosts("a failing layer leaves no bundle", async (base) => {
  await assertRejects(() => unpackBundle(base, [LAYER, BROKEN]), LayerError);
  assertThrows(
    () => Deno.lstatSync(`${base}/some/bundle`),
    Deno.errors.NotFound,
  );
});

testOnHosts("a configuration that fails leaves no rootfs", async (base) => {
  Deno.mkdirSync(`${base}/some/bundle`, { recursive: true });
  Deno.writeTextFileSync(`${base}/some/bundle/other`, "mine");
  await assertRejects(
    () => unpackBundle(base, [LAYER], { config: { User: "nobody-there" } }),
    InvalidImageError,
    "nobody-there",
  );
  assertEquals(namesIn(`${base}/some/bundle`), ["other"]);
});

testOnHosts("an abort leaves no bundle", async (base) => {
  const controller = new AbortController();
  await assertRejects(
    () =>
      unpackBundle(base, [LAYER, LAYER], {}, {
        signal: controller.signal,
        afterLayerUnpack: () => controller.abort(new RangeError("enough")),
      }),
    RangeError,
    "enough",
  );
  assertThrows(
    () => Deno.lstatSync(`${base}/some/bundle`),
    Deno.errors.NotFound,
  );
});

testOnHosts("startFrom goes on in the caller's rootfs", async (base) => {
  const { engine, manifest } = await buildImage(`${base}/image`, [
    { tar: [{ name: "lower" }] },
    { tar: [{ name: "upper" }] },
  ]);
  await using _ = engine;
  const bundle = `${base}/bundle`;
  Deno.mkdirSync(`${bundle}/rootfs`, { recursive: true });
  Deno.writeTextFileSync(`${bundle}/rootfs/mine`, "");
  await unpackManifest(engine, bundle, manifest, {
    startFrom: manifest.layers[1],
  });
  assertEquals(namesIn(`${bundle}/rootfs`), ["mine", "upper"]);
});
