/** Images that are damaged or forged: the error, and nothing left behind. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
} from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  DecompressionError,
  EntryError,
  InvalidImageError,
  TarError,
  UnsupportedMediaTypeError,
  VerificationError,
} from "../../src/errors.ts";

import { buildImage, OCI_LAYER } from "./image_builder.ts";
import { BROKEN, failInLayer, failToUnpack, LAYER } from "./unpack_image.ts";
import { concatenate, type RawEntry, rawLayer } from "./raw_layer.ts";
import { testOnHosts } from "./scratch.ts";

const file = (name: string, body = "x"): RawEntry => ({ name, body });

testOnHosts("an error names the layer and the entry", async (base) => {
  const image = await buildImage(`${base}/image`, [LAYER, BROKEN, LAYER]);
  const cause = await failInLayer(base, image, 1);
  assertInstanceOf(cause, EntryError);
  assertEquals(cause.entry, ".wh.b/c");
});

testOnHosts("a diffID that is another archive's is refused", async (base) => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    Deno.mkdirSync(`${base}/${algorithm}`);
    const diffId = `${algorithm}:${
      "0".repeat(algorithm === "sha256" ? 64 : 128)
    }`;
    const image = await buildImage(`${base}/${algorithm}/image`, [LAYER, {
      tar: [file("g")],
      mediaType: `${OCI_LAYER}+gzip`,
      diffId,
    }]);
    const cause = await failInLayer(`${base}/${algorithm}`, image, 1);
    assertInstanceOf(cause, VerificationError);
    assertEquals(cause.digest, diffId);
  }
});

/** What may happen to a blob's file. */
const DAMAGE: Record<string, (blob: Uint8Array) => Uint8Array> = {
  "shorter by a byte": (blob) => blob.slice(0, -1),
  "shorter by half": (blob) => blob.slice(0, blob.length >> 1),
  "empty": () => new Uint8Array(0),
  "longer by a byte": (blob) => concatenate([blob, new Uint8Array(1)]),
  "longer by a megabyte": (blob) =>
    concatenate([blob, new Uint8Array(1024 * 1024)]),
  "altered in front": (blob) => altered(blob, 0),
  "altered in the middle": (blob) => altered(blob, blob.length >> 1),
  "altered at the end": (blob) => altered(blob, blob.length - 1),
};

function altered(blob: Uint8Array, at: number): Uint8Array {
  return blob.map((byte, i) => i === at ? byte ^ 0x55 : byte);
}

for (const [damage, change] of Object.entries(DAMAGE)) {
  for (
    const mediaType of [OCI_LAYER, `${OCI_LAYER}+gzip`, `${OCI_LAYER}+zstd`]
  ) {
    testOnHosts(`a blob ${damage}, ${mediaType.slice(35)}`, async (base) => {
      const random = crypto.getRandomValues(new Uint8Array(60_000));
      const image = await buildImage(`${base}/image`, [LAYER, {
        tar: [file("g"), { name: "random", body: random }],
        mediaType,
      }]);
      const digest = image.layers[1]?.digest ?? "";
      const path = image.blobPath(digest);
      const blob = change(Deno.readFileSync(path));
      // The store's files are read-only.
      Deno.removeSync(path);
      Deno.writeFileSync(path, blob);
      const cause = await failInLayer(base, image, 1);
      assertInstanceOf(cause, VerificationError);
      assertEquals(cause.digest, digest);
    });
  }
}

testOnHosts("a blob that is not there", async (base) => {
  const image = await buildImage(`${base}/image`, [LAYER]);
  Deno.removeSync(image.blobPath(image.layers[0]?.digest ?? ""));
  await failInLayer(base, image, 0);
});

testOnHosts("a size that is not the blob's", async (base) => {
  for (const [i, size] of [0, 1, 100_000, -1, 1.5].entries()) {
    Deno.mkdirSync(`${base}/${i}`);
    const image = await buildImage(`${base}/${i}/image`, [{ ...LAYER, size }]);
    const cause = await failInLayer(`${base}/${i}`, image, 0);
    assert(
      cause instanceof VerificationError || cause instanceof InvalidImageError,
    );
  }
});

