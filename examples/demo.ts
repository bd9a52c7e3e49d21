/**
 * Builds a small image from files in memory, unpacks it into a runtime bundle,
 * and says how to run it (`deno task demo`):
 *
 *     deno run --allow-read --allow-write --allow-ffi --allow-sys=uid examples/demo.ts [DIRECTORY]
 *
 * The image and the bundle go to DIRECTORY, or to a new temporary one.
 *
 * @module
 */
import { createLayout, TarWriter, unpackManifest } from "@strata/layer";
import { tinyProgram } from "./tiny_program.ts";

const directory = Deno.args[0] ?? await Deno.makeTempDir({ prefix: "strata-" });
const bundle = `${directory}/bundle`;

// An image is a store of blobs, of which the layer is the first.
await using engine = await createLayout(`${directory}/image`);
const tar = new TarWriter();
const stored = engine.putBlob(tar.readable);
const hello = tinyProgram("Hello from a container that Strata unpacked.\n");
await tar.add({ name: "bin/" });
await tar.add({ name: "bin/hello", mode: 0o755 }, hello);
await tar.add({ name: "bin/hi", type: "symlink", linkName: "hello" });
await tar.add({ name: "etc/" });
await tar.add({ name: "etc/os-release" }, 'NAME="Strata demo"\n');
await tar.add({ name: "etc/motd", type: "link", linkName: "etc/os-release" });
await tar.close();
const layer = await stored;

// The configuration says what the layer holds and how to run it.
const config = await putJson({
  architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
  os: "linux",
  config: { Entrypoint: ["/bin/hi"] },
  rootfs: { type: "layers", diff_ids: [layer.digest] },
});

// The manifest ties the two together, and the index gives it a name.
const type = "application/vnd.oci.image";
const manifest = {
  schemaVersion: 2,
  mediaType: `${type}.manifest.v1+json`,
  config: { mediaType: `${type}.config.v1+json`, ...config },
  layers: [{ mediaType: `${type}.layer.v1.tar`, ...layer }],
};
await engine.putIndex({
  schemaVersion: 2,
  manifests: [{
    mediaType: manifest.mediaType,
    ...await putJson(manifest),
    annotations: { "org.opencontainers.image.ref.name": "latest" },
  }],
});

await unpackManifest(engine, bundle, manifest, {
  rootless: Deno.uid() !== 0,
  onWarning: (warning) => console.warn(`warning: ${warning.message}`),
});

console.log(`The image's manifest:\n${JSON.stringify(manifest, null, 2)}\n`);
console.log(`The bundle, ${bundle}:`);
printTree(bundle, "  ");
console.log(`\nRun it:\n  runc run --bundle ${bundle} strata-demo`);

function putJson(document: unknown) {
  return engine.putBlob(new TextEncoder().encode(JSON.stringify(document)));
}

function printTree(path: string, indent: string): void {
  const entries = [...Deno.readDirSync(path)];
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isSymlink } of entries) {
    const child = `${path}/${name}`;
    const target = isSymlink ? ` -> ${Deno.readLinkSync(child)}` : "";
    console.log(`${indent}${name}${isDirectory ? "/" : target}`);
    if (isDirectory) printTree(child, `${indent}  `);
  }
}
