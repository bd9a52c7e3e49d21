// Unpacks the layers of an image: LAYOUT TAG ROOTFS
import {
  openLayout,
  readManifest,
  resolveReference,
  unpackRootfs,
} from "../../mod.ts";

const [layout = "", tag = "", rootfs = ""] = Deno.args;
await using engine = await openLayout(layout);
const descriptor = (await resolveReference(engine, tag)).at(-1);
if (descriptor === undefined) throw new Error(`Cannot find the image ${tag}`);
await unpackRootfs(engine, rootfs, await readManifest(engine, descriptor));
