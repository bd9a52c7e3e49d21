/** Names in an index: given, moved and taken away. */
import { assertEquals, assertRejects } from "@std/assert";
import { InvalidImageError } from "../../src/errors.ts";
import { listReferences } from "../../src/cas/reference.ts";
import {
  deleteReference,
  updateReference,
} from "../../src/cas/update_reference.ts";
import { bytesOf, type Fixture, MANIFEST, newLayout } from "./fixtures.ts";

const NAME = "org.opencontainers.image.ref.name";

async function stored(fixture: Fixture, text: string) {
  const blob = await fixture.engine.putBlob(bytesOf(text));
  return { mediaType: MANIFEST, ...blob };
}

async function indexOf({ path }: Fixture) {
  return JSON.parse(await Deno.readTextFile(`${path}/index.json`));
}

/** By the grammar of the image-spec's annotations.md. */
const NAMES: [name: string, isAllowed: boolean][] = [
  ["latest", true],
  ["1.0", true],
  ["v1.0-rc.1", true],
  ["a--b", true],
  ["docker.io/library/debian:12", true],
  ["a@b+c_d", true],
  ["", false],
  ["-a", false],
  ["a-", false],
  ["a..b", false],
  ["a---b", false],
  ["a//b", false],
  ["/a", false],
  ["a/", false],
  ["a b", false],
  ["ä", false],
  ["a\n", false],
];

for (const [name, isAllowed] of NAMES) {
  const verb = isAllowed ? "allowed" : "refused";
  Deno.test(`the name ${JSON.stringify(name)} is ${verb}`, async () => {
    await using fixture = await newLayout();
    const descriptor = await stored(fixture, "{}");
    const update = updateReference(fixture.engine, name, descriptor);
    if (!isAllowed) {
      await assertRejects(() => update, InvalidImageError, "letters");
      assertEquals((await indexOf(fixture)).manifests, []);
      return;
    }
    await update;
    assertEquals(await listReferences(fixture.engine), [name]);
  });
}

Deno.test("a name moves, and nothing else changes", async () => {
  await using fixture = await newLayout();
  const [old, other, fresh] = [
    await stored(fixture, "1"),
    await stored(fixture, "2"),
    await stored(fixture, "3"),
  ];
  const kept = {
    ...other,
    annotations: { [NAME]: "other", "org.example": "kept" },
    "x-unknown": [1, 2],
  };
  await Deno.writeTextFile(
    `${fixture.path}/index.json`,
    JSON.stringify({
      schemaVersion: 2,
      "x-field": { kept: true },
      manifests: [{ ...old, annotations: { [NAME]: "moves" } }, kept],
      annotations: { "org.example": "index" },
    }),
  );
  await updateReference(fixture.engine, "moves", {
    ...fresh,
    platform: { os: "linux", architecture: "arm64" },
    annotations: { [NAME]: "another name that it had", "org.example": "own" },
  });
  assertEquals(await indexOf(fixture), {
    schemaVersion: 2,
    "x-field": { kept: true },
    manifests: [kept, {
      ...fresh,
      platform: { os: "linux", architecture: "arm64" },
      annotations: { [NAME]: "moves", "org.example": "own" },
    }],
    annotations: { "org.example": "index" },
  });
});

Deno.test("one manifest may have several names", async () => {
  await using fixture = await newLayout();
  const descriptor = await stored(fixture, "{}");
  await updateReference(fixture.engine, "b", descriptor);
  await updateReference(fixture.engine, "a", descriptor);
  assertEquals((await listReferences(fixture.engine)).toSorted(), ["a", "b"]);
  assertEquals(await deleteReference(fixture.engine, "b"), true);
  assertEquals(await listReferences(fixture.engine), ["a"]);
  assertEquals(await deleteReference(fixture.engine, "b"), false);
});
