import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { zstdCompressSync } from "node:zlib";
import { ZstdFrameSplitter } from "../../src/compress/zstd_frames.ts";
import { join } from "./fixtures.ts";
import {
  rawBlock,
  runBlock,
  sizedFrame,
  skippableFrame,
  windowFrame,
} from "./zstd_fixtures.ts";

const text = fc.string({ unit: "grapheme-ascii", maxLength: 60 });

const handmadeFrame = fc.tuple(text, fc.nat({ max: 1000 }), text).map(
  ([first, times, last]) =>
    windowFrame(
      rawBlock(first, false),
      runBlock("x", times, false),
      rawBlock(last, true),
    ),
);

const frame = fc.oneof(
  handmadeFrame,
  text.map((value) => sizedFrame(value.length, rawBlock(value, true))),
  text.map((value) => join(zstdCompressSync(value))),
  fc.tuple(text, fc.nat({ max: 15 })).map(([contents, nibble]) =>
    skippableFrame(contents, nibble)
  ),
);

Deno.test("a stream of frames, in pieces of any size, is cut where the frames end", () => {
  fc.assert(fc.property(
    fc.array(frame, { minLength: 1, maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
    (frames, sizes) => {
      const stream = join(...frames);
      const ends = new Set<number>();
      let end = 0;
      for (const { length } of frames) ends.add(end += length);

      const splitter = new ZstdFrameSplitter();
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        pieces.push(...splitter.split(stream.subarray(at, at + size)));
        at += size;
      }
      splitter.finish();

      assertEquals(join(...pieces), stream);
      const cuts = new Set<number>();
      let at = 0;
      for (const piece of pieces) {
        assert(piece.length > 0);
        cuts.add(at += piece.length);
      }
      for (const frameEnd of ends) assert(cuts.has(frameEnd), `${frameEnd}`);
    },
  ));
});
