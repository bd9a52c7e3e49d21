// Unpacks an image, and packs what was changed: LAYOUT TAG BUNDLE
import { openLayout, repackBundle, unpackBundle } from "../../../mod.ts";

const [layout = "", tag = "", bundle = ""] = Deno.args;
await using engine = await openLayout(layout);
await unpackBundle(engine, tag, bundle);
await Deno.copyFile(`${bundle}/rootfs/large`, `${bundle}/rootfs/copy`);
const walk = await repackBundle(engine, "new", bundle);
console.log(walk.at(-1)?.digest);
