/**
 * A layer is made as the consumer asks for it: what is opened when, how far it
 * reads ahead, and what is closed in the end.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import {
  MissingPermissionError,
  StrataError,
  SystemError,
} from "../../src/errors.ts";
import { generateInsertLayer } from "../../src/generate/generate_insert_layer.ts";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import { layerStream } from "../../src/generate/layer_stream.ts";
import type { InodeDelta } from "../../src/mtree/inode_delta.ts";
import type { Progress, RepackOptions } from "../../src/options.ts";
import { TarWriteError } from "../../src/tar/encode_header.ts";
import { inScratch, PERMISSIONS, testOnHosts } from "../unpack/scratch.ts";
import { extras } from "./listed_layer.ts";

const MIB = 1024 * 1024;

/** The most that is in memory of a layer: the buffer at hand. */
const BUFFER = 512 * 1024;

const LARGE = 4 * MIB;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The layer of one large file, whose header is the first block. */
function largeLayer(root: string, options?: RepackOptions): Reader {
  Deno.writeFileSync(`${root}/large`, new Uint8Array(LARGE));
  return generateLayer(root, extras("large"), options).getReader();
}

/** Reads a layer to its end. */
async function drain(reader: Reader): Promise<void> {
  while (!(await reader.read()).done);
}

/**
 * What this process has open below a directory. Deno shows /proc to nobody
 * without --allow-all, so that these tests narrow no permission.
 */
function openBelow(base: string): string[] {
  const targets: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const target = Deno.readLinkSync(`/proc/self/fd/${name}`);
      if (target === base || target.startsWith(`${base}/`)) {
        targets.push(target.slice(base.length));
      }
    } catch {
      // The one that this very listing used.
    }
  }
  return targets.sort();
}

/** Registers a test that looks at open descriptors, which Linux alone shows. */
function testDescriptors(
  name: string,
  run: (base: string) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: () => inScratch((base) => run(Deno.realPathSync(base))),
  });
}

testDescriptors("stream: nothing is opened before it is read", async (base) => {
  const reader = largeLayer(base);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(openBelow(base), []);
  await reader.read();
  assertEquals(openBelow(base), ["", "/large"]);
  await drain(reader);
  assertEquals(openBelow(base), []);
});

testDescriptors("stream: cancelled halfway, all is closed", async (base) => {
  Deno.mkdirSync(`${base}/d/e`, { recursive: true });
  Deno.writeFileSync(`${base}/d/e/f`, new Uint8Array(LARGE));
  const layers = [
    () => generateLayer(base, extras("d", "d/e", "d/e/f")),
    () => generateInsertLayer(base, "in"),
    () => generateInsertLayer(`${base}/d/e/f`, "in"),
  ];
  for (const layer of layers) {
    const reader = layer().getReader();
    await reader.read();
    assert(openBelow(base).includes("/d/e/f"));
    await reader.cancel();
    assertEquals(openBelow(base), []);
  }
});

testDescriptors("stream: cancelled unread, nothing is opened", async (base) => {
  await largeLayer(base).cancel();
  assertEquals(openBelow(base), []);
});

testDescriptors("stream: aborted halfway, all is closed", async (base) => {
  const abort = new AbortController();
  const reader = largeLayer(base, { signal: abort.signal });
  await reader.read();
  abort.abort();
  await assertRejects(() => reader.read());
  assertEquals(openBelow(base), []);
});

testDescriptors("stream: after an error all is closed", async (base) => {
  const reader = largeLayer(base);
  await reader.read();
  Deno.truncateSync(`${base}/large`, 1);
  await assertRejects(() => drain(reader), TarWriteError);
  assertEquals(openBelow(base), []);
});

