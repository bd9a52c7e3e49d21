/** Against what GNU's `cksum` prints. */
import { assertEquals } from "@std/assert";
import { Cksum } from "../../src/mtree/cksum.ts";

const KNOWN: [text: string, checksum: string][] = [
  ["", "4294967295"],
  ["a", "1220704766"],
  ["hello\n", "3015617425"],
  ["123456789", "930766865"],
  ["\0", "4215202376"],
  ["x".repeat(300), "3786917833"],
];

for (const [text, checksum] of KNOWN) {
  Deno.test({
    name: `cksum of ${JSON.stringify(text.slice(0, 10))}, ${text.length} bytes`,
    permissions: "none",
    fn() {
      const bytes = new TextEncoder().encode(text);
      for (const cut of [0, 1, bytes.length]) {
        const cksum = new Cksum();
        cksum.update(bytes.subarray(0, cut));
        cksum.update(bytes.subarray(cut));
        assertEquals(cksum.finish(), checksum);
      }
    },
  });
}
