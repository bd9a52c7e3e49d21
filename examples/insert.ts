/**
 * Puts a file or a directory into an image without unpacking it:
 *
 *     deno run --allow-read --allow-write --allow-ffi examples/insert.ts IMAGE[:TAG] SOURCE TARGET [NEW_TAG]
 *
 * The new image gets NEW_TAG, or takes the old one's name.
 *
 * @module
 */
import {
  generateInsertLayer,
  Mutator,
  openLayout,
  resolveReference,
  updateReference,
} from "@strata/layer";
import { parseImageName } from "./image_name.ts";

const [image, source, target, newTag] = Deno.args;
if (image === undefined || source === undefined || target === undefined) {
  console.error("usage: insert.ts IMAGE[:TAG] SOURCE TARGET [NEW_TAG]");
  Deno.exit(2);
}
const { path, tag } = parseImageName(image);
await using engine = await openLayout(path);
const mutator = await Mutator.open(engine, await resolveReference(engine, tag));
const layer = await mutator.addLayer(generateInsertLayer(source, target), {
  history: { created_by: `insert ${source} ${target}` },
});
const [root] = await mutator.commit();
if (root !== undefined) await updateReference(engine, newTag ?? tag, root);
console.log(`${layer.digest} ${layer.size} bytes`);
