/** Which blobs stay, and which go. */
import { assertEquals, assertRejects } from "@std/assert";
import { VerificationError } from "../../src/errors.ts";
import { gc } from "../../src/cas/gc.ts";
import {
  bytesOf,
  CONFIG,
  type Fixture,
  INDEX,
  MANIFEST,
  newLayout,
} from "./fixtures.ts";

async function put(
  { engine }: Fixture,
  mediaType: string,
  content: unknown,
) {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return { mediaType, ...await engine.putBlob(bytesOf(text)) };
}

async function setIndex({ path }: Fixture, manifests: unknown[]) {
  await Deno.writeTextFile(
    `${path}/index.json`,
    JSON.stringify({ schemaVersion: 2, manifests }),
  );
}

Deno.test("all that the index leads to stays, the rest goes", async () => {
  await using fixture = await newLayout();
  const layer = await put(fixture, "application/octet-stream", "layer");
  const config = await put(fixture, CONFIG, { os: "linux" });
  const subject = await put(fixture, MANIFEST, { about: "nothing" });
  const manifest = await put(fixture, MANIFEST, {
    config,
    layers: [layer],
    subject,
  });
  const inUnknown = await put(fixture, "text/plain", "deep");
  const unknown = await put(fixture, "application/vnd.example+json", {
    some: [{ field: { of: inUnknown } }],
  });
  const inner = await put(fixture, INDEX, { manifests: [manifest, unknown] });
  const outer = await put(fixture, INDEX, { manifests: [inner] });
  await setIndex(fixture, [outer, manifest]);

  const lone = await put(fixture, CONFIG, { os: "plan9" });
  const old = await put(fixture, MANIFEST, { config: lone, layers: [layer] });
  const before = await fixture.engine.listBlobs();

  const removed = await gc(fixture.engine);
  assertEquals(removed, [lone.digest, old.digest].toSorted());
  assertEquals(
    (await fixture.engine.listBlobs()).toSorted(),
    before.filter((digest) => !removed.includes(digest)).toSorted(),
  );
});

Deno.test("nothing goes where a document is damaged", async () => {
  await using fixture = await newLayout();
  const config = await put(fixture, CONFIG, { os: "linux" });
  const manifest = await put(fixture, MANIFEST, { config, layers: [] });
  await put(fixture, CONFIG, "garbage");
  await setIndex(fixture, [manifest]);
  const blob = `${fixture.path}/blobs/${manifest.digest.replace(":", "/")}`;
  await Deno.chmod(blob, 0o644);
  await Deno.writeTextFile(blob, "X".repeat(manifest.size));
  const before = await fixture.engine.listBlobs();
  await assertRejects(() => gc(fixture.engine), VerificationError);
  assertEquals(await fixture.engine.listBlobs(), before);
});

Deno.test("a blob that is missing, and one that is no JSON", async () => {
  await using fixture = await newLayout();
  const text = await put(fixture, "application/vnd.example+json", "no JSON");
  const missing = {
    mediaType: MANIFEST,
    digest: `sha256:${"0".repeat(64)}`,
    size: 2,
  };
  const garbage = await put(fixture, "text/plain", "garbage");
  await setIndex(fixture, [text, missing]);
  assertEquals(await gc(fixture.engine), [garbage.digest]);
});

Deno.test("what an interrupted write left goes as well", async () => {
  await using fixture = await newLayout();
  await Deno.writeTextFile(`${fixture.path}/.strata-left-behind`, "half");
  assertEquals(await gc(fixture.engine), []);
  const names = [...Deno.readDirSync(fixture.path)].map(({ name }) => name);
  assertEquals(names.toSorted(), ["blobs", "index.json", "oci-layout"]);
});
