import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/errors.ts";
import { directory, IS_ROOT, LIBC_BOTH, metadata, testHosts } from "./hosts.ts";

testHosts("errors carry a code and the path", (bench) => {
  const { root, top, path } = bench;
  Deno.mkdirSync(`${path}/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${path}/a/f`, "");
  const a = directory(root, "a");
  const cases: [attempt: () => unknown, code: string, shown: string][] = [
    [() => a.readLink("f"), "EINVAL", 'a/f"'],
    [() => a.readLink("none"), "ENOENT", 'a/none"'],
    [() => a.readFile("none", 1), "ENOENT", 'a/none"'],
    [() => a.readFile("b", 1), "EINVAL", 'a/b"'],
    [() => a.createLink("l", a, "none"), "ENOENT", 'a/l"'],
    [() => a.createLink("l", a, "b"), "EPERM", 'a/l"'],
    [() => a.setMetadata("none", "fifo", metadata()), "ENOENT", 'a/none"'],
    [() => top.createSymlink("l", ""), "ENOENT", 'l"'],
  ];
  for (const [attempt, code, shown] of cases) {
    const error = assertThrows(attempt, SystemError, shown);
    assertEquals(error.code, code, error.message);
    assert(error.message.startsWith("Cannot "), error.message);
  }
});

testHosts("hostile names cannot draw on the terminal", ({ top }) => {
  const name = "\x1b[2J\n\x07";
  const error = assertThrows(() => top.readLink(name), SystemError);
  for (const char of name.replaceAll(/[[2J]/g, "")) {
    assert(!error.message.includes(char), JSON.stringify(error.message));
  }
});

testHosts("the root itself is named in errors about it", (bench) => {
  const { top, path } = bench;
  const error = assertThrows(
    () => top.setOwnMetadata(metadata({ owner: { uid: 1, gid: 1 } })),
    SystemError,
    path,
  );
  assertEquals(error.code, "EPERM");
}, { hosts: IS_ROOT ? [] : LIBC_BOTH });
