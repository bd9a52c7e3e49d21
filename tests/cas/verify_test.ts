import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { toBytes, toText } from "@std/streams";
import fc from "fast-check";
import { verifiedStream } from "../../src/cas/verify.ts";
import { InvalidImageError, VerificationError } from "../../src/errors.ts";
import { digestOf } from "../../src/oci/digest.ts";
import {
  bytesOf,
  EMPTY_SHA256,
  HELLO_SHA256,
  HELLO_SHA512,
  streamOf,
} from "./fixtures.ts";

/** Reads until the stream errors or ends, and keeps what came out. */
async function drain(
  stream: ReadableStream<Uint8Array>,
): Promise<{ text: string; error: unknown }> {
  let text = "";
  try {
    for await (const piece of stream) text += new TextDecoder().decode(piece);
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

Deno.test({
  name: "verifiedStream passes on what is right",
  permissions: "none",
  async fn() {
    const cases: [string[], string, number | undefined][] = [
      [["hello"], HELLO_SHA256, 5],
      [["hello"], HELLO_SHA512, 5],
      [["he", "", "llo", ""], HELLO_SHA256, undefined],
      [[], EMPTY_SHA256, 0],
      [[""], EMPTY_SHA256, 0],
    ];
    for (const [pieces, digest, size] of cases) {
      const stream = verifiedStream(streamOf(...pieces), { digest, size });
      assertEquals(await toText(stream), pieces.join(""));
    }
  },
});

Deno.test({
  name: "verifiedStream keeps the last piece of false bytes back",
  permissions: "none",
  async fn() {
    const altered = verifiedStream(streamOf("hel", "l0"), {
      digest: HELLO_SHA256,
      size: 5,
    });
    const { text, error } = await drain(altered);
    assertEquals(text, "hel");
    assertEquals(error instanceof VerificationError, true);

    const short = verifiedStream(streamOf("hell"), {
      digest: HELLO_SHA256,
      size: 5,
    });
    assertEquals((await drain(short)).text, "");

    const empty = verifiedStream(streamOf(), { digest: HELLO_SHA256 });
    await assertRejects(() => toBytes(empty), VerificationError);
  },
});

Deno.test({
  name: "verifiedStream stops at once where there are too many bytes",
  permissions: "none",
  async fn() {
    let pulls = 0;
    let cancelled: unknown;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++;
        controller.enqueue(bytesOf("hello"));
      },
      cancel(reason) {
        cancelled = reason;
      },
    }, { highWaterMark: 0 });
    const { text, error } = await drain(
      verifiedStream(endless, { digest: HELLO_SHA256, size: 5 }),
    );
    assertEquals(text, "");
    assertEquals(pulls, 2);
    assertEquals(error instanceof VerificationError, true);
    assertEquals(cancelled, error);
  },
});

Deno.test({
  name: "verifiedStream passes on the source's error and the consumer's cancel",
  permissions: "none",
  async fn() {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new RangeError("disk on fire")),
    });
    await assertRejects(
      () => toBytes(verifiedStream(broken, { digest: HELLO_SHA256 })),
      RangeError,
      "disk on fire",
    );
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      cancel(reason) {
        cancelled = reason;
      },
    });
    await verifiedStream(source, { digest: HELLO_SHA256 }).cancel("enough");
    assertEquals(cancelled, "enough");
  },
});

Deno.test({
  name: "verifiedStream refuses malformed expectations before it reads",
  permissions: "none",
  fn() {
    for (const size of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      assertThrows(
        () => verifiedStream(streamOf(), { digest: EMPTY_SHA256, size }),
        InvalidImageError,
        "size",
      );
    }
    assertThrows(
      () => verifiedStream(streamOf(), { digest: "md5:00" }),
      InvalidImageError,
    );
  },
});

Deno.test({
  name: "verifiedStream accepts any bytes in any pieces, and no other bytes",
  permissions: "none",
  async fn() {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), async (pieces, position) => {
        const bytes = Uint8Array.from(pieces.flatMap((p) => Array.from(p)));
        const expected = { digest: digestOf(bytes), size: bytes.length };
        const passed = verifiedStream(streamOf(...pieces), expected);
        assertEquals(await toBytes(passed), bytes);

        if (bytes.length === 0) return;
        const altered = bytes.slice();
        const at = position % bytes.length;
        altered[at] = (altered[at] ?? 0) ^ 1;
        const { error } = await drain(
          verifiedStream(streamOf(altered), expected),
        );
        assertEquals(error instanceof VerificationError, true);
      }),
      { numRuns: 50 },
    );
  },
});
