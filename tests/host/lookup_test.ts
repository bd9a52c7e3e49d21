import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/errors.ts";
import { directory, LIBC_BOTH, testHosts } from "./hosts.ts";

/** Where lookups lead in the tree that `makeTree` makes. */
const LOOKUPS: readonly (readonly [path: string, expected: string])[] = [
  ["", ""],
  ["usr", "usr"],
  ["usr/share/doc", "usr/share/doc"],
  // Spelled in other ways.
  ["/usr", "usr"],
  ["//usr//share/", "usr/share"],
  ["./usr/./share", "usr/share"],
  [".", ""],
  ["/", ""],
  ["usr/share/..", "usr"],
  ["usr/share/../..", ""],
  ["usr/../usr/share", "usr/share"],
  // The root is its own parent.
  ["..", ""],
  ["../../..", ""],
  ["../../usr", "usr"],
  ["usr/../../../usr/share", "usr/share"],
  // Symlinks.
  ["share", "usr/share"],
  ["share/doc", "usr/share/doc"],
  ["absolute", "usr/share"],
  ["chain", "usr/share"],
  ["usr/up", ""],
  ["usr/up/usr", "usr"],
  ["usr/share/beside", "usr/lib"],
  ["to-root", ""],
  ["to-root/usr", "usr"],
  // A symlink's parent is that of its target.
  ["share/..", "usr"],
  ["share/../lib", "usr/lib"],
  // What would lead outside ends inside.
  ["etc", "etc"],
  ["escape", ""],
  ["escape/usr", "usr"],
  ["deep-escape", "etc"],
];

function makeTree(root: string): void {
  for (const path of ["usr/share/doc", "usr/lib", "etc"]) {
    Deno.mkdirSync(`${root}/${path}`, { recursive: true });
  }
  const links: Record<string, string> = {
    "share": "usr/share",
    "absolute": "/usr/share",
    "chain": "chain2",
    "chain2": "/chain3",
    "chain3": "./usr/../absolute",
    "usr/up": "..",
    "usr/share/beside": "../lib",
    "to-root": "/",
    "escape": "../../../../../../..",
    "deep-escape": "usr/share/doc/../../../../../../etc",
  };
  for (const [path, target] of Object.entries(links)) {
    Deno.symlinkSync(target, `${root}/${path}`);
  }
}

testHosts("directory() leads where chroot(2) would", ({ root, path }) => {
  makeTree(path);
  // Once with nothing known, once more with everything known.
  for (let round = 0; round < 2; round++) {
    for (const [asked, expected] of LOOKUPS) {
      const found = directory(root, asked);
      assertEquals(found.path, expected, `of ${asked}`);
      const there = Deno.statSync(`${path}/${expected}`);
      assertEquals(found.list().sort(), namesIn(`${path}/${expected}`));
      assertEquals(found.stat().mtime.seconds, seconds(there.mtime));
    }
  }
});

function seconds(date: Date | null): number {
  return Math.floor((date?.getTime() ?? NaN) / 1000);
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
}

testHosts("directory() finds nothing outside", ({ root, path, outside }) => {
  Deno.mkdirSync(`${outside}/secret`);
  Deno.symlinkSync(outside, `${path}/absolute`);
  Deno.symlinkSync("../outside", `${path}/relative`);
  for (
    const asked of ["absolute", "relative", "absolute/secret", "../outside"]
  ) {
    assertEquals(root.directory(asked), undefined, asked);
  }
});

testHosts("what is made behind a symlink is made inside", (bench) => {
  const { root, path, outside } = bench;
  Deno.symlinkSync(outside, `${path}/link`);
  const made = directory(root, "link/a", (parent, name) => {
    return parent.createDirectory(name);
  });
  assertEquals(made.path, `${outside.slice(1)}/a`);
  assert(Deno.statSync(`${path}${outside}/a`).isDirectory);
  assertEquals(namesIn(outside), []);
});

testHosts("directory() gives up on symlinks in a circle", ({ root, path }) => {
  Deno.symlinkSync("self", `${path}/self`);
  Deno.symlinkSync("/pong", `${path}/ping`);
  Deno.symlinkSync("ping/x", `${path}/pong`);
  Deno.symlinkSync("grow/../grow/a", `${path}/grow`);
  for (const asked of ["self", "self/x", "ping", "pong/y", "grow"]) {
    const error = assertThrows(() => root.directory(asked), SystemError, asked);
    assertEquals(error.code, "ELOOP");
    assertThrows(() => root.directory(asked, () => true), SystemError);
  }
});

