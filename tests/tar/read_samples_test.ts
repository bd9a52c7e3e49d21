import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SAMPLES } from "./archives.ts";
import { readAll } from "./reading.ts";

const NO_PERMISSIONS = { permissions: "none" } as const;

for (const { title, bytes, entries } of SAMPLES) {
  Deno.test(`readTar() reads ${title}`, NO_PERMISSIONS, async () => {
    assertEquals(await readAll(bytes), entries);
  });

  Deno.test(
    `readTar() reads ${title}, however it is cut`,
    NO_PERMISSIONS,
    async () => {
      for (const size of [1, 7, 511, 512, 513, 1024]) {
        assertEquals(await readAll(bytes, size), entries, `pieces of ${size}`);
      }
      const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), {
        minLength: 1,
      });
      await fc.assert(
        fc.asyncProperty(sizes, async (sizes) => {
          assertEquals(await readAll(bytes, ...sizes), entries);
        }),
        { numRuns: 20 },
      );
    },
  );
}
