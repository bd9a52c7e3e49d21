/** Which files an index knows, and which it does not dare to. */
import { assertEquals } from "@std/assert";
import type { InodeInfo } from "../../src/host/directory.ts";
import { InodeIndex } from "../../src/mtree/inode_index.ts";

const SHA256 = "0123456789abcdef".repeat(4);
const BEGUN = { seconds: 100, nanoseconds: 500 };

/** An inode that was changed long before the index was begun. */
function inode(changes: Partial<InodeInfo> = {}): InodeInfo {
  return {
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 5,
    atime: { seconds: 1, nanoseconds: 1 },
    mtime: { seconds: 2, nanoseconds: 2 },
    ctime: { seconds: 3, nanoseconds: 3 },
    device: 4,
    inode: 5,
    nlink: 1,
    identity: "",
    deviceMajor: 0,
    deviceMinor: 0,
    ...changes,
  };
}

function written(info: InodeInfo): InodeIndex {
  const index = new InodeIndex();
  index.note(info, { sha256: SHA256, xattrs: [["user.a", "MQ=="]] });
  return InodeIndex.parse(index.format(BEGUN));
}

const CHANGES: [name: string, changes: Partial<InodeInfo>][] = [
  ["size", { size: 6 }],
  ["mtime", { mtime: { seconds: 2, nanoseconds: 3 } }],
  ["ctime", { ctime: { seconds: 3, nanoseconds: 4 } }],
  ["device", { device: 5 }],
  ["inode", { inode: 6 }],
];

for (const [name, changes] of CHANGES) {
  Deno.test(`a file of another ${name} is another file`, () => {
    assertEquals(written(inode()).find(inode(changes)), undefined);
  });
}

Deno.test("a file that is what it was is known", () => {
  const known = written(inode()).find(
    inode({ atime: { seconds: 9, nanoseconds: 9 }, nlink: 1 }),
  );
  assertEquals(known?.sha256, SHA256);
  assertEquals(known?.xattrs, [["user.a", "MQ=="]]);
});

/** The clock's tick in which the index was begun, and around it. */
const RACY: [seconds: number, nanoseconds: number, isKnown: boolean][] = [
  [100, 499, true],
  [99, 999_999_999, true],
  [-5, 0, true],
  [100, 500, false],
  [100, 501, false],
  [101, 0, false],
];

for (const [seconds, nanoseconds, isKnown] of RACY) {
  const verb = isKnown ? "known" : "not trusted";
  Deno.test(`a file that changed at ${seconds}.${nanoseconds} is ${verb}`, () => {
    const info = inode({ ctime: { seconds, nanoseconds } });
    assertEquals(written(info).find(info) !== undefined, isKnown);
  });
}

for (
  const text of [
    "",
    "{",
    "null",
    "[]",
    '{"version":2,"files":[]}',
    '{"version":1}',
    '{"version":1,"files":[["4:5",{"stamp":"5 2.2 3.3","sha256":"short"}]]}',
    '{"version":1,"files":[[1,2]]}',
  ]
) {
  Deno.test(`nothing is known from ${JSON.stringify(text)}`, () => {
    assertEquals(InodeIndex.parse(text).size, 0);
  });
}