testHosts("directory() follows 40 symlinks and no more", ({ root, path }) => {
  Deno.mkdirSync(`${path}/l0`);
  for (let i = 1; i <= 41; i++) Deno.symlinkSync(`l${i - 1}`, `${path}/l${i}`);
  assertEquals(directory(root, "l40").path, "l0");
  const error = assertThrows(() => root.directory("l41"), SystemError);
  assertEquals(error.code, "ELOOP");
});

testHosts("hostile symlinks cannot keep a lookup busy", ({ root, path }) => {
  Deno.mkdirSync(`${path}/d`);
  const longWay = "d/../".repeat(818);
  for (let i = 1; i <= 45; i++) {
    Deno.symlinkSync(longWay + (i === 45 ? "d" : `l${i + 1}`), `${path}/l${i}`);
  }
  const start = performance.now();
  const error = assertThrows(() => root.directory("l1"), SystemError);
  assertEquals(error.code, "ELOOP");
  assert(performance.now() - start < 5000);
});

testHosts("a lookup that finds nothing says where", ({ root, path }) => {
  Deno.mkdirSync(`${path}/a`);
  Deno.writeTextFileSync(`${path}/a/file`, "");
  Deno.symlinkSync("missing/deep", `${path}/dangling`);
  Deno.symlinkSync("a/file", `${path}/to-file`);
  const cases: [asked: string, parent: string, name: string, taken: boolean][] =
    [
      ["nothing", "", "nothing", false],
      ["a/nothing/x", "a", "nothing", false],
      ["a/file", "a", "file", true],
      ["a/file/x", "a", "file", true],
      ["dangling", "", "missing", false],
      ["to-file/x", "a", "file", true],
    ];
  for (const [asked, parent, name, taken] of cases) {
    assertEquals(root.directory(asked), undefined);
    const calls: unknown[] = [];
    const found = root.directory(asked, (directory, name, taken) => {
      calls.push([directory.path, name, taken]);
      return false;
    });
    assertEquals(found, undefined);
    assertEquals(calls, [[parent, name, taken]], asked);
  }
});

testHosts("onMissing makes what a dangling symlink names", ({ root, path }) => {
  Deno.symlinkSync("/usr/missing/deep", `${path}/dangling`);
  Deno.mkdirSync(`${path}/usr`);
  Deno.writeTextFileSync(`${path}/usr/missing`, "in the way");
  const calls: string[] = [];
  const found = directory(root, "dangling/x", (parent, name, taken) => {
    calls.push(`${parent.path}/${name} ${taken}`);
    if (taken) parent.remove(name);
    return parent.createDirectory(name);
  });
  assertEquals(found.path, "usr/missing/deep/x");
  assertEquals(calls, [
    "usr/missing true",
    "usr/missing/deep false",
    "usr/missing/deep/x false",
  ]);
  assert(Deno.lstatSync(`${path}/usr/missing/deep/x`).isDirectory);
  assert(Deno.lstatSync(`${path}/dangling`).isSymlink);
});

testHosts("a path that is too long is refused", ({ root, path }) => {
  const name = "n".repeat(255);
  const make = (
    parent: { createDirectory(name: string): boolean },
    n: string,
  ) => parent.createDirectory(n);
  for (const times of [17, 40]) {
    const long = Array(times).fill(name).join("/");
    const error = assertThrows(() => root.directory(long, make), SystemError);
    assertEquals(error.code, "ENAMETOOLONG");
    assert(error.message.includes("nnnn") && error.message.length < 5000);
  }
  // Nothing is begun that cannot be finished.
  assertEquals(namesIn(path), []);
  // The kernel minds how long it is written, not where it leads.
  Deno.mkdirSync(`${path}/a`);
  assertEquals(directory(root, "a/../".repeat(818) + "a").path, "a");
  const error = assertThrows(
    () => root.directory("a/../".repeat(819) + "a"),
    SystemError,
  );
  assertEquals(error.code, "ENAMETOOLONG");
});

testHosts("what was removed is not found again", ({ root, path, top }) => {
  Deno.mkdirSync(`${path}/a/b/c`, { recursive: true });
  Deno.symlinkSync("a/b", `${path}/link`);
  for (const asked of ["a", "a/b", "a/b/c", "link", "link/c"]) {
    directory(root, asked);
  }
  assert(directory(root, "a").remove("b"));
  for (const asked of ["a/b", "a/b/c", "link", "link/c"]) {
    assertEquals(root.directory(asked), undefined, asked);
  }
  assert(top.remove("a"));
  assertEquals(root.directory("a"), undefined);
});

