/** Layers large enough for a thread, and what goes wrong in it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { decompressAndDigest } from "../../src/compress/decompressed.ts";
import { DecompressionError } from "../../src/errors.ts";

/** More than a thread is worth, and all of it different. */
const BYTES = noise(6 * 1024 * 1024);
const PACKED = new Uint8Array(gzipSync(BYTES, { level: 1 }));
const SHA512 = createHash("sha512").update(BYTES).digest("hex");

function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}

function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return ReadableStream.from(function* () {
    for (let at = 0; at < bytes.length; at += size) {
      yield bytes.subarray(at, at + size);
    }
  }());
}

function inflate(source: ReadableStream<Uint8Array>) {
  const expected = `sha512:${"0".repeat(128)}`;
  return decompressAndDigest(source, "gzip", expected, PACKED.length);
}

assert(PACKED.length > 4 * 1024 * 1024);

for (const size of [1000, 65536, 10_000_000]) {
  Deno.test({
    name: `a thread inflates pieces of ${size} bytes`,
    permissions: "none",
    async fn() {
      const before = PACKED.slice();
      const { stream, digest } = inflate(inPieces(PACKED, size));
      assertEquals(await toBytes(stream), BYTES);
      assertEquals(digest(), `sha512:${SHA512}`);
      assertEquals(PACKED, before);
    },
  });
}

Deno.test({
  name: "several members are one layer",
  permissions: "none",
  async fn() {
    const twice = new Uint8Array(
      await new Blob([PACKED, PACKED]).arrayBuffer(),
    );
    const { length } = await toBytes(inflate(inPieces(twice, 65536)).stream);
    assertEquals(length, 2 * BYTES.length);
  },
});

const DAMAGED: [name: string, bytes: Uint8Array][] = [
  ["cut short", PACKED.subarray(0, PACKED.length - 20)],
  ["cut in the middle", PACKED.subarray(0, PACKED.length / 2)],
  ["no gzip at all", noise(5_000_000)],
  ["another checksum", PACKED.with(PACKED.length - 6, 1)],
];

for (const [name, bytes] of DAMAGED) {
  Deno.test({
    name: `${name} is an error`,
    permissions: "none",
    async fn() {
      await assertRejects(
        () => toBytes(inflate(inPieces(bytes, 65536)).stream),
        DecompressionError,
        "gzip",
      );
    },
  });
}

Deno.test({
  name: "an error of the source comes out as it is",
  permissions: "none",
  async fn() {
    const source = ReadableStream.from(async function* () {
      yield PACKED.subarray(0, 1_000_000);
      await Promise.resolve();
      throw new RangeError("the source failed");
    }());
    await assertRejects(
      () => toBytes(inflate(source).stream),
      RangeError,
      "the source failed",
    );
  },
});

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
    const reader = inflate(source).stream.getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert(read < PACKED.length, "all of it was read ahead");
    await reader.cancel("enough");
    assertEquals(reason, "enough");
  },
});
