import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MissingPermissionError, StrataError } from "../../src/errors.ts";
import { namesIn, rawNamesIn } from "./disk.ts";
import {
  type Bench,
  directory,
  LIBC,
  LIBC_BOTH,
  makeFile,
  metadata,
  openHost,
  testHosts,
  withBench,
} from "./hosts.ts";

const ODD_NAMES = [
  " ",
  "a b",
  "line\nbreak",
  "\x01\x7f\x1b[31m",
  "'\"`\\$",
  "-rf",
  "*",
  "...",
  "..a",
  "é",
  "e\u0301",
  "€",
  "😀",
  "\ufeffmark",
  "\ufffd",
  "~",
  "a:b",
  ".wh.x",
];

/** Makes one of each kind, in and below a directory of the name. */
function useEverywhere({ root, top }: Bench, name: string): void {
  assert(top.createDirectory(name));
  const inside = directory(root, name);
  assertEquals(inside.path, name);
  makeFile(inside, name, "x");
  assertEquals(inside.lookup(name)?.size, 1);
  assertEquals(inside.list(), [name]);
  assert(inside.remove(name));
  assert(inside.createSymlink(name, name));
  assertEquals(inside.readLink(name), name);
  inside.setMetadata(name, "symlink", metadata());
  assert(inside.createLink("other", inside, name));
}

testHosts("odd names are names", (bench) => {
  for (const name of ODD_NAMES) useEverywhere(bench, name);
  assertEquals(bench.top.list().sort(), [...ODD_NAMES].sort());
  assertEquals(namesIn(bench.path), [...ODD_NAMES].sort());
});

testHosts("a name has 255 bytes at most", (bench) => {
  const { root, top, path } = bench;
  for (const name of ["n".repeat(255), "é".repeat(127) + "n"]) {
    useEverywhere(bench, name);
    assert(top.remove(name));
  }
  const long = ["n".repeat(256), "é".repeat(128), "n".repeat(8192)];
  long.push("é".repeat(4096), "n".repeat(100_000));
  for (const name of long) {
    const start = name.slice(0, 100);
    const attempts: (() => unknown)[] = [
      () => top.createDirectory(name),
      () => top.createFile(name),
      () => top.createSymlink(name, "x"),
      () => top.createSymlink("x", "y") && top.createLink(name, top, "x"),
      () => top.lookup(name),
      () => top.remove(name),
      () => root.directory(name),
    ];
    for (const attempt of attempts) {
      const error = assertThrows(attempt, StrataError, start);
      assert("code" in error && error.code === "ENAMETOOLONG", error.message);
      assert(error.message.startsWith("Cannot "), error.message);
    }
    top.remove("x");
  }
  assertEquals(namesIn(path), []);
});

testHosts("a name with a NUL in it is no other name", (bench) => {
  const { root, top, path } = bench;
  makeFile(top, "a", "kept");
  for (const name of ["a\0", "a\0b", "\0", "é\0"]) {
    const attempts: (() => unknown)[] = [
      () => top.createDirectory(name),
      () => top.createFile(name),
      () => top.createSymlink(name, "x"),
      () => top.createSymlink("l", name),
      () => top.createLink(name, top, "a"),
      () => top.createLink("l", top, name),
      () => top.lookup(name),
      () => top.remove(name),
      () => root.directory(name),
    ];
    for (const attempt of attempts) {
      const error = assertThrows(attempt, StrataError);
      assert("code" in error && error.code === "EINVAL", error.message);
    }
  }
  assertEquals(namesIn(path), ["a"]);
});

testHosts("names that are not UTF-8 keep their bytes", (bench) => {
  const { root, top, path } = bench;
  const names = [
    "\udcff",
    "caf\udce9",
    "a\udc80\u20ac\udcfe",
    "\udced\udca0\udc80",
  ];
  for (const name of names) useEverywhere(bench, name);
  const hex = ["ff", "636166e9", "6180e282acfe", "eda080"];
  assertEquals(rawNamesIn(path), [...hex].sort());
  assertEquals(top.list().sort(), [...names].sort());
  // Also as the target of a symlink that is followed.
  assert(top.createSymlink("l", "caf\udce9"));
  assertEquals(directory(root, "l").path, "caf\udce9");
  for (const name of names) assert(top.remove(name));
  assertEquals(top.list(), ["l"]);
}, { hosts: LIBC_BOTH });

testHosts("a surrogate that stands for no byte is refused", (bench) => {
  const { top, path } = bench;
  for (const name of ["\ud800", "a\udc00", "\udc7f", "\udcffx\udd00"]) {
    for (
      const attempt of [
        () => top.createDirectory(name),
        () => top.createFile(name),
        () => top.createSymlink(name, "x"),
        () => top.createSymlink("l", name),
        () => top.remove(name),
      ]
    ) {
      assertThrows(attempt, StrataError);
    }
  }
  assertEquals(namesIn(path), []);
});

testHosts("without FFI only UTF-8 is taken", ({ root, top, path }) => {
  const name = "caf\udce9";
  for (
    const attempt of [
      () => top.createDirectory(name),
      () => top.createFile(name),
      () => top.createSymlink(name, "x"),
      () => top.createSymlink("l", name),
      () => top.lookup(name),
      () => top.remove(name),
      () => root.directory(name),
    ]
  ) {
    const error = assertThrows(attempt, MissingPermissionError, "caf");
    assertEquals(error.flag, "--allow-ffi");
  }
  assertEquals(namesIn(path), []);
}, { hosts: ["deno"] });

Deno.test("without FFI no name is altered in a list (deno)", () => {
  withBench("libc", ({ top, path }) => {
    using root = openHost("deno", path);
    const withoutFfi = directory(root, "");
    // The character that stands for what cannot be decoded is a name's right.
    makeFile(top, "fine\ufffd", "");
    assertEquals(withoutFfi.list(), ["fine\ufffd"]);
    makeFile(top, "caf\udce9", "");
    const error = assertThrows(
      () => withoutFfi.list(),
      MissingPermissionError,
      "caf",
    );
    assertEquals(error.flag, "--allow-ffi");
  });
});

testHosts("any bytes make a name and come back", (bench) => {
  const { top } = bench;
  const byte = fc.integer({ min: 0x80, max: 0xff })
    .map((byte) => String.fromCharCode(0xdc00 + byte));
  const part = fc.oneof(byte, fc.string({ unit: "binary", maxLength: 2 }));
  const name = fc.array(part, { minLength: 1, maxLength: 12 })
    .map((parts) => parts.join("").replaceAll(/[/\0.]/g, "_"))
    // Bytes that happen to be UTF-8 read back as that.
    .filter((name) => name !== "" && !looksLikeUtf8(name));
  fc.assert(
    fc.property(name, (name) => {
      assert(top.createSymlink(name, name));
      assertEquals(top.list(), [name]);
      assertEquals(top.readLink(name), name);
      assert(top.remove(name));
    }),
    { numRuns: 200 },
  );
}, { hosts: LIBC });

/** Whether bytes beside each other in the name make up a character. */
function looksLikeUtf8(name: string): boolean {
  const runs = name.match(/[\udc80-\udcff]+/g) ?? [];
  return runs.some((run) => {
    const bytes = Uint8Array.from(run, (char) => char.charCodeAt(0) & 0xff);
    return new TextDecoder().decode(bytes).replaceAll("\ufffd", "") !== "" ||
      new TextDecoder().decode(bytes).length !== bytes.length;
  });
}
