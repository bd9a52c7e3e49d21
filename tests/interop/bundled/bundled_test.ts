/** Bundlers give classes other names, or none: threads must not mind. */
import { assert, assertEquals } from "@std/assert";
import { openLayout } from "../../../src/cas/layout.ts";
import { updateReference } from "../../../src/cas/update_reference.ts";
import { unpackBundle } from "../../../src/bundle/unpack_bundle.ts";
import { noise } from "../../compress/fixtures.ts";
import { buildImage, OCI_LAYER } from "../../unpack/image_builder.ts";
import { inScratch } from "../../unpack/scratch.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const PROGRAM = new URL("program.ts", import.meta.url);

/** More than one block of gzip, and more than is inflated without a thread. */
const LARGE = noise(6 * 1024 * 1024);

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

for (const flags of [[], ["--minify"]]) {
  Deno.test(`a program is bundled: ${flags.join(" ")}`, () =>
    inScratch(async (base) => {
      const layout = `${base}/image`;
      const { engine, manifest } = await buildImage(layout, [{
        mediaType: `${OCI_LAYER}+gzip`,
        tar: [{ name: "large", body: LARGE }],
      }]);
      const document = JSON.stringify({ ...manifest, mediaType: MANIFEST });
      const blob = await engine.putBlob(new TextEncoder().encode(document));
      await updateReference(engine, "old", { mediaType: MANIFEST, ...blob });

      const bundled = `${base}/bundled.js`;
      const quiet = ["--quiet", ...flags, `--output=${bundled}`];
      await deno("bundle", ...quiet, PROGRAM.pathname);
      const script = ["--quiet", "--allow-all", "--no-config", bundled];
      await deno("run", ...script, layout, "old", `${base}/bundle`);

      await using again = await openLayout(layout);
      await unpackBundle(again, "new", `${base}/again`);
      for (const name of ["bundle/rootfs/large", "again/rootfs/copy"]) {
        assertEquals(Deno.readFileSync(`${base}/${name}`), LARGE, name);
      }
    }));
}
