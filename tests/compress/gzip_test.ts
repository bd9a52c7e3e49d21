import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { decompress } from "../../src/compress/decompress.ts";
import { DecompressionError } from "../../src/errors.ts";
import {
  bytesOf,
  cut,
  join,
  readAll,
  readText,
  streamOfPieces,
} from "./fixtures.ts";

const NONE: Deno.PermissionOptions = "none";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `gzip: ${name}`, permissions: NONE, fn });
}

function gzip(text: string): Uint8Array<ArrayBuffer> {
  return join(gzipSync(text));
}

function gunzip(bytes: Uint8Array, size = bytes.length): Promise<string> {
  const stream = streamOfPieces(cut(bytes, Math.max(1, size)));
  return readText(decompress(stream, "gzip"));
}

test("one member, in pieces of any size", async () => {
  const packed = gzip("hello, layer");
  for (let size = 1; size <= packed.length; size++) {
    assertEquals(await gunzip(packed, size), "hello, layer");
  }
});

test("several members, in pieces of any size", async () => {
  const packed = join(gzip("one"), gzip(""), gzip("two"), gzip("three"));
  for (let size = 1; size <= packed.length; size++) {
    assertEquals(
      await gunzip(packed, size),
      "onetwothree",
      `pieces of ${size}`,
    );
  }
});

test("empty pieces on the way change nothing", async () => {
  const nothing = new Uint8Array(0);
  const pieces = [nothing, gzip("one"), nothing, gzip("two"), nothing];
  const stream = decompress(streamOfPieces(pieces), "gzip");
  assertEquals(await readText(stream), "onetwo");
});

test("a member of nothing is nothing", async () => {
  assertEquals(await gunzip(gzip("")), "");
});

test("zeros behind it are passed over, in pieces of any size", async () => {
  const packed = join(gzip("one"), new Uint8Array(100));
  for (const size of [1, 2, 7, packed.length - 100, packed.length]) {
    assertEquals(await gunzip(packed, size), "one", `pieces of ${size}`);
  }
});

test("garbage in a piece of its own behind it is an error", async () => {
  const pieces = [gzip("one"), bytesOf("garbage")];
  await assertRejects(
    () => readText(decompress(streamOfPieces(pieces), "gzip")),
    DecompressionError,
  );
});

test("cut short at any byte it ends in an error", async () => {
  const packed = gzip("hello, layer".repeat(5));
  for (let length = 0; length < packed.length; length++) {
    for (const size of [1, 5, packed.length]) {
      await assertRejects(
        () => gunzip(packed.slice(0, length), size),
        DecompressionError,
        "Cannot decompress gzip data",
      );
    }
  }
});

test("a second member cut short at any byte ends in an error", async () => {
  const first = gzip("one");
  const packed = join(first, gzip("two"));
  // One byte of a magic number could be anything.
  for (let length = first.length + 2; length < packed.length; length++) {
    for (const size of [1, packed.length]) {
      await assertRejects(
        () => gunzip(packed.slice(0, length), size),
        DecompressionError,
      );
    }
  }
});

test("a wrong checksum is an error", async () => {
  const packed = gzip("hello");
  packed[packed.length - 8] = (packed[packed.length - 8] ?? 0) ^ 1;
  await assertRejects(() => gunzip(packed), DecompressionError);
});

test("a wrong length is an error", async () => {
  const packed = gzip("hello");
  packed[packed.length - 1] = 1;
  await assertRejects(() => gunzip(packed), DecompressionError);
});

test("other data is an error", async () => {
  for (const text of ["plain text", "\0".repeat(1024), "(\xb5/\xfd"]) {
    await assertRejects(() => gunzip(bytesOf(text)), DecompressionError);
  }
});

test("an error of the source comes out as it is", async () => {
  const failure = new Error("the disk broke");
  const packed = gzip("hello");
  function* pieces() {
    yield packed.slice(0, 12);
    throw failure;
  }
  const error = await assertRejects(() =>
    readText(decompress(streamOfPieces(pieces()), "gzip"))
  );
  assertEquals(error, failure);
});

test("cancelling the result cancels the source", async () => {
  const random = crypto.getRandomValues(new Uint8Array(60_000));
  const packed = join(gzipSync(random));
  function* endless() {
    for (;;) yield packed;
  }
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const result = decompress(streamOfPieces(endless(), resolve), "gzip");
  const reader = result.getReader();
  assertEquals((await reader.read()).done, false);
  await reader.cancel("enough");
  assertEquals(await promise, "enough");
});

test("an error cancels the source", async () => {
  const garbage = new Uint8Array(1000).fill(7);
  function* endless() {
    for (;;) yield garbage;
  }
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const result = decompress(streamOfPieces(endless(), resolve), "gzip");
  await assertRejects(() => readText(result), DecompressionError);
  await promise;
});

test("a consumer that waits stops the source", async () => {
  let taken = 0;
  const packed = join(gzipSync(crypto.getRandomValues(new Uint8Array(60_000))));
  function* endless() {
    for (;; taken++) yield packed;
  }
  const result = decompress(streamOfPieces(endless()), "gzip");
  const reader = result.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert(taken < 200, `${taken} pieces of 60 kB were taken`);
  await reader.cancel();
});

test("200 MB of zeros keep memory flat", async () => {
  const megabyte = new Uint8Array(1024 * 1024);
  const packed = join(gzipSync(megabyte));
  function* members() {
    for (let i = 0; i < 200; i++) yield packed;
  }
  const before = Deno.memoryUsage().rss;
  let peak = before;
  let length = 0;
  for await (const part of decompress(streamOfPieces(members()), "gzip")) {
    length += part.length;
    peak = Math.max(peak, Deno.memoryUsage().rss);
  }
  assertEquals(length, 200 * megabyte.length);
  assert(peak - before < 100 * 1024 * 1024, `${(peak - before) >> 20} MiB`);
});

Deno.test("none: the stream itself", { permissions: NONE }, async () => {
  const stream = streamOfPieces([bytesOf("layer")]);
  assertEquals(decompress(stream, "none"), stream);
  assertEquals(await readAll(stream), bytesOf("layer"));
});