testDescriptors("stream: few descriptors, however many files", async (base) => {
  const paths: string[] = [];
  for (let i = 0; i < 100; i++) {
    Deno.mkdirSync(`${base}/${i}`);
    Deno.writeFileSync(`${base}/${i}/f`, new Uint8Array(16 * 1024));
    paths.push(`${i}`, `${i}/f`);
  }
  let most = 0;
  const layer = generateLayer(base, extras(...paths), {
    onProgress: () => most = Math.max(most, openBelow(base).length),
  });
  await toBytes(layer);
  assert(most > 0 && most <= 70, `${most} at once`);
  assertEquals(openBelow(base), []);
});

// Deno's own check sees what Deno's own API has opened.
Deno.test({
  name: "stream: without FFI, all is closed as well",
  permissions: PERMISSIONS.deno,
  sanitizeResources: true,
  fn: () =>
    inScratch(async (base) => {
      const cancelled = largeLayer(base);
      await cancelled.read();
      await cancelled.cancel();
      const abort = new AbortController();
      const aborted = largeLayer(base, { signal: abort.signal });
      await aborted.read();
      abort.abort();
      await assertRejects(() => aborted.read());
      const failing = largeLayer(base);
      await failing.read();
      Deno.truncateSync(`${base}/large`, 1);
      await assertRejects(() => drain(failing), TarWriteError);
    }),
});

testOnHosts("stream: nothing is packed before it is read", async () => {
  const calls: string[] = [];
  const stream = layerStream({}, function* () {
    calls.push("pack");
    yield new Uint8Array(512);
  });
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(calls, []);
  await toBytes(stream);
  assertEquals(calls, ["pack"]);
});

testOnHosts("stream: nothing is read ahead but one buffer", async (base) => {
  const reader = largeLayer(base);
  const file = Deno.openSync(`${base}/large`, { write: true });
  const marks: number[] = [];
  let received = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const { length } = next.value;
    assert(length <= BUFFER, `${length} bytes at once`);
    marks.push(...next.value.subarray(0, 1));
    received += length;
    // Whoever had read it by now would not hand it out.
    const mark = received - 512 + BUFFER;
    if (mark >= LARGE) continue;
    file.seekSync(mark, Deno.SeekMode.Start);
    file.writeSync(Uint8Array.of(received / BUFFER));
  }
  file.close();
  // The first piece begins with the name, the second was on its way already.
  assertEquals(marks, ["l".charCodeAt(0), 0, 1, 2, 3, 4, 5, 6, 7]);
});

testOnHosts("stream: what was handed out is never written to", async (base) => {
  Deno.writeFileSync(`${base}/large`, new Uint8Array(LARGE).fill(7));
  const pieces: Uint8Array[] = [];
  const copies: Uint8Array[] = [];
  for await (const piece of generateLayer(base, extras("large"))) {
    pieces.push(piece);
    copies.push(piece.slice());
  }
  assert(pieces.length > 4);
  assertEquals(pieces, copies);
});

/** How a file changes while it is read. */
const NEW_SIZES: [name: string, size: number][] = [
  ["shrinks to nothing", 0],
  ["shrinks by a byte", LARGE - 1],
  ["grows by a byte", LARGE + 1],
  ["grows by a lot", 2 * LARGE],
];

for (const [name, size] of NEW_SIZES) {
  testOnHosts(`stream: a file that ${name} is an error`, async (base) => {
    const reader = largeLayer(base);
    await reader.read();
    Deno.truncateSync(`${base}/large`, size);
    const error = await assertRejects(
      () => drain(reader),
      TarWriteError,
      String(LARGE),
    );
    assertEquals(error.entry, "large");
  });
}

testOnHosts("stream: a file that goes away before its turn", async (base) => {
  Deno.writeTextFileSync(`${base}/z`, "");
  Deno.writeFileSync(`${base}/large`, new Uint8Array(LARGE));
  const reader = generateLayer(base, extras("large", "z")).getReader();
  await reader.read();
  Deno.removeSync(`${base}/z`);
  const error = await assertRejects(() => drain(reader), TarWriteError);
  assertEquals(error.entry, "z");
});

