/**
 * Unpacks an image, runs a command in its rootfs, makes a new image of what
 * the command changed, and lists the new layer:
 *
 *     deno run --allow-read --allow-write --allow-ffi --allow-run examples/repack.ts IMAGE[:TAG] NEW_TAG COMMAND [ARGUMENT ...]
 *
 * The command runs on the host, with the rootfs as its working directory, as
 * in `repack.ts debian:12 smaller rm -r usr/share/doc`.
 *
 * @module
 */
import {
  decompress,
  Mutator,
  openLayout,
  readTar,
  repackBundle,
  ROOTFS_NAME,
  unpackBundle,
} from "@strata/layer";
import { parseImageName } from "./image_name.ts";
import { Listing } from "./listing.ts";

const [image, newTag, command, ...args] = Deno.args;
if (image === undefined || newTag === undefined || command === undefined) {
  console.error("usage: repack.ts IMAGE[:TAG] NEW_TAG COMMAND [ARGUMENT ...]");
  Deno.exit(2);
}
const { path, tag } = parseImageName(image);
const directory = await Deno.makeTempDir({ prefix: "strata-" });
const bundle = `${directory}/bundle`;
try {
  await using engine = await openLayout(path);
  const before = await unpackBundle(engine, tag, bundle);
  const { success } = await new Deno.Command(command, {
    args,
    cwd: `${bundle}/${ROOTFS_NAME}`,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${command} failed; nothing was repacked`);

  const after = await repackBundle(engine, newTag, bundle, {
    compression: "gzip",
    history: { created_by: [command, ...args].join(" ") },
  });
  const { layers: old } = (await Mutator.open(engine, before)).manifest;
  const { layers } = (await Mutator.open(engine, after)).manifest;
  const layer = layers[old.length];
  if (layer === undefined) {
    console.log("Nothing was changed: the new image has no new layer.");
  } else {
    const listing = new Listing();
    const archive = decompress(await engine.getBlob(layer), "gzip");
    for await (const entry of readTar(archive)) {
      console.log(listing.line(entry));
    }
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
