import { assert, assertEquals, assertRejects } from "@std/assert";
import { constants, zstdCompressSync } from "node:zlib";
import { decompress } from "../../src/compress/decompress.ts";
import { DecompressionError } from "../../src/errors.ts";
import { bytesOf, cut, join, readText, streamOfPieces } from "./fixtures.ts";
import {
  rawBlock,
  runBlock,
  sizedFrame,
  skippableFrame,
  windowFrame,
} from "./zstd_fixtures.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `zstd: ${name}`, permissions: "none", fn });
}

interface ZstdOptions {
  checksum?: boolean;
  contentSize?: boolean;
}

function zstd(
  text: string,
  { checksum = false, contentSize = true }: ZstdOptions = {},
): Uint8Array<ArrayBuffer> {
  const params = {
    [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0,
    [constants.ZSTD_c_contentSizeFlag]: contentSize ? 1 : 0,
  };
  return join(zstdCompressSync(text, { params }));
}

function unzstd(bytes: Uint8Array, size = bytes.length): Promise<string> {
  const stream = streamOfPieces(cut(bytes, Math.max(1, size)));
  return readText(decompress(stream, "zstd"));
}

async function inAnyPieces(packed: Uint8Array, text: string): Promise<void> {
  for (let size = 1; size <= packed.length; size++) {
    assertEquals(await unzstd(packed, size), text, `pieces of ${size}`);
  }
}

const TEXT = "hello, layer; ".repeat(20);

for (const checksum of [false, true]) {
  for (const contentSize of [false, true]) {
    const options = { checksum, contentSize };
    test(`one frame of zlib's, ${JSON.stringify(options)}`, async () => {
      await inAnyPieces(zstd(TEXT, options), TEXT);
    });
  }
}

test("several frames", async () => {
  await inAnyPieces(
    join(zstd("one"), zstd("", { checksum: true }), zstd(TEXT), zstd("end")),
    `one${TEXT}end`,
  );
});

test("raw and run-length blocks, as RFC 8878 has them", async () => {
  await inAnyPieces(
    join(
      windowFrame(
        rawBlock("raw ", false),
        runBlock("x", 5, false),
        rawBlock("", false),
        rawBlock(" end", true),
      ),
      sizedFrame(3, runBlock("y", 3, true)),
      sizedFrame(0, rawBlock("", true)),
    ),
    "raw xxxxx endyyy",
  );
});

test("skippable frames in front, between and behind", async () => {
  await inAnyPieces(
    join(
      skippableFrame("in front"),
      zstd("one"),
      skippableFrame(""),
      skippableFrame("magic (/ in here", 15),
      zstd("two"),
      skippableFrame("behind", 7),
    ),
    "onetwo",
  );
});

test("skippable frames alone are nothing", async () => {
  assertEquals(await unzstd(skippableFrame("nothing else")), "");
});

test("cut short at any byte it ends in an error", async () => {
  const packed = join(
    zstd("one", { checksum: true }),
    windowFrame(rawBlock("raw", false), runBlock("x", 5, true)),
    skippableFrame("skipped"),
  );
  const ends = new Set([
    zstd("one", { checksum: true }).length,
    packed.length - skippableFrame("skipped").length,
  ]);
  for (let length = 0; length < packed.length; length++) {
    if (ends.has(length)) continue;
    for (const size of [1, 4, packed.length]) {
      await assertRejects(
        () => unzstd(packed.slice(0, length), size),
        DecompressionError,
        "Cannot decompress zstd data",
      );
    }
  }
});

test("garbage behind a frame is an error", async () => {
  for (const garbage of ["garbage", "\x1f\x8b\x08\0", "\0\0\0\0", "x"]) {
    const packed = join(zstd("one"), bytesOf(garbage));
    for (const size of [1, packed.length]) {
      await assertRejects(() => unzstd(packed, size), DecompressionError);
    }
  }
});

test("a wrong checksum is an error", async () => {
  const packed = zstd(TEXT, { checksum: true });
  packed[packed.length - 1] = (packed[packed.length - 1] ?? 0) ^ 1;
  await assertRejects(() => unzstd(packed), DecompressionError);
});

test("a block of the reserved type is an error", async () => {
  const packed = windowFrame(new Uint8Array([0x07, 0, 0]));
  await assertRejects(() => unzstd(packed), DecompressionError);
});

test("a content size that does not hold is an error", async () => {
  const packed = sizedFrame(4, rawBlock("abc", true));
  await assertRejects(() => unzstd(packed), DecompressionError);
});

test("other data is an error", async () => {
  for (const text of ["", "p", "plain text", "\x1f\x8b\x08\0\0\0\0\0"]) {
    await assertRejects(() => unzstd(bytesOf(text)), DecompressionError);
  }
});

test("the first error is the one that is told", async () => {
  const packed = join(zstd(TEXT), zstd(TEXT, { checksum: true }));
  packed[packed.length - 1] = (packed[packed.length - 1] ?? 0) ^ 1;
  function* pieces() {
    yield packed;
    for (;;) yield skippableFrame("more");
  }
  const error = await assertRejects(() =>
    readText(decompress(streamOfPieces(pieces()), "zstd"))
  );
  assert(error instanceof DecompressionError);
  assert(/checksum/i.test(error.message), error.message);
});

test("an error of the source comes out as it is", async () => {
  const failure = new Error("the disk broke");
  function* pieces() {
    yield zstd("whole");
    throw failure;
  }
  const error = await assertRejects(() =>
    readText(decompress(streamOfPieces(pieces()), "zstd"))
  );
  assertEquals(error, failure);
});

test("cancelling the result cancels the source", async () => {
  const packed = zstd(TEXT);
  function* endless() {
    for (;;) yield packed;
  }
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const reader = decompress(streamOfPieces(endless(), resolve), "zstd")
    .getReader();
  assertEquals((await reader.read()).done, false);
  await reader.cancel("enough");
  assertEquals(await promise, "enough");
});

test("200 MB of zeros keep memory flat", async () => {
  const megabyte = new Uint8Array(1024 * 1024);
  const packed = join(zstdCompressSync(megabyte));
  function* frames() {
    for (let i = 0; i < 200; i++) yield packed;
  }
  const before = Deno.memoryUsage().rss;
  let peak = before;
  let length = 0;
  for await (const part of decompress(streamOfPieces(frames()), "zstd")) {
    length += part.length;
    peak = Math.max(peak, Deno.memoryUsage().rss);
  }
  assertEquals(length, 200 * megabyte.length);
  assert(peak - before < 100 * 1024 * 1024, `${(peak - before) >> 20} MiB`);
});
