/** Owners as rootless tools keep them, against messages encoded by hand. */
import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { StrataError } from "../src/errors.ts";
import {
  decodeRootlessOwner,
  encodeRootlessOwner,
} from "../src/rootless_owner.ts";

const MESSAGES: [name: string, uid: number, gid: number, hex: string][] = [
  ["small ids", 1, 2, "08011002"],
  ["the last of one byte", 127, 127, "087f107f"],
  ["the first of two bytes", 128, 1000, "08800110e807"],
  ["nobody", 65534, 65534, "08feff0310feff03"],
  ["root as user", 0, 5, "08ffffffff0f1005"],
  ["root as group", 33, 0, "082110ffffffff0f"],
  ["the highest id", 4294967294, 1, "08feffffff0f1001"],
];

for (const [name, uid, gid, hex] of MESSAGES) {
  Deno.test({
    name: `${name}: ${uid}:${gid}`,
    permissions: "none",
    fn() {
      assertEquals(encodeRootlessOwner({ uid, gid }).toHex(), hex);
      assertEquals(decodeRootlessOwner(Uint8Array.fromHex(hex)), { uid, gid });
    },
  });
}

Deno.test({
  name: "fields may come in any order, and be left out where they are 0",
  permissions: "none",
  fn() {
    const decode = (hex: string) =>
      decodeRootlessOwner(Uint8Array.fromHex(hex));
    assertEquals(decode(""), { uid: 0, gid: 0 });
    assertEquals(decode("1007"), { uid: 0, gid: 7 });
    assertEquals(decode("10070809"), { uid: 9, gid: 7 });
  },
});

for (
  const [name, hex] of [
    ["a field cut short", "0880"],
    ["a field without a value", "08"],
    ["a number of more than 32 bits", "08ffffffff1f"],
    ["a varint without end", "08ffffffffffffffffffff"],
    ["another field", "1801"],
    ["another type of field", "0a0101"],
  ]
) {
  Deno.test({
    name: `${name} is an error`,
    permissions: "none",
    fn() {
      assertThrows(
        () => decodeRootlessOwner(Uint8Array.fromHex(hex ?? "")),
        StrataError,
        "user.rootlesscontainers",
      );
    },
  });
}

Deno.test({
  name: "every owner comes back",
  permissions: "none",
  fn() {
    const id = fc.integer({ min: 0, max: 0xfffffffe });
    fc.assert(fc.property(id, id, (uid, gid) => {
      assertEquals(decodeRootlessOwner(encodeRootlessOwner({ uid, gid })), {
        uid,
        gid,
      });
    }));
  },
});
