import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/errors.ts";
import { setXattr, statOf } from "./disk.ts";
import { directory, LIBC_BOTH, makeFile, testHosts } from "./hosts.ts";

testHosts("a file is read in pieces of any size", ({ top, path }) => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251);
  Deno.writeFileSync(`${path}/f`, bytes);
  for (const size of [100_001, 4096, 70_000, 1_000_000]) {
    const file = top.openFile("f");
    assertEquals([file.info.type, file.info.size], ["file", bytes.length]);
    const there = new Uint8Array(bytes.length);
    const buffer = new Uint8Array(size);
    let length = 0;
    for (let read = file.read(buffer); read > 0; read = file.read(buffer)) {
      there.set(buffer.subarray(0, read), length);
      length += read;
    }
    assertEquals(file.read(buffer), 0);
    file.close();
    assertEquals(length, bytes.length);
    assert(there.every((byte, i) => byte === bytes[i]));
  }
});

testHosts("nothing but a regular file is opened", (bench) => {
  const { top, path, outside } = bench;
  Deno.writeTextFileSync(`${outside}/secret`, "");
  Deno.mkdirSync(`${path}/directory`);
  Deno.symlinkSync(`${outside}/secret`, `${path}/link`);
  Deno.symlinkSync("nowhere", `${path}/dangling`);
  new Deno.Command("mkfifo", { args: [`${path}/fifo`] }).outputSync();
  for (const name of ["directory", "link", "dangling", "fifo", "missing"]) {
    const error = assertThrows(
      () => top.openFile(name),
      SystemError,
      `${name}"`,
    );
    assert(["EINVAL", "ELOOP", "ENOENT"].includes(error.code), error.message);
  }
});

testHosts("names of one inode have one identity", ({ root, top }) => {
  makeFile(top, "alone", "x");
  makeFile(top, "one", "x");
  makeFile(top, "third", "x");
  top.createDirectory("d");
  const d = directory(root, "d");
  assert(d.createLink("two", top, "one"));
  assert(d.createLink("fourth", top, "third"));
  const identities = [
    top.lookup("one"),
    d.lookup("two"),
    top.lookup("third"),
    d.lookup("fourth"),
  ].map((info) => info?.identity);
  assert(identities.every((identity) => identity !== ""));
  assertEquals(identities[0], identities[1]);
  assertEquals(identities[2], identities[3]);
  assert(identities[0] !== identities[2]);
  assertEquals(top.lookup("one")?.nlink, 2);
  const file = top.openFile("one");
  assertEquals(file.info.identity, identities[0]);
  file.close();
  // A directory has many links and one name.
  assertEquals(top.lookup("alone")?.identity, "");
  assertEquals(top.lookup("d")?.identity, "");
});

testHosts("a device's numbers are read", ({ root }) => {
  for (
    const [name, major, minor] of [["a", 1, 3], ["b", 4095, 1_048_575]] as const
  ) {
    new Deno.Command("mknod", {
      args: [`${root.path}/${name}`, "c", String(major), String(minor)],
    }).outputSync();
    assertEquals(statOf(`${root.path}/${name}`).device, `${major},${minor}`);
    const made = directory(root, "").lookup(name);
    assertEquals([made?.type, made?.deviceMajor, made?.deviceMinor], [
      "character-device",
      major,
      minor,
    ]);
  }
}, { needsRoot: true });

testHosts("xattrs are read, large ones too", ({ root, top, path }) => {
  makeFile(top, "f", "x");
  top.createDirectory("d");
  const large = new Uint8Array(3500).fill(0xfe);
  for (const name of ["f", "d"]) {
    assert(setXattr(`${path}/${name}`, "user.b", new Uint8Array([0, 255, 0])));
    assert(setXattr(`${path}/${name}`, "user.a", new Uint8Array(0)));
    assert(setXattr(`${path}/${name}`, "user.large", large));
  }
  const file = top.openFile("f");
  const found = [
    file.xattrs(),
    top.xattrs("d"),
    directory(root, "d").xattrs(""),
  ];
  file.close();
  for (const xattrs of found) {
    assertEquals([...xattrs], [
      ["user.a", new Uint8Array(0)],
      ["user.b", new Uint8Array([0, 255, 0])],
      ["user.large", large],
    ]);
  }
}, { hosts: LIBC_BOTH });

testHosts("a symlink's xattrs are not its target's", (bench) => {
  const { top, path } = bench;
  makeFile(top, "f", "x");
  assert(setXattr(`${path}/f`, "user.a", new Uint8Array(1)));
  assert(top.createSymlink("l", "f"));
  assertEquals([...top.xattrs("l")], []);
  const error = assertThrows(() => top.xattrs("missing"), SystemError);
  assertEquals(error.code, "ENOENT");
  assert(error.message.includes('missing"'), error.message);
}, { hosts: LIBC_BOTH });
