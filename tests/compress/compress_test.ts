/** Every compression: what comes out, and what becomes of the source. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import * as fc from "fast-check";
import { zstdDecompressSync } from "node:zlib";
import { compress } from "../../src/compress/compress.ts";
import { decompress } from "../../src/compress/decompress.ts";
import type { Compression } from "../../src/oci/media_type.ts";
import { bytesOf, cut, join, streamOfPieces } from "./fixtures.ts";

const ALL: readonly Compression[] = ["gzip", "zstd", "none"];

/** What gzip compresses at once; the sizes around it are the odd ones. */
const BLOCK = 4 * 1024 * 1024;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `compress: ${name}`, permissions: "none", fn });
}

/** Bytes with some order in them, the same ones every time. */
function sample(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = 7; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    bytes[i] = (state >> 16) % (1 + (i >> 8) % 200);
  }
  return bytes;
}

const pack = (
  compression: Compression,
  pieces: Iterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> =>
  toBytes(compress(streamOfPieces(pieces), compression));

/** The CRC of RFC 1952, section 8, bit by bit. */
function slowCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
    }
  }
  return ~crc >>> 0;
}

/** What the one stream of deflate between header and trailer holds. */
async function inflateMember(packed: Uint8Array): Promise<Uint8Array> {
  const deflated = join(packed.subarray(10, -8));
  // Unlike gunzip it takes one stream, and refuses what is behind it.
  const inflated = new Blob([deflated]).stream()
    .pipeThrough(new DecompressionStream("deflate-raw"));
  return await toBytes(inflated);
}

for (const size of [0, 1, 100_000]) {
  test(`gzip of ${size} bytes, read by hand`, async () => {
    const bytes = sample(size);
    const packed = await pack("gzip", [bytes]);
    // RFC 1952: magic, deflate, no flags, no time, anything, any system.
    assertEquals([...packed.subarray(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    const trailer = new DataView(packed.buffer, packed.length - 8);
    assertEquals(trailer.getUint32(0, true), slowCrc32(bytes));
    assertEquals(trailer.getUint32(4, true), size);
  });
}

for (const size of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK]) {
  test(`gzip of ${size} bytes is one stream of deflate`, async () => {
    const bytes = sample(size);
    const packed = await pack("gzip", cut(bytes, 1_000_000));
    assertEquals(await inflateMember(packed), bytes);
  });
}

test("gzip makes repetitions small, across blocks too", async () => {
  const packed = await pack("gzip", [new Uint8Array(3 * BLOCK)]);
  // Deflate makes of a thousand equal bytes at best one.
  assert(packed.length < 3 * BLOCK / 900, `${packed.length} bytes`);
});

test("gzip depends on the contents, not on the pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.nat(300), { maxLength: 6 }),
      async (bytes, cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = ends.map((end, i) =>
          bytes.slice(i === 0 ? 0 : ends[i - 1], end)
        );
        assertEquals(join(...pieces), join(bytes));
        assertEquals(await pack("gzip", pieces), await pack("gzip", [bytes]));
      },
    ),
    { numRuns: 50 },
  );
});

test("gzip of large pieces and of small ones is the same", async () => {
  const bytes = sample(BLOCK + 70_000);
  const whole = await pack("gzip", [bytes]);
  for (const size of [1 << 14, BLOCK - 1, BLOCK, BLOCK + 1]) {
    assertEquals(await pack("gzip", cut(bytes, size)), whole, `by ${size}`);
  }
});

for (const size of [0, 1, 100_000, 5_000_000]) {
  test(`zstd of ${size} bytes`, async () => {
    const bytes = sample(size);
    const packed = await pack("zstd", cut(bytes, 65_537));
    // RFC 8878, section 3.1.1.
    assertEquals([...packed.subarray(0, 4)], [0x28, 0xb5, 0x2f, 0xfd]);
    assertEquals(join(zstdDecompressSync(packed)), bytes);
  });
}

test("none is the stream itself", async () => {
  const stream = streamOfPieces([bytesOf("layer")]);
  assertEquals(compress(stream, "none"), stream);
  assertEquals(await toBytes(stream), bytesOf("layer"));
});

for (const compression of ALL) {
  test(`${compression} is undone by decompress`, async () => {
    const bytes = sample(BLOCK + 12_345);
    const packed = compress(streamOfPieces(cut(bytes, 99_999)), compression);
    assertEquals(await toBytes(decompress(packed, compression)), bytes);
  });

  test(`${compression}: an error of the source comes out`, async () => {
    const failure = new RangeError("the disk broke");
    function* pieces() {
      yield sample(1000);
      throw failure;
    }
    const error = await assertRejects(
      () => pack(compression, pieces()),
      RangeError,
    );
    assertEquals(error, failure);
  });

  test(`${compression}: a source that is broken at once`, async () => {
    const failure = new RangeError("no disk");
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(failure),
    });
    const error = await assertRejects(
      () => toBytes(compress(source, compression)),
      RangeError,
    );
    assertEquals(error, failure);
  });

  test(`${compression}: cancelled, it cancels the source`, async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    function* endless() {
      for (;;) yield sample(300_000);
    }
    const packed = compress(streamOfPieces(endless(), resolve), compression);
    const reader = packed.getReader();
    // The first piece may be but a header.
    for (let i = 0; i < 2; i++) assert(!(await reader.read()).done);
    await reader.cancel("enough");
    assertEquals(await promise, "enough");
  });

  test(`${compression}: cancelled unread, it cancels the source`, async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const source = streamOfPieces([sample(10)], resolve);
    await compress(source, compression).cancel("enough");
    assertEquals(await promise, "enough");
  });
}

test("gzip: a consumer that waits stops the source", async () => {
  let taken = 0;
  const piece = sample(BLOCK / 4);
  function* endless() {
    for (;; taken++) yield piece;
  }
  const reader = compress(streamOfPieces(endless()), "gzip").getReader();
  for (let i = 0; i < 2; i++) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const most = 4 * (navigator.hardwareConcurrency + 2) + 1;
  assert(taken <= most, `${taken} quarters of a block were taken`);
  await reader.cancel();
});
