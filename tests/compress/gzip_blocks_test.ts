/** gzip in blocks: one member, and bytes that depend on the input alone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import * as fc from "fast-check";
import { crc32 } from "node:zlib";
import { compress } from "../../src/compress/compress.ts";

const BLOCK = 4 * 1024 * 1024;

function pack(pieces: Iterable<Uint8Array>): Promise<Uint8Array> {
  return toBytes(compress(ReadableStream.from(pieces), "gzip"));
}

/** Bytes that neither repeat themselves nor are without any order. */
function text(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = 97 + (state >> 16) % (1 + i % 13);
  }
  return bytes;
}

for (
  const length of [0, 1, 512, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7]
) {
  Deno.test({
    name: `gzip: ${length} bytes are one member`,
    permissions: "none",
    async fn() {
      const bytes = text(length);
      const packed = await pack([bytes]);
      const view = new DataView(packed.buffer, packed.byteOffset);
      assertEquals(view.getUint16(0), 0x1f8b);
      // Deflate, no flags, no time: RFC 1952, section 2.3.
      assertEquals([...packed.subarray(2, 8)], [8, 0, 0, 0, 0, 0]);
      assertEquals(view.getUint32(packed.length - 8, true), crc32(bytes));
      assertEquals(view.getUint32(packed.length - 4, true), length);
      // It takes one member, and nothing behind it.
      const unpacked = new Blob([new Uint8Array(packed)]).stream()
        .pipeThrough(new DecompressionStream("gzip"));
      assertEquals(await toBytes(unpacked), bytes);
    },
  });
}

Deno.test({
  name: "gzip: how the input comes in pieces makes no difference",
  permissions: "none",
  async fn() {
    const bytes = text(2 * BLOCK + 1000);
    const whole = await pack([bytes]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 9 }),
        async (cuts) => {
          const sorted = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
          const pieces = sorted.slice(1).map((end, i) =>
            bytes.subarray(sorted[i], end)
          );
          assertEquals(await pack(pieces), whole);
        },
      ),
      { numRuns: 5 },
    );
  },
});

Deno.test({
  name: "gzip: threads make no difference",
  permissions: "none",
  async fn() {
    for (const length of [0, 1000, BLOCK, 2 * BLOCK + 1000]) {
      const bytes = text(length);
      const stream = ReadableStream.from([bytes]);
      const alone = compress(stream, "gzip", { useThreads: false });
      assertEquals(await toBytes(alone), await pack([bytes]));
    }
  },
});

Deno.test({
  name: "gzip: the caller's bytes are left alone",
  permissions: "none",
  async fn() {
    const bytes = text(2 * BLOCK);
    const copy = bytes.slice();
    await pack([bytes]);
    assertEquals(bytes.byteLength, copy.byteLength);
    assertEquals(bytes, copy);
  },
});

Deno.test({
  name: "gzip: an error of the source comes out, with threads at work",
  permissions: "none",
  async fn() {
    const source = ReadableStream.from(async function* () {
      yield text(3 * BLOCK);
      await Promise.resolve();
      throw new RangeError("the source failed");
    }());
    await assertRejects(
      () => toBytes(compress(source, "gzip")),
      RangeError,
      "the source failed",
    );
  },
});

Deno.test({
  name: "gzip: cancelling it cancels the source, and ends the threads",
  permissions: "none",
  async fn() {
    let reason: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(text(BLOCK)),
      cancel(why) {
        reason = why;
      },
    });
    const reader = compress(source, "gzip").getReader();
    await reader.read();
    const second = await reader.read();
    assert((second.value?.length ?? 0) > 0);
    await reader.cancel("enough");
    assertEquals(reason, "enough");
  },
});

Deno.test({
  name: "gzip: a stream left lying does not keep the program running",
  permissions: { run: [Deno.execPath()], read: true },
  async fn() {
    const module = new URL("../../src/compress/compress.ts", import.meta.url);
    const script = `
      import { compress } from ${JSON.stringify(module.href)};
      const endless = new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(${BLOCK})),
      });
      const reader = compress(endless, "gzip").getReader();
      await reader.read();
      await reader.read();
      console.log("left lying");
    `;
    const url = `data:text/javascript,${encodeURIComponent(script)}`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--allow-read", url],
      signal: AbortSignal.timeout(20_000),
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "left lying\n");
    assertEquals(code, 0);
  },
});
