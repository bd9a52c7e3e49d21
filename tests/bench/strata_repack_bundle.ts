// Makes a new image of a bundle's changes: LAYOUT NEW_TAG BUNDLE
import { openLayout, repackBundle } from "../../mod.ts";

const [layout = "", newTag = "", bundle = ""] = Deno.args;
await using engine = await openLayout(layout);
await repackBundle(engine, newTag, bundle, { compression: "gzip" });
