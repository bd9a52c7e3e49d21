import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/errors.ts";
import {
  ALL_HOSTS,
  type Bench,
  directory,
  makeFile,
  metadata,
  openHost,
  withBench,
} from "./hosts.ts";

// Deno's own check for leaks does not see descriptors that FFI opened.
function openDescriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      // The one that this very listing used.
      return "";
    }
  }).filter((target) => target !== "").sort();
}

function useEverything({ root, top, path, host }: Bench): void {
  for (let i = 0; i < 100; i++) {
    directory(
      root,
      `a/b/c${i}`,
      (parent, name) => parent.createDirectory(name),
    );
  }
  for (let i = 0; i < 100; i++) {
    makeFile(directory(root, `a/b/c${i}`), "f", "contents");
  }
  top.createFile("given-up")?.discard();
  assertEquals(top.createFile("given-up"), undefined);
  assertThrows(() => top.readFile("given-up", -1));
  assertThrows(() => top.readFile("missing", 10));
  assertEquals(top.readFile("given-up", 10).length, 0);
  assertThrows(() => top.createFile("n".repeat(300)));
  assertThrows(() => root.directory("n".repeat(300)));
  assertThrows(() => top.readFile("a", 10));

  top.openFile("given-up").close();
  assertThrows(() => top.openFile("missing"));
  assertThrows(() => top.openFile("a"));

  const failing = top.createFile("failing");
  failing?.write(new Uint8Array(10), 0);
  // Deno's API takes any size, and finds the file by its name.
  if (host === "deno") top.remove("failing");
  const size = host === "deno" ? 10 : -1;
  assertThrows(() => failing?.finish(size, metadata()));

  Deno.symlinkSync("loop", `${path}/loop`);
  assertThrows(() => root.directory("loop/x"));
  assertEquals(root.directory("given-up/x"), undefined);
  assertEquals(root.directory("a/../a/b/missing"), undefined);
  for (let i = 0; i < 100; i++) directory(root, `a/b/../b/c${i}/..`);
  top.list();
  top.stat();
  if (host !== "deno") {
    top.createNode("p", "fifo", 0, 0);
    top.setMetadata("p", "fifo", metadata());
    assertThrows(() => top.readFile("p", 10));
  }
  directory(root, "a").setOwnMetadata(metadata({ mode: 0o755 }));
  assert(directory(root, "a").remove("b"));
  assert(top.remove("a"));
}

for (const host of ALL_HOSTS) {
  Deno.test(`no descriptor stays open (${host})`, () => {
    // What is opened once and kept is opened by now.
    withBench(host, useEverything);
    const before = openDescriptors();
    for (let round = 0; round < 3; round++) withBench(host, useEverything);
    assertEquals(openDescriptors(), before);
  });

  Deno.test(`few descriptors are open at once (${host})`, () => {
    const before = openDescriptors().length;
    withBench(host, ({ root }) => {
      for (let i = 0; i < 200; i++) {
        directory(root, `d${i}`, (parent, name) => {
          return parent.createDirectory(name);
        });
      }
      assert(openDescriptors().length - before <= 70);
    });
  });

  Deno.test(`a root that cannot be opened leaves nothing (${host})`, () => {
    const before = openDescriptors();
    for (const path of ["/proc/self/exe", "/nothing/there", "/dev/null"]) {
      assertThrows(() => openHost(host, path), SystemError, path);
    }
    assertEquals(openDescriptors(), before);
  });
}