testHosts("a symlink in a directory's place is followed", (bench) => {
  const { root, path, outside, top } = bench;
  Deno.mkdirSync(`${path}/a/sub`, { recursive: true });
  Deno.mkdirSync(`${path}/b/sub`, { recursive: true });
  directory(root, "a/sub");
  directory(root, "a");
  top.remove("a");
  top.createSymlink("a", "b");
  assertEquals(directory(root, "a/sub").path, "b/sub");
  assertEquals(directory(root, "a").path, "b");
  top.remove("a");
  top.createSymlink("a", outside);
  assertEquals(root.directory("a"), undefined);
  assertEquals(root.directory("a/sub"), undefined);
  top.remove("a");
  assert(top.createDirectory("a"));
  assertEquals(directory(root, "a").path, "a");
  assertEquals(directory(root, "a").list(), []);
});

testHosts("a directory that is gone takes nothing more", (bench) => {
  const { root, path, outside, top } = bench;
  Deno.mkdirSync(`${path}/a`);
  const stale = directory(root, "a");
  top.remove("a");
  assert(top.createSymlink("a", outside));
  // The handle is of what was removed, not of what has its name now.
  const error = assertThrows(() => stale.createFile("x"), SystemError);
  assert(["ENOENT", "EBADF"].includes(error.code), error.code);
  assertThrows(() => stale.createDirectory("x"), SystemError);
  assertThrows(() => stale.createSymlink("x", "y"), SystemError);
  assertEquals(namesIn(outside), []);
});

testHosts("hundreds of directories may be in use", ({ root, path }) => {
  const names = Array.from({ length: 150 }, (_, i) => `d${i}`);
  for (const name of names) {
    Deno.mkdirSync(`${path}/${name}/sub`, { recursive: true });
  }
  for (let round = 0; round < 3; round++) {
    for (const name of names) {
      const found = directory(root, `${name}/sub`);
      assertEquals(found.path, `${name}/sub`);
      assert(found.createDirectory(`made${round}`));
      assert(Deno.statSync(`${path}/${name}/sub/made${round}`).isDirectory);
    }
  }
});

testHosts("a directory serves until ten more were asked for", (bench) => {
  const { root, path } = bench;
  for (let i = 0; i < 100; i++) Deno.mkdirSync(`${path}/d${i}`);
  for (let i = 0; i < 100; i++) {
    const held = directory(root, `d${i}`);
    for (let k = 1; k <= 10; k++) directory(root, `d${(i + k) % 100}`);
    assert(held.createDirectory("made"));
    assert(Deno.statSync(`${path}/d${i}/made`).isDirectory);
  }
});

testHosts("a directory that was given up fails and acts nowhere", (bench) => {
  const { root, path, top } = bench;
  for (let i = 0; i < 100; i++) Deno.mkdirSync(`${path}/d${i}`);
  const old = directory(root, "d0");
  for (let i = 1; i < 100; i++) directory(root, `d${i}`);
  const attempts: (() => unknown)[] = [
    () => old.stat(),
    () => old.lookup("x"),
    () => old.list(),
    () => old.createDirectory("x"),
    () => old.createFile("x"),
    () => old.createSymlink("x", "y"),
    () => old.createNode("x", "fifo", 0, 0),
    () => old.createLink("x", top, "d1"),
    () => old.remove("x"),
  ];
  for (const attempt of attempts) {
    const error = assertThrows(attempt, SystemError, "d0");
    assertEquals(error.code, "EBADF");
  }
  for (let i = 0; i < 100; i++) assertEquals(namesIn(`${path}/d${i}`), []);
  // Asked for again, it is back.
  assert(directory(root, "d0").createDirectory("x"));
}, { hosts: LIBC_BOTH });

testHosts("a root that was disposed of does nothing more", ({ root, path }) => {
  Deno.mkdirSync(`${path}/a`);
  const held = directory(root, "a");
  root[Symbol.dispose]();
  root[Symbol.dispose]();
  assertThrows(() => held.createDirectory("x"), SystemError, "a");
  assertThrows(() => root.directory("a"), SystemError);
  assertEquals(namesIn(`${path}/a`), []);
});
