import { assert, assertEquals, assertThrows } from "@std/assert";
import { MissingPermissionError, SystemError } from "../../src/errors.ts";
import { namesIn, statOf } from "./disk.ts";
import {
  directory,
  LIBC,
  LIBC_BOTH,
  makeFile,
  metadata,
  testHosts,
} from "./hosts.ts";

testHosts("a new directory is its owner's alone", ({ top, path }) => {
  assert(top.createDirectory("d"));
  assertEquals(statOf(`${path}/d`).mode, "700");
});

testHosts("a new file is its owner's alone until it is done", (bench) => {
  const { top, path } = bench;
  const file = top.createFile("f");
  assert(file !== undefined);
  assertEquals(statOf(`${path}/f`).mode, "600");
  file.discard();
  assertEquals(statOf(`${path}/f`).mode, "600");
});

testHosts("a file is written piece by piece", ({ top, path }) => {
  const file = top.createFile("f");
  assert(file !== undefined);
  file.write(new Uint8Array([1, 2, 3]), 0);
  file.write(new Uint8Array(0), 3);
  file.write(new Uint8Array([4]), 3);
  file.write(new Uint8Array([9]), 6);
  file.finish(8, metadata());
  assertEquals(
    [...Deno.readFileSync(`${path}/f`)],
    [1, 2, 3, 4, 0, 0, 9, 0],
  );
});

testHosts("an empty file is one", ({ top, path }) => {
  top.createFile("f")?.finish(0, metadata({ mode: 0o755 }));
  const stat = statOf(`${path}/f`);
  assertEquals(
    [stat.type, stat.size, stat.mode],
    ["regular empty file", 0, "755"],
  );
});

testHosts("what is not written takes no space", ({ top, path }) => {
  const MiB = 1024 * 1024;
  const file = top.createFile("sparse");
  assert(file !== undefined);
  const block = new Uint8Array(4096).fill(7);
  file.write(block, 0);
  file.write(block, 512 * MiB);
  file.finish(10 * 1024 * MiB, metadata());
  const stat = statOf(`${path}/sparse`);
  assertEquals(stat.size, 10 * 1024 * MiB);
  assert(stat.blocks <= 64, `${stat.blocks} blocks`);
  using opened = Deno.openSync(`${path}/sparse`);
  for (
    const [offset, byte] of [[4095, 7], [4096, 0], [512 * MiB, 7]] as const
  ) {
    opened.seekSync(offset, Deno.SeekMode.Start);
    const one = new Uint8Array(1);
    assertEquals(opened.readSync(one), 1);
    assertEquals(one[0], byte, `at ${offset}`);
  }

  top.createFile("hole")?.finish(5 * MiB, metadata());
  const hole = statOf(`${path}/hole`);
  assertEquals([hole.size, hole.blocks], [5 * MiB, 0]);
});

testHosts("a large piece is written whole", ({ top, path }) => {
  const bytes = new Uint8Array(9 * 1024 * 1024 + 1);
  for (let i = 0; i < bytes.length; i += 4096) bytes[i] = i % 251;
  const file = top.createFile("f");
  file?.write(bytes, 0);
  file?.finish(bytes.length, metadata());
  const there = Deno.readFileSync(`${path}/f`);
  assertEquals(there.length, bytes.length);
  assert(there.every((byte, i) => byte === bytes[i]));
});

testHosts("nothing is made where the name is taken", (bench) => {
  const { host, top, path, outside } = bench;
  Deno.mkdirSync(`${path}/directory`);
  Deno.writeTextFileSync(`${path}/file`, "kept");
  Deno.symlinkSync(`${outside}/new`, `${path}/dangling`);
  Deno.symlinkSync("directory", `${path}/link`);
  for (const name of ["directory", "file", "dangling", "link"]) {
    const before = statOf(`${path}/${name}`);
    assertEquals(top.createDirectory(name), false);
    assertEquals(top.createFile(name), undefined);
    assertEquals(top.createSymlink(name, "x"), false);
    assertEquals(top.createLink(name, top, "file"), false);
    if (host !== "deno") {
      assertEquals(top.createNode(name, "fifo", 0, 0), false);
    }
    const { links: _, ...after } = statOf(`${path}/${name}`);
    const { links: __, ...expected } = before;
    assertEquals(after, expected);
  }
  assertEquals(Deno.readTextFileSync(`${path}/file`), "kept");
  assertEquals(namesIn(outside), []);
  assertEquals(namesIn(path), ["dangling", "directory", "file", "link"]);
});

testHosts("a symlink's target is taken as it is", ({ top, path }) => {
  const targets = [
    "/",
    "..",
    "a//b/./c/../",
    "line\nbreak",
    'quo"te\\',
    "é€😀",
    "-dash",
    " ",
  ];
  targets.forEach((target, i) => {
    assert(top.createSymlink(`l${i}`, target));
    assertEquals(Deno.readLinkSync(`${path}/l${i}`), target);
    assertEquals(top.readLink(`l${i}`), target);
  });
  const error = assertThrows(() => top.createSymlink("e", ""), SystemError);
  assertEquals(error.code, "ENOENT");
});

testHosts("a symlink's target may have 4095 bytes", ({ top, path }) => {
  const longest = "t/".repeat(2047) + "t";
  assert(top.createSymlink("l", longest));
  assertEquals(Deno.readLinkSync(`${path}/l`), longest);
  assertEquals(top.readLink("l"), longest);
  for (const length of [4096, 8191, 8192, 1_000_000]) {
    const error = assertThrows(
      () => top.createSymlink("long", "x".repeat(length)),
      SystemError,
    );
    assertEquals(error.code, "ENAMETOOLONG");
  }
  assertEquals(namesIn(path), ["l"]);
});

