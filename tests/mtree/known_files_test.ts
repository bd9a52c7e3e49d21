/** Which files are known, and which may be others. */
import { assertEquals } from "@std/assert";
import type { InodeInfo } from "../../src/host/directory.ts";
import { isSettled } from "../../src/mtree/inode_stamp.ts";
import { KnownFiles } from "../../src/mtree/known_files.ts";
import { inode } from "./fixtures.ts";

const SHA256 = "0123456789abcdef".repeat(4);
const XATTRS = new Map([["user.a", Uint8Array.of(1)]]);

function known(info: InodeInfo): KnownFiles {
  const files = new KnownFiles();
  files.note(info, { sha256: SHA256, xattrs: XATTRS });
  return files;
}

const CHANGES: [name: string, changes: Partial<InodeInfo>][] = [
  ["size", { size: 6 }],
  ["mtime in seconds", { mtime: { seconds: 1, nanoseconds: 2 } }],
  ["mtime", { mtime: { seconds: 2, nanoseconds: 3 } }],
  ["ctime in seconds", { ctime: { seconds: 4, nanoseconds: 3 } }],
  ["ctime", { ctime: { seconds: 3, nanoseconds: 4 } }],
  ["device", { device: 5 }],
  ["inode", { inode: 6 }],
];

for (const [name, changes] of CHANGES) {
  Deno.test(`a file of another ${name} is another file`, () => {
    assertEquals(known(inode()).find(inode(changes)), undefined);
  });
}

Deno.test("a file that is what it was is known", () => {
  const file = known(inode()).find(
    inode({ atime: { seconds: 9, nanoseconds: 9 }, nlink: 1 }),
  );
  assertEquals(file?.sha256, SHA256);
  assertEquals(file?.xattrs, XATTRS);
});

Deno.test("a file that got another name is still known", () => {
  const before = inode();
  const ctime = { seconds: 8, nanoseconds: 8 };
  const after = inode({ ctime, nlink: 2 });
  const files = known(before);
  files.linked(before, after);
  assertEquals(files.find(after)?.sha256, SHA256);
  assertEquals(files.find(before), undefined);
});

Deno.test("an inode that was given to another file is forgotten", () => {
  const files = known(inode());
  files.forget(inode());
  assertEquals(files.find(inode()), undefined);
});

Deno.test("a file that had changed before that is not", () => {
  const files = known(inode());
  const ctime = { seconds: 8, nanoseconds: 8 };
  files.linked(inode({ ctime }), inode({ ctime, nlink: 2 }));
  assertEquals(files.find(inode({ ctime, nlink: 2 })), undefined);
});

/** The clock's tick in which the looking began, and around it. */
const RACY: [seconds: number, nanoseconds: number, isSettled: boolean][] = [
  [100, 499, true],
  [99, 999_999_999, true],
  [-5, 0, true],
  [100, 500, false],
  [100, 501, false],
  [101, 0, false],
];

for (const [seconds, nanoseconds, expected] of RACY) {
  const verb = expected ? "trusted" : "not trusted";
  Deno.test(`what changed at ${seconds}.${nanoseconds} is ${verb}`, () => {
    const info = inode({ ctime: { seconds, nanoseconds } });
    const begun = { seconds: 100, nanoseconds: 500 };
    assertEquals(isSettled(info, begun), expected);
  });
}
