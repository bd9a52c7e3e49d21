// The suite judges by `compareTrees` and `assertSameListing`: each attribute
// that differs must be seen by them.
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { inTemporaryDirectory, run } from "./command.ts";
import { assertSameListing, type ListedEntry } from "./listing.ts";
import { interopTest } from "./peers.ts";
import { compareTrees, type Explanation, scanTree } from "./tree.ts";

/** Makes the tree that the changes below change. */
const MAKE = `
  mkdir -p dir/sub
  echo content > dir/file
  echo other > dir/other
  ln dir/file dir/link
  ln -s file dir/symlink
  mkfifo dir/fifo
  mknod dir/device c 1 3
  setfattr -n user.x -v 1 dir/file
  find . -exec touch --no-dereference -d '2001-02-03 04:05:06.5Z' {} +
`;

/** One change to the tree, and the only differences it must make. */
const CHANGES: [name: string, command: string, expected: string[]][] = [
  ["nothing", "true", []],
  ["mode", "chmod 4755 dir/file", [
    '"dir/file": mode is 2541, not 420',
    '"dir/link": mode is 2541, not 420',
  ]],
  ["owner", "chown -h 5 dir/symlink", ['"dir/symlink": uid is 5, not 0']],
  ["group", "chgrp 6 dir/fifo", ['"dir/fifo": gid is 6, not 0']],
  ["seconds", "touch -d '2001-02-03 04:05:07.5Z' dir/sub", [
    '"dir/sub": mtimeSeconds is 981173107, not 981173106',
  ]],
  ["nanoseconds", "touch -d '2001-02-03 04:05:06.500000001Z' dir/sub", [
    '"dir/sub": mtimeNanoseconds is 500000001, not 500000000',
  ]],
  ["contents", "echo altered > dir/other; touch -r dir/file dir/other", [
    '"dir/other": sha256 is',
    '"dir/other": size is 8, not 6',
  ]],
  [
    "contents of the same size",
    "echo OTHER > dir/other; touch -r dir/file dir/other",
    [
      '"dir/other": sha256 is',
    ],
  ],
  [
    "a hard link that is a copy",
    "cp -a dir/link x; mv -f x dir/link; touch -r dir/file . dir",
    [
      '"dir/file": linkGroup is none, not "dir/file"',
      '"dir/link": linkGroup is none, not "dir/file"',
    ],
  ],
  [
    "symlink target",
    "ln -nsf other dir/symlink; touch -hr dir/file dir/symlink dir",
    [
      '"dir/symlink": target is "other", not "file"',
    ],
  ],
  [
    "device number",
    "rm dir/device; mknod dir/device c 1 5; touch -r dir/file dir/device dir",
    [
      '"dir/device": device is "1:5", not "1:3"',
    ],
  ],
  [
    "device type",
    "rm dir/device; mknod dir/device b 1 3; touch -r dir/file dir/device dir",
    [
      '"dir/device": type is "block-device", not "character-device"',
    ],
  ],
  ["xattr value", "setfattr -n user.x -v 2 dir/file", [
    '"dir/file": xattrs is {"user.x":"32"}, not {"user.x":"31"}',
    '"dir/link": xattrs is {"user.x":"32"}, not {"user.x":"31"}',
  ]],
  ["missing", "rmdir dir/sub; touch -r dir/file dir", ['"dir/sub": missing']],
  ["extra", "mkdir dir/more; touch -r dir/file dir", ['"dir/more": extra']],
];

for (const [name, command, expected] of CHANGES) {
  interopTest(
    `compareTrees: ${name}`,
    ["root", "python3", "setfattr"],
    () =>
      inTemporaryDirectory(async (directory) => {
        await run("sh", ["-euc", MAKE], directory);
        const before = await scanTree(directory);
        await run("sh", ["-euc", command], directory);
        const differences = compareTrees(before, await scanTree(directory));
        assertEquals(
          differences.length,
          expected.length,
          differences.join("\n"),
        );
        for (const [i, start] of expected.entries()) {
          assertStringIncludes(differences.toSorted()[i] ?? "", start);
        }
      }),
  );
}

interopTest(
  "compareTrees: an explanation covers what it says and nothing else",
  ["python3"],
  () =>
    inTemporaryDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      const before = await scanTree(directory);
      await Deno.chmod(`${directory}/file`, 0o600);
      await Deno.writeTextFile(`${directory}/file`, "more");
      await Deno.utime(`${directory}/file`, 1, 2);
      const after = await scanTree(directory);
      const explanation: Explanation = {
        path: /^file$/,
        attributes: ["mode", "mtimeSeconds", "mtimeNanoseconds"],
        because: "the test changed them",
      };
      assertEquals(
        compareTrees(before, after, [explanation]).map((line) =>
          line.split(" is ")[0]
        ),
        ['"file": size', '"file": sha256'],
      );
      assertEquals(compareTrees(before, before, [explanation]), [
        "/^file$/ explains nothing any more",
      ]);
    }),
);

Deno.test("assertSameListing: sees each attribute and each name", () => {
  const entry: ListedEntry = {
    type: "file",
    name: "name",
    mode: 0o644,
    uid: 1,
    gid: 2,
    mtimeSeconds: 3,
    mtimeNanoseconds: 4,
    userName: "user",
    groupName: "group",
    xattrs: { "user.x": "00" },
    size: 5,
    sha256: "6",
    linkName: "7",
    device: "8:9",
  };
  assertSameListing([entry], [{ ...entry }]);
  // What a peer does not list is not compared.
  assertSameListing([{ ...entry, device: undefined }], [entry]);
  for (const attribute of Object.keys(entry)) {
    const changed = { ...entry, [attribute]: "changed" };
    assertThrows(() => assertSameListing([entry], [changed]), Error, attribute);
  }
  assertThrows(() => assertSameListing([entry], []), Error, "names differ");
  assertThrows(() => assertSameListing([], [entry]), Error, "names differ");
});