testOnHosts(
  "compressed data that ends early, in a blob that is whole",
  async (base) => {
    for (
      const [format, pack] of [["gzip", gzipSync], [
        "zstd",
        zstdCompressSync,
      ]] as const
    ) {
      Deno.mkdirSync(`${base}/${format}`);
      const image = await buildImage(`${base}/${format}/image`, [{
        ...LAYER,
        mediaType: `${OCI_LAYER}+${format}`,
        pack: (tar) => pack(tar).subarray(0, -5),
      }]);
      const cause = await failInLayer(`${base}/${format}`, image, 0);
      assertInstanceOf(cause, DecompressionError);
    }
  },
);

testOnHosts(
  "an archive that ends early, in a blob that is whole",
  async (base) => {
    const tar = rawLayer([file("a"), { name: "cut", size: 5000, body: "x" }]);
    const image = await buildImage(`${base}/image`, [{
      tar: tar.slice(0, -1024),
      mediaType: `${OCI_LAYER}+gzip`,
    }]);
    const cause = await failInLayer(base, image, 0);
    assertInstanceOf(cause, TarError);
    assertEquals(cause.entry, "cut");
  },
);

testOnHosts(
  "data compressed in another way than the media type says",
  async (base) => {
    const asIs = (tar: Uint8Array) => tar;
    const rows: [string, (tar: Uint8Array) => Uint8Array, RegExp][] = [
      [OCI_LAYER, gzipSync, /gzip/],
      [OCI_LAYER, zstdCompressSync, /zstd/],
      [`${OCI_LAYER}+gzip`, zstdCompressSync, /gzip/],
      [`${OCI_LAYER}+gzip`, asIs, /gzip/],
      [`${OCI_LAYER}+zstd`, gzipSync, /zstd/],
      [`${OCI_LAYER}+zstd`, asIs, /zstd/],
    ];
    for (const [i, [mediaType, pack, message]] of rows.entries()) {
      Deno.mkdirSync(`${base}/${i}`);
      const body = crypto.getRandomValues(new Uint8Array(2000));
      const image = await buildImage(`${base}/${i}/image`, [{
        tar: [{ name: "f", body }],
        mediaType,
        pack,
      }]);
      const cause = await failInLayer(`${base}/${i}`, image, 0);
      assert(cause instanceof TarError || cause instanceof DecompressionError);
      assertMatch(cause.message, message);
    }
  },
);

testOnHosts("a media type that is none of a layer's", async (base) => {
  const types = [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+xz",
    "",
  ];
  for (const [i, mediaType] of types.entries()) {
    Deno.mkdirSync(`${base}/${i}`);
    const image = await buildImage(`${base}/${i}/image`, [
      LAYER,
      { ...LAYER, mediaType },
    ]);
    const error = await failToUnpack(`${base}/${i}`, image);
    assertInstanceOf(error, UnsupportedMediaTypeError);
    assertEquals(error.mediaType, mediaType);
  }
});

testOnHosts("diffIDs that are too few, too many or malformed", async (base) => {
  const digest = `sha256:${"0".repeat(64)}`;
  for (
    const [i, ids] of [[], [digest, digest], ["sha256:0"], ["x"]].entries()
  ) {
    Deno.mkdirSync(`${base}/${i}`);
    const image = await buildImage(`${base}/${i}/image`, [LAYER], {
      rootfs: { type: "layers", diff_ids: ids },
    });
    const error = await failToUnpack(`${base}/${i}`, image);
    assertInstanceOf(error, InvalidImageError);
  }
});

testOnHosts("deep directories are removed after a failure", async (base) => {
  const deep = { tar: [file(`${"d/".repeat(1500)}f`)] };
  const image = await buildImage(`${base}/image`, [deep, BROKEN]);
  await failInLayer(base, image, 1);
});

testOnHosts("closed directories are removed after a failure", async (base) => {
  const closed = {
    tar: [
      { name: "closed/", mode: 0o500 },
      file("closed/f"),
      { name: "closed/e/", mode: 0 },
      file("closed/e/f"),
    ],
  };
  const image = await buildImage(`${base}/image`, [closed, BROKEN]);
  await failInLayer(base, image, 1);
});
