/**
 * Builds an image from a directory and a few words of configuration:
 *
 *     deno run --allow-read --allow-write --allow-ffi examples/build_image.ts DIRECTORY IMAGE[:TAG] [COMMAND ...]
 *
 * The directory becomes the image's only layer, COMMAND is what a container of
 * it runs. IMAGE is made where it is missing.
 *
 * @module
 */
import {
  createLayout,
  generateInsertLayer,
  Mutator,
  openLayout,
  updateReference,
} from "@strata/layer";
import { parseImageName } from "./image_name.ts";

const [directory, image, ...command] = Deno.args;
if (directory === undefined || image === undefined) {
  console.error("usage: build_image.ts DIRECTORY IMAGE[:TAG] [COMMAND ...]");
  Deno.exit(2);
}
const { path, tag } = parseImageName(image);
const isNew = await Deno.stat(path).then(() => false, () => true);
await using engine = await (isNew ? createLayout(path) : openLayout(path));

const mutator = Mutator.create(engine, {
  os: "linux",
  architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
  created: new Date().toISOString(),
  config: { WorkingDir: "/", Cmd: command },
});
await mutator.addLayer(generateInsertLayer(directory, "/"), {
  history: { created_by: "build_image.ts" },
});
const [root] = await mutator.commit();
if (root !== undefined) await updateReference(engine, tag, root);
console.log(`${path}:${tag} ${root?.digest}`);
