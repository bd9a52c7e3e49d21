/** A bundle's index of inodes: what it spares, and what it never hides. */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import {
  repackBundle,
  type RepackBundleOptions,
} from "../../src/bundle/repack_bundle.ts";
import { unpackBundle } from "../../src/bundle/unpack_bundle.ts";
import { readManifest } from "../../src/cas/documents.ts";
import type { Engine } from "../../src/cas/engine.ts";
import { updateReference } from "../../src/cas/update_reference.ts";
import { decompress } from "../../src/compress/decompress.ts";
import { LibcDirectory } from "../../src/host/libc/directory.ts";
import { hierarchyEntries } from "../../src/mtree/hierarchy.ts";
import { parseMtree } from "../../src/mtree/parse.ts";
import { walkTree } from "../../src/mtree/walk.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { buildImage } from "../unpack/image_builder.ts";
import { inScratch, PERMISSIONS, testOnHosts } from "../unpack/scratch.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const LIBC = { hosts: ["libc"] } as const;

/** A bundle that was unpacked just now. */
async function justUnpacked(base: string) {
  const { engine, manifest } = await buildImage(`${base}/image`, [{
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    tar: [
      { name: "d/" },
      { name: "d/f", body: "contents" },
      { name: "d/x", body: "x", pax: { "SCHILY.xattr.user.a": "1" } },
      { name: "hole", body: new Uint8Array(5000) },
      { name: "link", type: "1", linkName: "d/f" },
    ],
  }]);
  const document = JSON.stringify({ ...manifest, mediaType: MANIFEST });
  const blob = await engine.putBlob(new TextEncoder().encode(document));
  await updateReference(engine, "old", { mediaType: MANIFEST, ...blob });
  const bundle = `${base}/bundle`;
  await unpackBundle(engine, "old", bundle);
  return { engine, bundle };
}

/** An unpacked bundle whose files changed some ticks of the clock ago. */
async function unpacked(base: string) {
  const { engine, bundle } = await justUnpacked(base);
  // Its first index leaves out what changed in the tick before it was begun.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await repackBundle(engine, "old", bundle, { refresh: true });
  return { engine, bundle };
}

/** What the new layer holds, empty where there is none. */
async function changesIn(
  engine: Engine,
  bundle: string,
  options?: RepackBundleOptions,
): Promise<string[]> {
  const walk = await repackBundle(engine, "new", bundle, options);
  const descriptor = walk.at(-1);
  assert(descriptor !== undefined);
  const layer = (await readManifest(engine, descriptor)).layers[1];
  if (layer === undefined) return [];
  const names: string[] = [];
  const blob = await engine.getBlob(layer);
  for await (const { name } of readTar(decompress(blob, "gzip"))) {
    names.push(name);
  }
  return names;
}

/** Makes the index lie about a file's digest, to see who believes it. */
function falsify(bundle: string, file: string): void {
  const path = `${bundle}/strata.index`;
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  const footer = JSON.parse(lines.pop() ?? "");
  const { size } = Deno.statSync(`${bundle}/rootfs/${file}`);
  const name = file.slice(file.lastIndexOf("/") + 1);
  let isFound = false;
  for (let i = 0; i < lines.length; i += 2) {
    const place = JSON.parse(lines[i] ?? "")[3].indexOf(name);
    if (place === -1) continue;
    const keywords = JSON.parse(lines[i + 1] ?? "");
    const words: string[] = keywords[place + 1];
    assertEquals(words[words.indexOf("size") + 1], String(size));
    words[words.indexOf("sha256digest") + 1] = "0".repeat(64);
    lines[i + 1] = JSON.stringify(keywords);
    isFound = true;
  }
  assert(isFound, `${file} is not in the index`);
  const body = lines.map((line) => `${line}\n`).join("");
  footer.index = createHash("sha256").update(body).digest("hex");
  Deno.writeTextFileSync(path, `${body}${JSON.stringify(footer)}\n`);
}

testOnHosts("a file that did not change is not read", async (base) => {
  const { engine, bundle } = await unpacked(base);
  falsify(bundle, "d/x");
  assertEquals(await changesIn(engine, bundle), []);
  // Whoever reads it finds that the index lies.
  const path = `${bundle}/rootfs/d/x`;
  Deno.chmodSync(path, (Deno.statSync(path).mode ?? 0) & 0o7777);
  assertEquals(await changesIn(engine, bundle), ["d/x"]);
  assertEquals(await changesIn(engine, bundle, { useIndex: false }), []);
}, LIBC);

testOnHosts("a change that restores size and time is found", async (base) => {
  const { engine, bundle } = await unpacked(base);
  const path = `${bundle}/rootfs/d/x`;
  const { mtime } = Deno.statSync(path);
  Deno.writeTextFileSync(path, "y");
  Deno.utimeSync(path, mtime ?? 0, mtime ?? 0);
  assertEquals(await changesIn(engine, bundle), ["d/x"]);
}, LIBC);

Deno.test({
  name: "a bundle that was copied is read",
  permissions: { ...PERMISSIONS.libc, run: ["cp"] },
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inScratch(async (base) => {
      const { engine, bundle } = await unpacked(base);
      const { success } = await new Deno.Command("cp", {
        args: ["-a", bundle, `${base}/copy`],
      }).output();
      assert(success);
      assertEquals(await changesIn(engine, `${base}/copy`), []);
      const path = `${base}/copy/rootfs/d/x`;
      const { mtime } = Deno.statSync(path);
      Deno.writeTextFileSync(path, "y");
      Deno.utimeSync(path, mtime ?? 0, mtime ?? 0);
      assertEquals(await changesIn(engine, `${base}/copy`), ["d/x"]);
    }),
});

testOnHosts(
  "without an index, or a sound one, files are read",
  async (base) => {
    const { engine, bundle } = await unpacked(base);
    for (const text of ["garbage", undefined]) {
      if (text === undefined) Deno.removeSync(`${bundle}/strata.index`);
      else Deno.writeTextFileSync(`${bundle}/strata.index`, text);
      assertEquals(await changesIn(engine, bundle), []);
    }
  },
  LIBC,
);

testOnHosts("no file is read again for the manifest", async (base) => {
  const opened: string[] = [];
  const { openFile } = LibcDirectory.prototype;
  LibcDirectory.prototype.openFile = function (name) {
    opened.push(this.pathOf(name));
    return openFile.call(this, name);
  };
  try {
    const { bundle } = await justUnpacked(base);
    assertEquals(opened, []);
    await walkTree(`${bundle}/rootfs`);
    assertEquals(opened.toSorted(), ["d/f", "d/x", "hole", "link"]);
  } finally {
    LibcDirectory.prototype.openFile = openFile;
  }
}, LIBC);

testOnHosts("the manifest is the one that a fresh walk gives", async (base) => {
  const { bundle } = await unpacked(base);
  const name = [...Deno.readDirSync(bundle)].map(({ name }) => name)
    .find((name) => name.endsWith(".mtree"));
  const text = Deno.readTextFileSync(`${bundle}/${name}`);
  const flat = (hierarchy: Awaited<ReturnType<typeof parseMtree>>) =>
    [...hierarchyEntries(hierarchy)].map(({ path, keywords }) => [
      path,
      [...keywords].toSorted(),
    ]).toSorted();
  assertEquals(
    flat(await parseMtree(text)),
    flat(await walkTree(`${bundle}/rootfs`)),
  );
}, LIBC);