testHosts("a hard link is another name of the file", ({ root, top, path }) => {
  top.createDirectory("d");
  makeFile(top, "f", "contents");
  assert(directory(root, "d").createLink("name", top, "f"));
  const [one, other] = [statOf(`${path}/f`), statOf(`${path}/d/name`)];
  assertEquals(one.inode, other.inode);
  assertEquals(one.links, 2);
});

testHosts("a hard link to a symlink does not follow it", (bench) => {
  const { top, path, outside } = bench;
  Deno.writeTextFileSync(`${outside}/secret`, "");
  top.createSymlink("s", `${outside}/secret`);
  top.createSymlink("dangling", "nowhere");
  assert(top.createLink("l", top, "s"));
  assert(top.createLink("l2", top, "dangling"));
  assertEquals(statOf(`${path}/l`).type, "symbolic link");
  assertEquals(statOf(`${path}/l`).inode, statOf(`${path}/s`).inode);
  assertEquals(statOf(`${path}/l2`).inode, statOf(`${path}/dangling`).inode);
  assertEquals(statOf(`${outside}/secret`).links, 1);
});

testHosts("a hard link to nothing, or to a directory, fails", ({ top }) => {
  top.createDirectory("d");
  const missing = assertThrows(
    () => top.createLink("l", top, "x"),
    SystemError,
  );
  assertEquals(missing.code, "ENOENT");
  const error = assertThrows(() => top.createLink("l", top, "d"), SystemError);
  assertEquals(error.code, "EPERM");
  assert(error.message.includes('l"'), error.message);
});

testHosts("a fifo is made", ({ top, path }) => {
  assert(top.createNode("p", "fifo", 0, 0));
  assertEquals(statOf(`${path}/p`).type, "fifo");
  assertEquals(statOf(`${path}/p`).mode, "600");
  top.setMetadata("p", "fifo", metadata({ mode: 0o666 }));
  assertEquals(statOf(`${path}/p`).mode, "666");
  assertEquals(top.lookup("p")?.type, "fifo");
}, { hosts: LIBC_BOTH });

testHosts("devices are made with their numbers", ({ top, path }) => {
  const cases: [
    name: string,
    type: "character-device" | "block-device",
    major: number,
    minor: number,
  ][] = [
    ["null", "character-device", 1, 3],
    ["sda", "block-device", 8, 0],
    ["minor", "character-device", 10, 1_048_575],
    ["wide", "block-device", 259, 256],
    ["major", "character-device", 4095, 255],
  ];
  for (const [name, type, major, minor] of cases) {
    assert(top.createNode(name, type, major, minor));
    const stat = statOf(`${path}/${name}`);
    assertEquals(stat.device, `${major},${minor}`);
    assertEquals(top.lookup(name)?.type, type);
  }
}, { hosts: LIBC, needsRoot: true });

testHosts("device numbers that Linux has not are refused", ({ top, path }) => {
  for (const [major, minor] of [[4096, 0], [0, 1 << 20], [2 ** 21, 2 ** 21]]) {
    const error = assertThrows(
      () => top.createNode("n", "character-device", major ?? 0, minor ?? 0),
      SystemError,
      "n",
    );
    assertEquals(error.code, "EINVAL");
  }
  assertEquals(namesIn(path), []);
}, { hosts: LIBC });

testHosts("devices and fifos take FFI", ({ top, path }) => {
  for (const type of ["fifo", "block-device", "character-device"] as const) {
    const error = assertThrows(
      () => top.createNode("n", type, 1, 3),
      MissingPermissionError,
      type,
    );
    assertEquals(error.flag, "--allow-ffi");
  }
  assertEquals(namesIn(path), []);
}, { hosts: ["deno"] });

testHosts("lookup says what is there", ({ top, path }) => {
  makeFile(top, "file", "12345", { mode: 0o4751 });
  top.createDirectory("dir");
  top.createSymlink("link", "file");
  assertEquals(top.lookup("nothing"), undefined);
  const file = top.lookup("file");
  assertEquals([file?.type, file?.mode, file?.size], ["file", 0o4751, 5]);
  assertEquals(file?.uid, statOf(`${path}/file`).uid);
  assertEquals(file?.gid, statOf(`${path}/file`).gid);
  assertEquals(top.lookup("dir")?.type, "directory");
  assertEquals(top.lookup("link")?.type, "symlink");
  assertEquals(top.stat().type, "directory");
});

testHosts("list gives every name once, each time", ({ top, path }) => {
  assertEquals(top.list(), []);
  const names: string[] = [];
  for (let i = 0; i < 1500; i++) {
    const name = `${i}-${"n".repeat(i % 200)}`;
    Deno.symlinkSync("x", `${path}/${name}`);
    names.push(name);
  }
  for (let round = 0; round < 2; round++) {
    assertEquals(top.list().sort(), [...names].sort());
  }
});

testHosts("readFile reads regular files within the limit alone", (bench) => {
  const { top, path, outside } = bench;
  Deno.writeTextFileSync(`${outside}/secret`, "secret");
  Deno.writeTextFileSync(`${path}/f`, "12345");
  Deno.symlinkSync("f", `${path}/link`);
  Deno.symlinkSync(`${outside}/secret`, `${path}/out`);
  Deno.mkdirSync(`${path}/d`);
  new Deno.Command("mkfifo", { args: [`${path}/p`] }).outputSync();
  assertEquals(new TextDecoder().decode(top.readFile("f", 5)), "12345");
  assertThrows(() => top.readFile("f", 4), SystemError, "f");
  for (const name of ["link", "out", "d", "p", "nothing"]) {
    const error = assertThrows(() => top.readFile(name, 100), SystemError);
    assert(error.message.includes(`${name}"`), error.message);
  }
});
