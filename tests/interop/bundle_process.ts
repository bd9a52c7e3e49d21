/**
 * Unpacks and repacks in a process of its own, for tests that need another
 * user or namespace:
 *
 *     bundle_process.ts unpack LAYOUT TAG BUNDLE [OPTIONS]
 *     bundle_process.ts repack LAYOUT TAG BUNDLE [OPTIONS]
 *     bundle_process.ts overlay LAYOUT TAG BUNDLE [OPTIONS] [COMMAND...]
 *
 * OPTIONS are those of the call, as JSON. `overlay` mounts the layers, runs
 * the command, and takes the mount away again.
 *
 * @module
 */
import {
  mountOverlay,
  openLayout,
  readManifest,
  repackBundle,
  resolveReference,
  unmountOverlay,
  unpackBundle,
  unpackManifest,
} from "@strata/layer";
import { run } from "./command.ts";

if (import.meta.main) {
  const [action, layout = "", tag = "", bundle = "", json = "{}", ...command] =
    Deno.args;
  const options = JSON.parse(json);
  await using engine = await openLayout(layout);
  switch (action) {
    case "unpack":
      await unpackBundle(engine, tag, bundle, options);
      break;
    case "repack":
      await repackBundle(engine, tag, bundle, options);
      break;
    case "overlay": {
      const descriptor = (await resolveReference(engine, tag)).at(-1);
      if (descriptor === undefined) throw new Error(`there is no ${tag}`);
      const manifest = await readManifest(engine, descriptor);
      const mount = await unpackManifest(engine, bundle, manifest, options);
      if (mount === undefined) throw new Error("there is no mount");
      mountOverlay(mount);
      try {
        const [program = "true", ...args] = command;
        console.log(await run(program, args, bundle));
      } finally {
        unmountOverlay(mount);
      }
      break;
    }
    default:
      throw new Error(`unknown action ${action}`);
  }
}
