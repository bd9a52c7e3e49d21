/** Whatever is done to a bundle: with its index and without, it is found. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { repackBundle } from "../../src/bundle/repack_bundle.ts";
import { unpackBundle } from "../../src/bundle/unpack_bundle.ts";
import { readManifest } from "../../src/cas/documents.ts";
import type { Engine } from "../../src/cas/engine.ts";
import { updateReference } from "../../src/cas/update_reference.ts";
import { buildImage } from "../unpack/image_builder.ts";
import { inScratch, PERMISSIONS } from "../unpack/scratch.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** The tree that everything begins with. */
const PATHS = ["a/", "a/f", "a/g", "a/b/", "a/b/f", "c/", "c/f", "f"];
const NAMES = ["a", "a/f", "a/g", "a/b", "a/b/f", "c", "c/f", "f", "l", "new"];

/** Something that is done to one of the names, as far as that can be done. */
interface Step {
  name: string;
  verb: (path: string, other: string) => void;
  other: string;
}

const VERBS: Record<string, Step["verb"]> = {
  rewrite: (path) => Deno.writeTextFileSync(path, "changed"),
  rewriteWithOldTime(path) {
    const { mtime } = Deno.statSync(path);
    Deno.writeTextFileSync(path, "y");
    Deno.utimeSync(path, mtime ?? 0, mtime ?? 0);
  },
  touch: (path) => Deno.utimeSync(path, 5, 5),
  chmod: (path) => Deno.chmodSync(path, 0o700),
  remove: (path) => Deno.removeSync(path, { recursive: true }),
  rename: (path, other) => Deno.renameSync(path, other),
  link: (path, other) => Deno.linkSync(path, other),
  symlink: (path) => Deno.symlinkSync("f", path),
  mkdir: (path) => Deno.mkdirSync(path),
  copyOver(path, other) {
    Deno.copyFileSync(path, `${path}.copy`);
    Deno.renameSync(`${path}.copy`, other);
  },
};

const STEPS = fc.array(
  fc.record({
    name: fc.constantFrom(...NAMES),
    verb: fc.constantFrom(...Object.keys(VERBS)),
    other: fc.constantFrom(...NAMES),
  }),
  { minLength: 1, maxLength: 5 },
);

function apply(
  rootfs: string,
  steps: { name: string; verb: string; other: string }[],
) {
  for (const { name, verb, other } of steps) {
    try {
      VERBS[verb]?.(`${rootfs}/${name}`, `${rootfs}/${other}`);
    } catch {
      // There is nothing there, or something that this cannot be done to.
    }
  }
}

/** Digest of the new layer's archive, or undefined where there is none. */
async function layerOf(
  engine: Engine,
  bundle: string,
  useIndex: boolean,
  maskPaths: string[],
): Promise<string | undefined> {
  const walk = await repackBundle(engine, "new", bundle, {
    useIndex,
    maskPaths,
    compression: "none",
  });
  const descriptor = walk.at(-1);
  assert(descriptor !== undefined);
  return (await readManifest(engine, descriptor)).layers[1]?.digest;
}

Deno.test({
  name: "an index finds the changes that a comparison finds",
  permissions: PERMISSIONS.libc,
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async (base) => {
      const { engine, manifest } = await buildImage(`${base}/image`, [{
        tar: [
          ...PATHS.map((name) =>
            name.endsWith("/") ? { name } : { name, body: "x" }
          ),
          { name: "l", type: "2", linkName: "f" },
        ],
      }]);
      const document = JSON.stringify({ ...manifest, mediaType: MANIFEST });
      const blob = await engine.putBlob(new TextEncoder().encode(document));
      await updateReference(engine, "old", { mediaType: MANIFEST, ...blob });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          STEPS,
          fc.subarray(["a/b", "c/f"]),
          fc.boolean(),
          async (steps, maskPaths, isSettled) => {
            const bundle = `${base}/bundle-${run++}`;
            await unpackBundle(engine, "old", bundle);
            // Else nearly everything is too new to be trusted.
            if (isSettled) await new Promise((go) => setTimeout(go, 20));
            if (isSettled) {
              await repackBundle(engine, "same", bundle, { refresh: true });
            }
            apply(`${bundle}/rootfs`, steps);
            assertEquals(
              await layerOf(engine, bundle, true, maskPaths),
              await layerOf(engine, bundle, false, maskPaths),
            );
          },
        ),
        { numRuns: 60 },
      );
    }),
});
