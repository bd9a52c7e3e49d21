// Unpacks an image into a bundle: LAYOUT TAG BUNDLE
import { openLayout, unpackBundle } from "../../mod.ts";

const [layout = "", tag = "", bundle = ""] = Deno.args;
await using engine = await openLayout(layout);
await unpackBundle(engine, tag, bundle);
