/** Images that are whole: order, options, progress, abort. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  BundleExistsError,
  InvalidImageError,
  LayerError,
  StrataError,
} from "../../src/errors.ts";
import type { Progress, UnpackOptions } from "../../src/options.ts";

import { buildImage, DOCKER_LAYER, OCI_LAYER } from "./image_builder.ts";
import { BROKEN, failToUnpack, LAYER, unpackImage } from "./unpack_image.ts";
import { concatenate, type RawEntry, rawLayer } from "./raw_layer.ts";
import { testOnHosts } from "./scratch.ts";
import { modeOf, readEverything, readTree } from "./snapshot.ts";

const file = (name: string, body = "x"): RawEntry => ({ name, body });

const THREE_LAYERS: RawEntry[][] = [
  [file("base"), file("gone"), file("d/a"), file("opaque/a")],
  [{ name: ".wh.gone" }, file("d/b"), file("base", "second")],
  [{ name: "opaque/.wh..wh..opq" }, file("d/c")],
];

for (
  const [name, mediaTypes] of Object.entries({
    "uncompressed": [OCI_LAYER],
    "gzip": [`${OCI_LAYER}+gzip`],
    "zstd": [`${OCI_LAYER}+zstd`],
    "Docker": [`${DOCKER_LAYER}.gzip`],
    "mixed": [DOCKER_LAYER, `${OCI_LAYER}+zstd`, `${OCI_LAYER}+gzip`],
  })
) {
  for (const algorithm of ["sha256", "sha512"] as const) {
    testOnHosts(
      `an image of three layers, ${name}, ${algorithm}`,
      async (base) => {
        const image = await buildImage(
          `${base}/image`,
          THREE_LAYERS.map((tar, i) => ({
            tar,
            algorithm,
            mediaType: mediaTypes[i % mediaTypes.length],
          })),
        );
        await unpackImage(base, image);
        assertEquals(readTree(`${base}/rootfs`), {
          "base": "file second",
          "d": "dir",
          "d/a": "file x",
          "d/b": "file x",
          "d/c": "file x",
          "opaque": "dir",
        });
      },
    );
  }
}

testOnHosts("an image without layers is an empty directory", async (base) => {
  await unpackImage(base, await buildImage(`${base}/image`, []));
  assertEquals(readTree(`${base}/rootfs`), {});
  assertEquals(modeOf(`${base}/rootfs`), "755");
});

testOnHosts(
  "several gzip members and zstd frames are one layer",
  async (base) => {
    const split =
      (pack: (bytes: Uint8Array) => Uint8Array) => (tar: Uint8Array) =>
        concatenate([pack(tar.subarray(0, 700)), pack(tar.subarray(700))]);
    const image = await buildImage(`${base}/image`, [
      {
        tar: [file("a")],
        mediaType: `${OCI_LAYER}+gzip`,
        pack: split(gzipSync),
      },
      {
        tar: [file("b")],
        mediaType: `${OCI_LAYER}+zstd`,
        pack: split(zstdCompressSync),
      },
    ]);
    await unpackImage(base, image);
    assertEquals(readTree(`${base}/rootfs`), { "a": "file x", "b": "file x" });
  },
);

testOnHosts("bytes behind the archive count for the diffID", async (base) => {
  const tar = concatenate([rawLayer([file("f")]), new Uint8Array(100_000)]);
  await unpackImage(base, await buildImage(`${base}/image`, [{ tar }]));
  assertEquals(readTree(`${base}/rootfs`), { "f": "file x" });
});

testOnHosts("a layer without an end mark is a layer", async (base) => {
  const tar = rawLayer([file("f")]).slice(0, 1024);
  await unpackImage(base, await buildImage(`${base}/image`, [{ tar }]));
  assertEquals(readTree(`${base}/rootfs`), { "f": "file x" });
});

testOnHosts("afterLayerUnpack is called in order and awaited", async (base) => {
  const image = await buildImage(
    `${base}/image`,
    THREE_LAYERS.map((tar) => ({ tar })),
  );
  const seen: string[] = [];
  await unpackImage(base, image, {
    afterLayerUnpack: async (manifest, layer) => {
      assertEquals(manifest, image.manifest);
      const tree = Object.keys(readTree(`${base}/rootfs/d`)).join();
      await new Promise((resolve) => setTimeout(resolve, 5));
      assertEquals(Object.keys(readTree(`${base}/rootfs/d`)).join(), tree);
      seen.push(`${layer.digest} ${tree}`);
    },
  });
  const trees = ["a", "a,b", "a,b,c"];
  assertEquals(
    seen,
    image.layers.map((layer, i) => `${layer.digest} ${trees[i]}`),
  );
});

testOnHosts("an error of afterLayerUnpack ends it", async (base) => {
  const image = await buildImage(`${base}/image`, [LAYER, {
    tar: [file("g")],
  }]);
  const failure = new Error("no more");
  let calls = 0;
  const error = await failToUnpack(base, image, {
    afterLayerUnpack: () => {
      calls++;
      return Promise.reject(failure);
    },
  });
  assertEquals(error, failure);
  assertEquals(calls, 1);
});

testOnHosts("startFrom goes on from a layer", async (base) => {
  const image = await buildImage(
    `${base}/image`,
    THREE_LAYERS.map((tar) => ({ tar })),
  );
  Deno.mkdirSync(`${base}/rootfs/opaque`, { recursive: true });
  Deno.writeTextFileSync(`${base}/rootfs/opaque/mine`, "mine");
  const seen: number[] = [];
  await unpackImage(base, image, {
    startFrom: image.layers[1],
    onProgress: ({ layerIndex }) => seen.push(layerIndex),
  });
  assertEquals(readTree(`${base}/rootfs`), {
    "base": "file second",
    "d": "dir",
    "d/b": "file x",
    "d/c": "file x",
    "opaque": "dir",
  });
  assertEquals([...new Set(seen)], [1, 2]);
});

testOnHosts(
  "startFrom leaves the caller's directory after an error",
  async (base) => {
    const image = await buildImage(`${base}/image`, [LAYER, BROKEN]);
    Deno.mkdirSync(`${base}/rootfs`);
    Deno.writeTextFileSync(`${base}/rootfs/mine`, "mine");
    await assertRejects(
      () => unpackImage(base, image, { startFrom: image.layers[1] }),
      LayerError,
    );
    assertEquals(readTree(`${base}/rootfs`).mine, "file mine");
  },
);

testOnHosts("startFrom a layer of another image is refused", async (base) => {
  const image = await buildImage(`${base}/image`, [LAYER]);
  const error = await failToUnpack(base, image, {
    startFrom: image.manifest.config,
  });
  assertInstanceOf(error, InvalidImageError);
});

testOnHosts("an existing rootfs is refused and left alone", async (base) => {
  for (
    const [i, make] of [
      (path: string) => Deno.mkdirSync(path),
      (path: string) => Deno.writeTextFileSync(path, "file"),
      (path: string) => Deno.symlinkSync("nowhere", path),
    ].entries()
  ) {
    Deno.mkdirSync(`${base}/${i}`);
    make(`${base}/${i}/rootfs`);
    const image = await buildImage(`${base}/image${i}`, [LAYER]);
    const before = readEverything(`${base}/${i}`);
    await assertRejects(
      () => unpackImage(`${base}/${i}`, image),
      BundleExistsError,
      "it is there already",
    );
    assertEquals(readEverything(`${base}/${i}`), before);
  }
});

testOnHosts("options that are wrong make nothing", async (base) => {
  const image = await buildImage(`${base}/image`, [LAYER]);
  const error = await failToUnpack(base, image, {
    uidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
  });
  assertInstanceOf(error, StrataError);
  assert(!(error instanceof LayerError));
});

testOnHosts("an abort before, between and inside layers", async (base) => {
  const reason = new Error("enough");
  const big = { name: "big", body: new Uint8Array(4 * 1024 * 1024) };
  const inputs = [LAYER, { tar: [file("a"), big, file("b")] }, LAYER];
  const cases: ((abort: () => void) => UnpackOptions)[] = [
    (abort) => (abort(), {}),
    (abort) => ({ afterLayerUnpack: abort }),
    (abort) => ({
      onProgress: ({ layerIndex, bytesOut }) => {
        if (layerIndex === 1 && bytesOut > 500_000) abort();
      },
    }),
  ];
  for (const [i, options] of cases.entries()) {
    Deno.mkdirSync(`${base}/${i}`);
    const image = await buildImage(`${base}/${i}/image`, inputs);
    const controller = new AbortController();
    const error = await failToUnpack(`${base}/${i}`, image, {
      ...options(() => controller.abort(reason)),
      signal: controller.signal,
    });
    assertEquals(error, reason);
  }
});

testOnHosts(
  "progress never goes back, and ends with all of it",
  async (base) => {
    const big = {
      name: "big",
      body: crypto.getRandomValues(new Uint8Array(60_000)),
    };
    const image = await buildImage(`${base}/image`, [
      { tar: [file("a"), big, file("b")], mediaType: `${OCI_LAYER}+gzip` },
      LAYER,
    ]);
    const seen: Progress[] = [];
    await unpackImage(base, image, {
      onProgress: (now) => seen.push({ ...now }),
    });
    const last = new Map<number, Progress>();
    for (const now of seen) {
      assertEquals(now.layerCount, 2);
      assertEquals(now.layer, image.layers[now.layerIndex]);
      assertEquals(now.totalBytes, image.layers[now.layerIndex]?.size);
      const before = last.get(now.layerIndex);
      if (before !== undefined) {
        assert(now.entries >= before.entries);
        assert(now.bytesIn >= before.bytesIn);
        assert(now.bytesOut >= before.bytesOut);
      }
      assert(now.bytesIn <= (now.totalBytes ?? 0));
      last.set(now.layerIndex, now);
    }
    assertEquals(last.get(0)?.entries, 3);
    assertEquals(last.get(0)?.bytesIn, image.layers[0]?.size);
    // Three headers, a block for each small body, the large one, the end mark.
    assertEquals(last.get(0)?.bytesOut, 512 * (3 + 2 + 118 + 2));
    assertEquals(last.get(1)?.bytesOut, 512 * 4);
  },
);

testOnHosts(
  "a cleanup that fails says so, and why it was needed",
  async (base) => {
    const image = await buildImage(`${base}/image`, [LAYER]);
    const failure = new Error("no more");
    const error = await assertRejects(
      () =>
        unpackImage(base, image, {
          afterLayerUnpack: () => {
            Deno.renameSync(`${base}/rootfs`, `${base}/moved`);
            Deno.writeTextFileSync(`${base}/rootfs`, "a file");
            throw failure;
          },
        }),
      StrataError,
      "Cannot remove the half-written",
    );
    assert(error.message.includes("no more"));
    assertEquals(error.cause, failure);
  },
);
