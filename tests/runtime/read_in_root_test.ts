import { assertEquals, assertThrows } from "@std/assert";
import { StrataError } from "@strata/layer";
import type { Root } from "../../src/host/directory.ts";
import { DenoRoot } from "../../src/host/deno/root.ts";
import { openRoot } from "../../src/host/open_root.ts";
import { readInRoot } from "../../src/runtime/read_in_root.ts";

const PERMISSIONS = {
  permissions: { read: true, write: true, ffi: true },
} as const;

const ignored = { xattr: () => {}, time: () => {} };

/** Whatever the permissions allow, and what goes without FFI. */
const HOSTS: ((path: string) => Root)[] = [
  (path) => openRoot(path, "read", ignored),
  (path) => new DenoRoot(path, "read", ignored),
];

/** What `etc/passwd` reads as where it is a symlink. */
function readThrough(
  target: string,
  open: (path: string) => Root,
): string | undefined {
  const directory = Deno.makeTempDirSync();
  try {
    const rootfs = `${directory}/rootfs`;
    Deno.mkdirSync(`${rootfs}/etc`, { recursive: true });
    Deno.writeTextFileSync(`${directory}/outside`, "outside");
    Deno.writeTextFileSync(`${rootfs}/inside`, "inside");
    Deno.symlinkSync("/", `${rootfs}/top`);
    Deno.symlinkSync("etc/passwd", `${rootfs}/loop`);
    Deno.symlinkSync(target, `${rootfs}/etc/passwd`);
    using root = open(rootfs);
    const bytes = readInRoot(root, "etc/passwd", 6);
    return bytes && new TextDecoder().decode(bytes);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("readInRoot() follows symlinks as chroot would", PERMISSIONS, () => {
  for (
    const target of [
      "/inside",
      "../inside",
      "../../../inside",
      "/../inside",
      "/top/top/inside",
      "./.././inside",
    ]
  ) {
    for (const open of HOSTS) {
      assertEquals(readThrough(target, open), "inside", target);
    }
  }
});

Deno.test(
  "readInRoot() finds nothing where there is nothing",
  PERMISSIONS,
  () => {
    for (
      const target of [
        "/outside",
        "../../outside",
        "/top/../outside",
        "/nowhere/inside",
        "/inside/",
        "/inside/x",
        "/inside/..",
      ]
    ) {
      for (const open of HOSTS) {
        assertEquals(readThrough(target, open), undefined, target);
      }
    }
  },
);

Deno.test("readInRoot() refuses what is no file", PERMISSIONS, () => {
  for (const open of HOSTS) {
    for (const target of ["/", "/etc/", ".", "..", "../..", "/etc", "/top"]) {
      const read = () => readThrough(target, open);
      assertThrows(read, StrataError, "Cannot read");
    }
    for (const target of ["passwd", "/loop"]) {
      const read = () => readThrough(target, open);
      assertThrows(read, StrataError, "too many symlinks");
    }
  }
});

Deno.test("readInRoot() refuses what is too large", PERMISSIONS, () => {
  const rootfs = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${rootfs}/file`, "1234567");
    for (const open of HOSTS) {
      using root = open(rootfs);
      assertThrows(
        () => readInRoot(root, "file", 6),
        StrataError,
        "Cannot read",
      );
      assertEquals(readInRoot(root, "/file", 7)?.length, 7);
    }
  } finally {
    Deno.removeSync(rootfs, { recursive: true });
  }
});
