/**
 * Starts a container whose layers are shared with all others of the store, and
 * says what it changed:
 *
 *     deno run --allow-read --allow-write --allow-ffi --allow-run=runc \
 *       examples/overlay.ts IMAGE[:TAG] STORE BUNDLE [COMMAND...]
 *
 * Each layer is unpacked once into STORE. It takes root, or a user namespace
 * (`unshare --user --map-root-user --mount`), of which STRATA_USERXATTR=1
 * tells (with --allow-env=STRATA_USERXATTR).
 *
 * @module
 */
import {
  generateInsertLayer,
  mountOverlay,
  type OnDiskFormat,
  openLayout,
  readManifest,
  readTar,
  resolveReference,
  unmountOverlay,
  unpackManifest,
} from "@strata/layer";
import { parseImageName } from "./image_name.ts";

const [image, store, bundle, ...command] = Deno.args;
if (image === undefined || store === undefined || bundle === undefined) {
  console.error("usage: overlay.ts IMAGE[:TAG] STORE BUNDLE [COMMAND...]");
  Deno.exit(2);
}
const isEnvKnown = Deno.permissions.querySync({
  name: "env",
  variable: "STRATA_USERXATTR",
}).state === "granted";
const userXattr = isEnvKnown && Deno.env.get("STRATA_USERXATTR") === "1";
const onDiskFormat: OnDiskFormat = { type: "overlayfs", userXattr, store };

const { path, tag } = parseImageName(image);
await using engine = await openLayout(path);
const descriptor = (await resolveReference(engine, tag)).at(-1);
if (descriptor === undefined) throw new Error(`nothing is named ${tag}`);
const manifest = await readManifest(engine, descriptor);

const mount = await unpackManifest(engine, bundle, manifest, {
  onDiskFormat,
  rootless: userXattr,
  onWarning: (warning) => console.warn(`warning: ${warning.message}`),
});
if (mount === undefined) throw new Error("the overlayfs format has a mount");
mountOverlay(mount);
try {
  if (command.length > 0) setCommand(`${bundle}/config.json`, command);
  await new Deno.Command("runc", {
    args: ["run", "--bundle", bundle, `strata-${crypto.randomUUID()}`],
  }).spawn().status;
} finally {
  unmountOverlay(mount);
}

// What was changed is a layer already, and nothing has to be compared.
const layer = generateInsertLayer(mount.upperDirectory, "/", { onDiskFormat });
for await (const { name } of readTar(layer)) console.log(`changed: ${name}`);

function setCommand(path: string, args: string[]): void {
  const config = JSON.parse(Deno.readTextFileSync(path));
  config.process.args = args;
  config.process.terminal = false;
  Deno.writeTextFileSync(path, JSON.stringify(config));
}
