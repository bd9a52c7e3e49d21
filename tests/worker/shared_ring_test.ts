/** Bytes on their way through places that are filled and freed in turn. */
import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  makeRing,
  RingReader,
  RingWriter,
} from "../../src/worker/shared_ring.ts";

Deno.test({
  name: "what goes into a ring comes out of it",
  permissions: "none",
  fn() {
    const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), {
      maxLength: 20,
    });
    const count = fc.integer({ min: 1, max: 4 });
    const placeSize = fc.integer({ min: 1, max: 16 });
    fc.assert(fc.property(pieces, count, placeSize, (pieces, count, size) => {
      const ring = makeRing(count, size);
      const filled: number[] = [];
      const writer = new RingWriter(ring, (length) => filled.push(length));
      const reader = new RingReader(ring);
      const out: number[] = [];
      /** Reads the oldest place, and only then lets it be filled again. */
      const readOne = () => {
        const length = filled.shift();
        if (length === undefined) return false;
        out.push(...reader.next(length));
        writer.freed();
        return true;
      };
      for (const piece of pieces) {
        let rest: Uint8Array = piece;
        while ((rest = writer.put(rest)).length > 0) {
          assertEquals(filled.length, count);
          readOne();
        }
      }
      writer.handOn();
      while (readOne());
      assertEquals(out, pieces.flatMap((piece) => [...piece]));
    }));
  },
});

Deno.test({
  name: "a full ring takes nothing, and keeps what it has",
  permissions: "none",
  fn() {
    const ring = makeRing(2, 3);
    const filled: number[] = [];
    const writer = new RingWriter(ring, (length) => filled.push(length));
    const rest = writer.put(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    assertEquals([...rest], [7, 8]);
    assertEquals([...writer.put(rest)], [7, 8]);
    assertEquals(filled, [3, 3]);
    const reader = new RingReader(ring);
    const first = reader.next(3);
    writer.freed();
    assertEquals([...first], [1, 2, 3]);
    assertEquals(writer.put(rest).length, 0);
    assertEquals([...reader.next(3)], [4, 5, 6]);
  },
});
