/** The stream of a layer, its end and its abort. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { StrataError, TarError } from "../../src/errors.ts";
import type { Progress } from "../../src/options.ts";
import { unpackLayer } from "../../src/unpack/unpack_layer.ts";
import { concatenate, type RawEntry, rawLayer, streamOf } from "./raw_layer.ts";
import { testOnHosts, unpack } from "./scratch.ts";
import { readTree } from "./snapshot.ts";

const file = (name: string, body = "x"): RawEntry => ({ name, body });
const MEBIBYTE = 1024 * 1024;

testOnHosts("a layer in pieces of any size", async (base) => {
  const layer = rawLayer([
    file("a", "contents".repeat(100)),
    { name: "d/", mode: 0o750 },
    { name: "long".repeat(40), type: "2", linkName: "target".repeat(30) },
  ]);
  for (const size of [1, 7, 511, 512, 513, 1000, layer.length]) {
    await unpackLayer(`${base}/${size}`, streamOf(layer, size));
    assertEquals(readTree(`${base}/${size}`), {
      "a": "file of 800",
      "d": "dir",
      ["long".repeat(40)]: `symlink ${"target".repeat(30)}`,
    });
  }
});

testOnHosts("the root is made where it is missing", async (base) => {
  await unpack(`${base}/a/b`, [[file("f")]]);
  assertEquals(readTree(`${base}/a/b`), { "f": "file x" });
});

testOnHosts("a root that is a file is refused", async (base) => {
  Deno.writeTextFileSync(`${base}/f`, "x");
  await assertRejects(() => unpack(`${base}/f`, [[file("g")]]), StrataError);
  assertEquals(readTree(base), { "f": "file x" });
});

testOnHosts("an empty stream is an empty layer", async (base) => {
  await unpackLayer(base, streamOf(new Uint8Array(0)));
  assertEquals(readTree(base), {});
});

testOnHosts("bytes behind the archive are consumed", async (base) => {
  const layer = concatenate([
    rawLayer([file("f")]),
    new Uint8Array(10_000).fill(7),
    rawLayer([file("not-this")]),
  ]);
  let left = 100;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(layer),
    pull(controller) {
      if (left-- === 0) return controller.close();
      controller.enqueue(new Uint8Array(512).fill(9));
    },
  });
  await unpackLayer(base, stream);
  assertEquals(left, -1);
  assertEquals(readTree(base), { "f": "file x" });
});

testOnHosts("gzip data by mistake is told as such", async (base) => {
  const body = crypto.getRandomValues(new Uint8Array(2000));
  const packed = new Uint8Array(gzipSync(rawLayer([{ name: "f", body }])));
  await assertRejects(
    () => unpackLayer(base, streamOf(packed)),
    TarError,
    "gzip",
  );
  assertEquals(readTree(base), {});
});

/** A stream that goes on, and what became of it. */
function endless(first: Uint8Array) {
  const state = { pulled: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    pull(controller) {
      state.pulled++;
      controller.enqueue(new Uint8Array(65536));
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { state, stream };
}

testOnHosts("an error cancels the stream", async (base) => {
  const { state, stream } = endless(
    rawLayer([file("a"), file(".wh.")]).slice(0, -1024),
  );
  const error = await assertRejects(() => unpackLayer(base, stream));
  assertEquals(state.cancelled, error);
  assertEquals(stream.locked, false);
});

testOnHosts("an error of the stream ends it", async (base) => {
  const failure = new Error("the network broke");
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(rawLayer([file("a")])),
    pull: (controller) => controller.error(failure),
  }, { highWaterMark: 0 });
  assertEquals(await assertRejects(() => unpackLayer(base, stream)), failure);
});

testOnHosts("options that are wrong cancel the stream", async (base) => {
  const { state, stream } = endless(rawLayer([file("a")]));
  const uidMappings = [{ containerID: -1, hostID: 0, size: 1 }];
  await assertRejects(() => unpackLayer(base, stream, { uidMappings }), Error);
  assert(state.cancelled !== undefined || !stream.locked);
  assertEquals(readTree(base), {});
});

testOnHosts(
  "a signal that is aborted already lets nothing happen",
  async (base) => {
    const { state, stream } = endless(rawLayer([file("a")]));
    const reason = new Error("enough");
    const error = await assertRejects(() =>
      unpackLayer(base, stream, { signal: AbortSignal.abort(reason) })
    );
    assertEquals(error, reason);
    assertEquals(state.cancelled, reason);
    assertEquals(readTree(base), {});
  },
);

testOnHosts(
  "an abort between pieces ends it and closes the file",
  async (base) => {
    const header = rawLayer([{ name: "big", size: 2 ** 40 }]).slice(0, 512);
    const { state, stream } = endless(header);
    const controller = new AbortController();
    const error = await assertRejects(() =>
      unpackLayer(base, stream, {
        signal: controller.signal,
        onProgress: ({ bytesOut }) => {
          if (bytesOut > MEBIBYTE) controller.abort(new Error("enough"));
        },
      })
    );
    assertEquals(state.cancelled, error);
    assert(state.pulled < 100);
  },
);

testOnHosts("an abort while the stream is silent ends it", async (base) => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(rawLayer([file("a")])),
  });
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  const error = await assertRejects(() =>
    unpackLayer(base, stream, { signal: controller.signal })
  );
  assertEquals(error, reason);
});

testOnHosts("progress of a layer", async (base) => {
  const seen: Progress[] = [];
  const layer = rawLayer([file("a"), file("b")]);
  await unpackLayer(base, streamOf(layer, 1024), {
    onProgress: (now) => seen.push({ ...now }),
  });
  assertEquals(seen.map(({ entries, bytesIn }) => [entries, bytesIn]), [
    [1, 1024],
    [2, 2048],
    [2, 3072],
  ]);
  assertEquals(seen[0]?.layerCount, 1);
});

testOnHosts("sparse files have real holes", async (base) => {
  const size = 64 * MEBIBYTE;
  const block = new Uint8Array(4096).fill(0x61);
  const offset = 32 * MEBIBYTE;
  const map = new Uint8Array(512);
  map.set(new TextEncoder().encode(`2\n${offset}\n4096\n${size}\n0\n`));
  await unpack(base, [[
    {
      name: "v1",
      body: concatenate([map, block]),
      pax: {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "sparse1.0",
        "GNU.sparse.realsize": `${size}`,
      },
    },
    {
      name: "v0",
      body: block,
      pax: {
        "GNU.sparse.name": "sparse0.1",
        "GNU.sparse.size": `${size}`,
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": `${offset},4096`,
      },
    },
    {
      name: "hole",
      body: "",
      pax: {
        "GNU.sparse.size": `${size}`,
        "GNU.sparse.numblocks": "0",
        "GNU.sparse.map": "",
        "GNU.sparse.name": "hole",
      },
    },
  ]]);
  for (const name of ["sparse1.0", "sparse0.1"]) {
    using opened = Deno.openSync(`${base}/${name}`);
    const info = opened.statSync();
    assertEquals(info.size, size);
    assert((info.blocks ?? 0) * 512 < MEBIBYTE, `${name}: ${info.blocks}`);
    const read = new Uint8Array(4098);
    opened.seekSync(offset - 1, Deno.SeekMode.Start);
    opened.readSync(read);
    assertEquals(
      read,
      concatenate([new Uint8Array(1), block, new Uint8Array(1)]),
    );
  }
  assertEquals(Deno.lstatSync(`${base}/hole`).size, size);
});
