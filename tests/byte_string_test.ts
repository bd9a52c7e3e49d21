import { assertEquals, assertThrows } from "@std/assert";
import { StrataError } from "@strata/layer";
import fc from "fast-check";
import { decodeBytes, encodeBytes } from "../src/byte_string.ts";

const NO_PERMISSIONS = { permissions: "none" } as const;
const bytes = (...values: number[]) => Uint8Array.from(values);

/** Each byte that is no UTF-8 as PEP 383 writes it. */
const escaped = (...values: number[]) =>
  String.fromCharCode(...values.map((value) => 0xdc00 + value));

Deno.test(
  "decodeBytes() escapes each byte that is not UTF-8",
  NO_PERMISSIONS,
  () => {
    const cases: [Uint8Array, string][] = [
      [bytes(), ""],
      [bytes(0x61, 0x00, 0x7f), "a\0\x7f"],
      [bytes(0xef, 0xbb, 0xbf, 0x61), "\ufeffa"],
      [bytes(0xf0, 0x9f, 0x98, 0x80), "😀"],
      [bytes(0x80), escaped(0x80)],
      [bytes(0x61, 0xff, 0x62), `a${escaped(0xff)}b`],
      // Cut off in the middle.
      [bytes(0xe2, 0x82), escaped(0xe2, 0x82)],
      [bytes(0xf0, 0x9f, 0x98, 0x61), `${escaped(0xf0, 0x9f, 0x98)}a`],
      // Longer than need be.
      [bytes(0xc0, 0x80), escaped(0xc0, 0x80)],
      [bytes(0xc1, 0xbf), escaped(0xc1, 0xbf)],
      [bytes(0xe0, 0x9f, 0xbf), escaped(0xe0, 0x9f, 0xbf)],
      [bytes(0xf0, 0x8f, 0xbf, 0xbf), escaped(0xf0, 0x8f, 0xbf, 0xbf)],
      // Surrogates.
      [bytes(0xed, 0xa0, 0x80), escaped(0xed, 0xa0, 0x80)],
      [bytes(0xed, 0xb2, 0x80), escaped(0xed, 0xb2, 0x80)],
      [bytes(0xed, 0x9f, 0xbf), "\ud7ff"],
      // Beyond U+10FFFF.
      [bytes(0xf4, 0x90, 0x80, 0x80), escaped(0xf4, 0x90, 0x80, 0x80)],
      [bytes(0xf4, 0x8f, 0xbf, 0xbf), "\u{10ffff}"],
      [bytes(0xf5, 0x80, 0x80, 0x80), escaped(0xf5, 0x80, 0x80, 0x80)],
      [bytes(0xc3, 0xa9, 0xc3), `é${escaped(0xc3)}`],
    ];
    for (const [raw, text] of cases) {
      assertEquals(decodeBytes(raw), text);
      assertEquals(encodeBytes(text), raw);
    }
  },
);

Deno.test(
  "decodeBytes() and encodeBytes() lose no byte",
  NO_PERMISSIONS,
  () => {
    const short = fc.uint8Array({ maxLength: 12 });
    const long = fc.uint8Array({ minLength: 300, maxLength: 400 });
    // Bytes that are often nearly UTF-8.
    const mixed = fc.array(
      fc.oneof(
        fc.string({ unit: "binary" }).map((
          text,
        ) => [...new TextEncoder().encode(text)]),
        fc.constantFrom([0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90]),
      ),
    ).map((parts) => Uint8Array.from(parts.flat()));
    fc.assert(fc.property(fc.oneof(short, long, mixed), (raw) => {
      assertEquals(encodeBytes(decodeBytes(raw)), Uint8Array.from(raw));
    }));
  },
);

Deno.test(
  "decodeBytes() reads UTF-8 as TextDecoder does",
  NO_PERMISSIONS,
  () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      const raw = new TextEncoder().encode(text);
      assertEquals(decodeBytes(raw), text);
    }));
  },
);

Deno.test("decodeBytes() reads a part", NO_PERMISSIONS, () => {
  assertEquals(
    decodeBytes(bytes(0x61, 0x62, 0xff, 0x63), 1, 3),
    `b${escaped(0xff)}`,
  );
});

Deno.test(
  "encodeBytes() refuses surrogates that stand for no byte",
  NO_PERMISSIONS,
  () => {
    for (const text of ["\ud800", "a\udc00", "\udc7f", "\udd00", "\udfff"]) {
      assertThrows(() => encodeBytes(text), StrataError, "surrogate");
    }
  },
);