testOnHosts("stream: a signal that was aborted before", async (base) => {
  const reason = new RangeError("enough");
  const signal = AbortSignal.abort(reason);
  Deno.writeTextFileSync(`${base}/f`, "");
  const layers = [
    generateLayer(base, extras("f"), { signal }),
    generateLayer(base, [], { signal }),
    generateInsertLayer(base, "in", { signal }),
  ];
  for (const [i, layer] of layers.entries()) {
    const error = await assertRejects(() => toBytes(layer), Error, "enough");
    assertEquals(error, reason, `layer ${i}`);
  }
});

testOnHosts("stream: a signal on the way ends it", async (base) => {
  const abort = new AbortController();
  const reader = largeLayer(base, { signal: abort.signal });
  await reader.read();
  const reason = new RangeError("enough");
  abort.abort(reason);
  assertEquals(await assertRejects(() => reader.read(), RangeError), reason);
  // And it stays ended.
  assertEquals(await assertRejects(() => reader.read(), RangeError), reason);
});

/** What `onProgress` was told, checked to go nowhere but on. */
async function progressOf(
  layer: (options: RepackOptions) => ReadableStream<Uint8Array>,
): Promise<{ last: Progress | undefined; length: number }> {
  const told: Progress[] = [];
  const bytes = await toBytes(layer({
    onProgress: (progress) => told.push({ ...progress }),
  }));
  told.reduce((before, after) => {
    assert(after.bytesOut > before.bytesOut, "bytes go on");
    assert(after.entries >= before.entries, "entries go on");
    return after;
  });
  return { last: told.at(-1), length: bytes.length };
}

testOnHosts("stream: progress goes on to the end", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  for (const name of ["d/a", "d/b", "d/c"]) {
    Deno.writeFileSync(`${base}/${name}`, new Uint8Array(MIB));
  }
  const deltas: InodeDelta[] = [
    ...extras("d", "d/a", "d/b", "d/c"),
    { type: "missing", path: "gone" },
  ];
  const generated = await progressOf((options) =>
    generateLayer(base, deltas, options)
  );
  assertEquals(generated.last?.entries, 5);
  assertEquals(generated.last?.bytesOut, generated.length);
  const inserted = await progressOf((options) =>
    generateInsertLayer(base, "in", { ...options, opaque: true })
  );
  assertEquals(inserted.last?.entries, 6);
  assertEquals(inserted.last?.bytesOut, inserted.length);
  assertEquals(
    [generated.last?.layerIndex, generated.last?.layerCount],
    [0, 1],
  );
});

testOnHosts(
  "stream: a root that is none is an error when read",
  async (base) => {
    Deno.writeTextFileSync(`${base}/file`, "");
    for (const [name, code] of [["missing", "ENOENT"], ["file", "ENOTDIR"]]) {
      const layer = generateLayer(`${base}/${name}`, extras("f"));
      const error = await assertRejects(
        () => toBytes(layer),
        SystemError,
        name,
      );
      assertEquals(error.code, code);
    }
  },
);

testOnHosts("stream: what fails is named, and why", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  for (const path of ["never", "d/never"]) {
    const layer = generateLayer(base, extras(path));
    const error = await assertRejects(() => toBytes(layer), TarWriteError);
    assertEquals(error.entry, path);
  }
  await assertRejects(
    () => toBytes(generateLayer(base, extras("no/never"))),
    StrataError,
    "no/never",
  );
});

Deno.test({
  name: "stream: a permission that is missing is named",
  permissions: { ffi: true },
  async fn() {
    const layers = [
      generateLayer("/some/where", extras("f")),
      generateInsertLayer("/some/where", "in"),
    ];
    for (const layer of layers) {
      const error = await assertRejects(
        () => toBytes(layer),
        MissingPermissionError,
      );
      assertEquals(error.flag, "--allow-read=/some/where");
    }
  },
});
