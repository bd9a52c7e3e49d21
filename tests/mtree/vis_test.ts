import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeBytes } from "../../src/byte_string.ts";
import { StrataError } from "../../src/errors.ts";
import { unvis, vis } from "../../src/mtree/vis.ts";

// What umoci 0.4.7 (go-mtree) wrote for files of these names.
const GO_MTREE_NAMES: [string, string][] = [
  ["\x01\x7f", "\\001\\177"],
  ["\"quo'$&;`(){}|<>,!%^@+:-_", "\"quo'$&;`(){}|<>,!%^@+:-_"],
  ["#hash", "\\043hash"],
  ["...", "..."],
  ["back\\slash", "back\\\\slash"],
  ["b\udcff\udcfeyte", "b\\377\\376yte"],
  ["eq=ual", "eq=ual"],
  ["file with space", "file\\040with\\040space"],
  ["new\nline", "new\\012line"],
  ["q?star*[br]", "q\\077star\\052\\133br]"],
  ["tab\tx", "tab\\011x"],
  ["~", "~"],
  ["\u00fcn\u00efcode", "\\303\\274n\\303\\257code"],
];

Deno.test("vis encodes as go-mtree does, and unvis undoes it", () => {
  for (const [name, encoded] of GO_MTREE_NAMES) {
    assertEquals(vis(name), encoded);
    assertEquals(unvis(encoded), name);
  }
});

Deno.test("unvis reads every style of vis(3)", () => {
  const table: [string, string][] = [
    ["", ""],
    ["plain", "plain"],
    ["a\\134b", "a\\b"],
    ["\\7\\18", "\x07\x018"],
    ["\\0407", " 7"],
    ["\\a\\b\\f\\n\\r\\s\\t\\v\\E", "\x07\b\f\n\r \t\v\x1b"],
    ["a\\$b", "ab"],
    ["\\x41\\x4a\\x4Ag", "AJJg"],
    ["\\xag", "\ng"],
    ["\\^A\\^?\\^@x\\^[", "\x01\x7f\0x\x1b"],
    ["\\M-a\\M^A\\M^?", "\udce1\udc81\udcff"],
    ["\\M-C\\M-)", "\u00e9"],
    ["\\303\\251", "\u00e9"],
    ["\udcc3\\251", "\u00e9"],
    ["\udcc3\udca9", "\u00e9"],
    ["\u00e9\\040\u20ac", "\u00e9 \u20ac"],
    ["%41=41", "%41=41"],
    ["*?[#", "*?[#"],
  ];
  for (const [encoded, name] of table) assertEquals(unvis(encoded), name);
});

Deno.test("a backslash that begins nothing is refused", () => {
  for (
    const encoded of [
      "a\\",
      "\\q",
      "\\8",
      "\\400",
      "\\777",
      "\\x",
      "\\xg",
      "\\M",
      "\\Ma",
      "\\M-",
      "\\M-\u00e9",
      "\\M^",
      "\\^",
      "\\^\u00e9",
      "\\\u00e9",
    ]
  ) {
    assertThrows(() => unvis(encoded), StrataError, "begins no escape");
  }
});

Deno.test("a surrogate that stands for no byte is refused", () => {
  assertThrows(() => vis("\ud800"), StrataError);
  assertThrows(() => unvis("\ud800"), StrataError);
});

Deno.test("vis gives printable ASCII that unvis undoes, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const text = decodeBytes(bytes);
    const encoded = vis(text);
    assertEquals(/^[!-~]*$/.test(encoded), true);
    assertEquals(unvis(encoded), text);
  }));
});
