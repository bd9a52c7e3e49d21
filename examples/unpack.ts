/**
 * Unpacks an image into a runtime bundle:
 *
 *     deno run --allow-read --allow-write --allow-ffi examples/unpack.ts [--rootless] IMAGE[:TAG] BUNDLE
 *
 * IMAGE is the directory of an OCI image layout, TAG the name in it (`latest`
 * unless told). An ordinary user gives --rootless. On a terminal a line shows how far it has come.
 *
 * @module
 */
import {
  openLayout,
  type Progress,
  readManifest,
  resolveReference,
  unpackManifest,
} from "@strata/layer";
import { parseImageName } from "./image_name.ts";

/** Draws one line over and over; nothing where nobody would see it. */
class ProgressLine {
  readonly #encoder = new TextEncoder();
  readonly #isVisible = Deno.stderr.isTerminal();
  #drawnAt = 0;

  draw({ layerIndex, layerCount, entries, bytesIn, totalBytes }: Progress) {
    if (!this.#isVisible || Date.now() - this.#drawnAt < 100) return;
    this.#drawnAt = Date.now();
    const percent = Math.floor(100 * bytesIn / Math.max(1, totalBytes ?? 1));
    this.#write(
      `layer ${
        layerIndex + 1
      } of ${layerCount}: ${percent} %, ${entries} entries`,
    );
  }

  clear() {
    if (this.#isVisible) this.#write("");
  }

  #write(text: string) {
    Deno.stderr.writeSync(this.#encoder.encode(`\r\x1b[K${text}`));
  }
}

if (import.meta.main) {
  const rootless = Deno.args[0] === "--rootless";
  const [image, bundle] = rootless ? Deno.args.slice(1) : Deno.args;
  if (image === undefined || bundle === undefined) {
    console.error("usage: unpack.ts [--rootless] IMAGE[:TAG] BUNDLE");
    Deno.exit(2);
  }
  const { path, tag } = parseImageName(image);
  const line = new ProgressLine();

  await using engine = await openLayout(path);
  const walk = await resolveReference(engine, tag);
  const descriptor = walk[walk.length - 1];
  if (descriptor === undefined) throw new Error(`nothing is named ${tag}`);
  const manifest = await readManifest(engine, descriptor);
  try {
    await unpackManifest(engine, bundle, manifest, {
      rootless,
      onProgress: (progress) => line.draw(progress),
      onWarning: (warning) => console.warn(`warning: ${warning.message}`),
    });
  } finally {
    line.clear();
  }
}
