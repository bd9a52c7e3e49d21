/** A thread that inflates layers, and what goes wrong in it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { ByteReader } from "../../src/compress/byte_reader.ts";
import {
  InflateThread,
  InputError,
} from "../../src/compress/inflate_thread.ts";
import { DecompressionError } from "../../src/errors.ts";
import { noise } from "./fixtures.ts";
import { inScratch } from "../unpack/scratch.ts";

/** More than there is room for on the way, and all of it different. */
const BYTES = noise(20 * 1024 * 1024);
const PACKED = new Uint8Array(gzipSync(BYTES, { level: 1 }));

function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return ReadableStream.from(function* () {
    for (let at = 0; at < bytes.length; at += size) {
      yield bytes.subarray(at, at + size);
    }
  }());
}

async function readAll(reader: ByteReader): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    // A piece is gone with the next one.
    pieces.push(new Uint8Array(value));
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

const FILE_PERMISSIONS: Deno.PermissionOptionsObject = {
  read: true,
  write: true,
};

for (const size of [1000, 65536, 100_000_000]) {
  Deno.test({
    name: `a thread inflates pieces of ${size} bytes`,
    permissions: "none",
    async fn() {
      const before = PACKED.slice();
      using thread = new InflateThread();
      const layer = thread.inflate(inPieces(PACKED, size));
      assertEquals(await readAll(layer), BYTES);
      assertEquals(layer.bytesIn, PACKED.length);
      assertEquals(PACKED, before);
    },
  });
}

Deno.test({
  name: "a thread reads a file, and takes its digest",
  permissions: FILE_PERMISSIONS,
  fn: () =>
    inScratch(async (base) => {
      const path = `${base}/blob`;
      Deno.writeFileSync(path, PACKED);
      using thread = new InflateThread();
      const size = PACKED.length;
      const layer = thread.inflate({ path, size, algorithm: "sha512" });
      assertEquals(await readAll(layer), BYTES);
      const fileDigest = createHash("sha512").update(PACKED).digest("hex");
      assertEquals(layer.inflated?.fileDigest, fileDigest);
      assertEquals(layer.inflated?.bytesIn, size);
    }),
});

Deno.test({
  name: "of a file that grew no more is read than shows it",
  permissions: FILE_PERMISSIONS,
  fn: () =>
    inScratch(async (base) => {
      const path = `${base}/blob`;
      Deno.writeFileSync(path, PACKED);
      Deno.writeFileSync(path, PACKED, { append: true });
      using thread = new InflateThread();
      const size = PACKED.length;
      const layer = thread.inflate({ path, size, algorithm: "sha256" });
      await assertRejects(() => readAll(layer), DecompressionError);
    }),
});

Deno.test({
  name: "layers come one after the other, from files and streams",
  permissions: FILE_PERMISSIONS,
  fn: () =>
    inScratch(async (base) => {
      const path = `${base}/blob`;
      const small = gzipSync("small");
      Deno.writeFileSync(path, small);
      using thread = new InflateThread();
      const file = { path, size: small.length, algorithm: "sha256" };
      const layers = [
        thread.inflate(file),
        thread.inflate(inPieces(PACKED, 65536)),
        thread.inflate(inPieces(gzipSync(""), 5)),
        thread.inflate(file),
      ];
      const sizes: number[] = [];
      for (const layer of layers) sizes.push((await readAll(layer)).length);
      assertEquals(sizes, [5, BYTES.length, 0, 5]);
    }),
});

Deno.test({
  name: "several members are one layer, and zeros behind them nothing",
  permissions: "none",
  async fn() {
    const zeros = new Uint8Array(100_000);
    const twice = new Uint8Array(
      await new Blob([PACKED, PACKED, zeros]).arrayBuffer(),
    );
    using thread = new InflateThread();
    const { length } = await readAll(thread.inflate(inPieces(twice, 65536)));
    assertEquals(length, 2 * BYTES.length);
  },
});

const DAMAGED: [name: string, bytes: Uint8Array][] = [
  ["cut short", PACKED.subarray(0, PACKED.length - 20)],
  ["cut in the middle", PACKED.subarray(0, PACKED.length / 2)],
  ["no gzip at all", noise(5_000_000)],
  ["nothing", new Uint8Array()],
  ["another checksum", PACKED.with(PACKED.length - 6, 1)],
];

for (const [name, bytes] of DAMAGED) {
  Deno.test({
    name: `${name} is an error`,
    permissions: FILE_PERMISSIONS,
    fn: () =>
      inScratch(async (base) => {
        using thread = new InflateThread();
        await assertRejects(
          () => readAll(thread.inflate(inPieces(bytes, 65536))),
          DecompressionError,
          "gzip",
        );
        const path = `${base}/blob`;
        Deno.writeFileSync(path, bytes);
        using another = new InflateThread();
        const file = { path, size: bytes.length, algorithm: "sha256" };
        await assertRejects(
          () => readAll(another.inflate(file)),
          DecompressionError,
          "gzip",
        );
      }),
  });
}

Deno.test({
  name: "an error of the source comes out as it is, and stops what follows",
  permissions: "none",
  async fn() {
    const source = ReadableStream.from(async function* () {
      yield PACKED.subarray(0, 1_000_000);
      await Promise.resolve();
      throw new RangeError("the source failed");
    }());
    using thread = new InflateThread();
    const first = thread.inflate(source);
    const second = thread.inflate(inPieces(PACKED, 65536));
    for (const layer of [first, second]) {
      await assertRejects(
        () => readAll(layer),
        RangeError,
        "the source failed",
      );
    }
  },
});

for (const name of ["missing", "directory", "link"]) {
  Deno.test({
    name: `a file that is none is an error: ${name}`,
    permissions: FILE_PERMISSIONS,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inScratch(async (base) => {
        Deno.writeFileSync(`${base}/blob`, PACKED);
        Deno.mkdirSync(`${base}/directory`);
        Deno.symlinkSync("blob", `${base}/link`);
        using thread = new InflateThread();
        const file = { path: `${base}/${name}`, size: 9, algorithm: "sha256" };
        await assertRejects(() => readAll(thread.inflate(file)), InputError);
      }),
  });
}

Deno.test({
  name: "cancelling it cancels the source, and no more is read than a little",
  permissions: "none",
  async fn() {
    let read = 0;
    let reason: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(PACKED.subarray(read, read += 65536));
      },
      cancel(why) {
        reason = why;
      },
    }, { highWaterMark: 0 });
    using thread = new InflateThread();
    const layer = thread.inflate(source);
    await layer.read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert(read < PACKED.length, "all of it was read ahead");
    await layer.cancel("enough");
    assertEquals(reason, "enough");
  },
});

Deno.test({
  name: "a read that waits ends with the thread",
  permissions: "none",
  async fn() {
    using thread = new InflateThread();
    const layer = thread.inflate(new ReadableStream());
    const reading = layer.read();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await layer.cancel(new RangeError("enough"));
    await assertRejects(() => reading, RangeError, "enough");
  },
});

Deno.test({
  name: "a layer that comes after an error ends in it as well",
  permissions: "none",
  async fn() {
    using thread = new InflateThread();
    const bad = thread.inflate(inPieces(noise(1000), 100));
    await assertRejects(() => readAll(bad), DecompressionError);
    let reason: unknown;
    const later = thread.inflate(
      new ReadableStream({ cancel: (why) => void (reason = why) }),
    );
    await assertRejects(() => readAll(later), DecompressionError);
    assert(reason instanceof DecompressionError);
  },
});
