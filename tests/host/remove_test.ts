import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/errors.ts";
import { namesIn, statOf } from "./disk.ts";
import { directory, LIBC_BOTH, testHosts } from "./hosts.ts";

testHosts("remove takes a name away, whatever it is", ({ top, path }) => {
  Deno.writeTextFileSync(`${path}/file`, "");
  Deno.mkdirSync(`${path}/directory`);
  Deno.symlinkSync("nowhere", `${path}/dangling`);
  new Deno.Command("mkfifo", { args: [`${path}/fifo`] }).outputSync();
  for (const name of ["file", "directory", "dangling", "fifo"]) {
    assertEquals(top.remove(name), true, name);
    assertEquals(top.remove(name), false, name);
  }
  assertEquals(namesIn(path), []);
});

testHosts("remove does not follow a symlink", ({ top, path, outside }) => {
  Deno.mkdirSync(`${outside}/kept/deep`, { recursive: true });
  Deno.mkdirSync(`${path}/tree`);
  Deno.symlinkSync(outside, `${path}/link`);
  Deno.symlinkSync(outside, `${path}/tree/link`);
  assert(top.remove("link"));
  assert(top.remove("tree"));
  assertEquals(namesIn(path), []);
  assertEquals(namesIn(`${outside}/kept`), ["deep"]);
});

testHosts("the other names of a hard link stay", ({ top, path, outside }) => {
  Deno.writeTextFileSync(`${outside}/f`, "kept");
  Deno.mkdirSync(`${path}/d`);
  Deno.linkSync(`${outside}/f`, `${path}/d/f`);
  assert(top.remove("d"));
  assertEquals(Deno.readTextFileSync(`${outside}/f`), "kept");
  assertEquals(statOf(`${outside}/f`).links, 1);
});

testHosts("a very deep tree is removed", ({ root, top, path }) => {
  // A path has 4095 bytes at most: half of the tree is made, then moved down.
  const depth = 1500;
  const deep = Array(depth).fill("d").join("/");
  for (const name of ["upper", "lower"]) {
    directory(root, `${name}/${deep}`, (parent, name) => {
      return parent.createDirectory(name);
    });
  }
  const bottom = directory(root, `upper/${deep}`);
  assert(bottom.createSymlink("at-the-bottom", "x"));
  Deno.renameSync(`${path}/lower`, `${path}/upper/${deep}/lower`);
  assert(top.remove("upper"));
  assertEquals(namesIn(path), []);
});

testHosts("a very wide tree is removed", ({ top, path }) => {
  Deno.mkdirSync(`${path}/wide`);
  Deno.writeTextFileSync(`${path}/file`, "");
  for (let i = 0; i < 20_000; i++) {
    // Hard links are fast to make; the kernel lets 65,000 be.
    Deno.linkSync(`${path}/file`, `${path}/wide/${i}`);
  }
  assert(top.remove("wide"));
  assertEquals(namesIn(path), ["file"]);
  assertEquals(statOf(`${path}/file`).links, 1);
});

testHosts("a tree full of directories is removed", ({ top, path }) => {
  for (let i = 0; i < 100; i++) {
    Deno.mkdirSync(`${path}/t/${i}/a/b`, { recursive: true });
  }
  assert(top.remove("t"));
  assertEquals(namesIn(path), []);
});

testHosts("names like those of the removal are no trouble", (bench) => {
  const { top, path } = bench;
  for (let i = 0; i < 5; i++) {
    const name = `.strata-removed-${i}`;
    Deno.mkdirSync(`${path}/t/${name}/${name}/x`, { recursive: true });
    Deno.mkdirSync(`${path}/t/other/.strata-removed-${i + 3}/y`, {
      recursive: true,
    });
    Deno.writeTextFileSync(`${path}/t/other/f.strata-removed-${i}`, "");
  }
  Deno.writeTextFileSync(`${path}/t/.strata-removed-5`, "");
  assert(top.remove("t"));
  assertEquals(namesIn(path), []);
});

testHosts("directories without any rights are removed", ({ top, path }) => {
  for (const mode of [0o000, 0o111, 0o444, 0o555, 0o600]) {
    const place = `${path}/t/${mode.toString(8)}`;
    Deno.mkdirSync(`${place}/sub/deep`, { recursive: true });
    Deno.writeTextFileSync(`${place}/file`, "");
    Deno.writeTextFileSync(`${place}/sub/file`, "");
    Deno.chmodSync(`${place}/sub`, mode);
    Deno.chmodSync(place, mode);
  }
  Deno.chmodSync(`${path}/t`, 0o000);
  assert(top.remove("t"));
  assertEquals(namesIn(path), []);
});

testHosts(
  "a directory is removed while it is in use",
  ({ root, top, path }) => {
    for (let i = 0; i < 10; i++) {
      Deno.mkdirSync(`${path}/a/b${i}/c`, { recursive: true });
    }
    Deno.mkdirSync(`${path}/ab`);
    const sibling = directory(root, "ab");
    const held = Array.from(
      { length: 10 },
      (_, i) => directory(root, `a/b${i}/c`),
    );
    assert(top.remove("a"));
    for (const gone of held) {
      const error = assertThrows(() => gone.createDirectory("x"), SystemError);
      assertEquals(error.code, "EBADF");
    }
    // It begins like what was removed, and is another.
    assert(sibling.createDirectory("x"));
    assertEquals(namesIn(path), ["ab"]);
  },
);

testHosts("what cannot be removed is named", ({ top, path }) => {
  Deno.mkdirSync(`${path}/t`);
  Deno.writeTextFileSync(`${path}/t/f`, "");
  Deno.chmodSync(path, 0o555);
  try {
    const error = assertThrows(() => top.remove("t"), SystemError, 't"');
    assertEquals(error.code, "EACCES");
  } finally {
    Deno.chmodSync(path, 0o755);
  }
}, { hosts: Deno.uid() === 0 ? [] : LIBC_BOTH });
