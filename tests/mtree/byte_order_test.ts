import { assertEquals } from "@std/assert";
import { compareBytes } from "../../src/mtree/byte_order.ts";

Deno.test("names are ordered by their bytes and not by UTF-16", () => {
  const inOrder = [
    "",
    "a",
    "a\x01",
    "a-b",
    "a/b",
    "ab",
    "\u00e9", // c3 a9
    "\udce2", // the byte e2 alone
    "\u20ac", // e2 82 ac
    "\u20acx",
    "\uffff", // ef bf bf
    "\u{10000}", // f0 90 80 80, and before U+FFFF in UTF-16
    "\u{10001}",
    "\u{1f600}",
    "\udcff",
  ];
  assertEquals([...inOrder].reverse().sort(compareBytes), inOrder);
});
