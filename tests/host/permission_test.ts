import { assert, assertEquals, assertThrows } from "@std/assert";
import { MissingPermissionError, SystemError } from "../../src/errors.ts";
import { openRoot } from "../../src/host/open_root.ts";
import { LIBC_PATH } from "./libc_path.ts";
import { directory, IS_ROOT, makeFile, metadata, Told } from "./hosts.ts";

// Permissions are fixed when a test is registered: the directory is there by
// then, and it is removed when all of this file has run.
const base = Deno.makeTempDirSync({ prefix: "strata-permission-" });
const inside = `${base}/inside`;
const other = `${base}/other`;
Deno.mkdirSync(inside);
Deno.mkdirSync(other);
Deno.writeTextFileSync(`${other}/secret`, "secret");
addEventListener("unload", () => Deno.removeSync(base, { recursive: true }));

const scoped = { read: [inside], write: [inside] };

Deno.test({
  name: "scoped read, write and ffi do everything",
  permissions: { ...scoped, ffi: [LIBC_PATH] },
  fn() {
    const told = new Told();
    using root = openRoot(inside, "write", told);
    assertEquals(root.kind, "libc");
    const top = directory(root, "");
    const xattrs = new Map([["user.x", new Uint8Array([1])]]);
    makeFile(top, "f", "contents", { xattrs });
    assert(top.createSymlink("l", "f"));
    top.setMetadata("l", "symlink", metadata());
    assert(top.createNode("p", "fifo", 0, 0));
    top.setMetadata("p", "fifo", metadata());
    assert(top.createDirectory("d"));
    directory(root, "d").setOwnMetadata(metadata({ mode: 0o755 }));
    assert(directory(root, "d").createLink("h", top, "l"));
    assertEquals(top.list().sort(), ["d", "f", "l", "p"]);
    assertEquals(top.readLink("l"), "f");
    assertEquals(top.readFile("f", 8).length, 8);
    for (const name of top.list()) assert(top.remove(name));
    assertEquals(typeof root.inUserNamespace, "boolean");
    assertEquals(told, new Told());
  },
});

Deno.test({
  name: "scoped read and write without ffi do files and directories",
  permissions: scoped,
  fn() {
    using root = openRoot(inside, "write", new Told());
    assertEquals(root.kind, "deno");
    const top = directory(root, "");
    makeFile(top, "f", "contents");
    assert(top.createDirectory("d"));
    directory(root, "d").setOwnMetadata(metadata({ mode: 0o755 }));
    assertEquals(top.lookup("f")?.size, 8);
    assertEquals(top.readFile("f", 8).length, 8);
    for (const name of top.list()) assert(top.remove(name));
  },
});

Deno.test({
  name: "scoped read and write without ffi make no symlinks, and say why",
  permissions: scoped,
  fn() {
    using root = openRoot(inside, "write", new Told());
    const top = directory(root, "");
    const error = assertThrows(
      () => top.createSymlink("l", "f"),
      MissingPermissionError,
      "symlink",
    );
    assertEquals(error.flag, "--allow-read");
    assert(error.message.includes("--allow-ffi"), error.message);
    assert(error.message.includes(`${inside}/l`), error.message);
    assertEquals(top.list(), []);
  },
});

Deno.test({
  name: "unscoped read and write without ffi make symlinks",
  permissions: { read: true, write: true, sys: true },
  fn() {
    using root = openRoot(inside, "write", new Told());
    assertEquals(root.kind, "deno");
    const top = directory(root, "");
    assert(top.createSymlink("l", other));
    const owner = IS_ROOT ? { uid: 7, gid: 8 } : undefined;
    top.setMetadata("l", "symlink", metadata({ owner }));
    assertEquals(top.lookup("l")?.mtime.seconds, 1_000_000_000);
    assertEquals(root.directory("l"), undefined);
    assert(top.remove("l"));
    assertEquals(Deno.readTextFileSync(`${other}/secret`), "secret");
  },
});

for (const ffi of [true, false]) {
  const name = ffi ? "with ffi" : "without ffi";

  Deno.test({
    name: `nothing is opened that may not be read (${name})`,
    permissions: { ...scoped, ffi },
    fn() {
      for (const path of [other, base, "/", "/etc", `${inside}/../other`]) {
        const error = assertThrows(
          () => openRoot(path, "read", new Told()),
          MissingPermissionError,
          "Cannot open the directory",
        );
        assertEquals(error.flag, `--allow-read=${path}`);
        assert(error.message.endsWith(`run deno with ${error.flag}`));
      }
    },
  });

  Deno.test({
    name: `nothing is changed that may be read alone (${name})`,
    permissions: { read: true, ffi },
    fn() {
      const error = assertThrows(
        () => openRoot(inside, "write", new Told()),
        MissingPermissionError,
        inside,
      );
      assertEquals(error.flag, `--allow-write=${inside}`);
      using root = openRoot(inside, "read", new Told());
      assertEquals(root.kind, ffi ? "libc" : "deno");
      assertEquals(directory(root, "").list(), []);
    },
  });

  Deno.test({
    name: `a root that is no directory is named (${name})`,
    permissions: { read: true, ffi },
    fn() {
      const cases = [[`${base}/missing`, "ENOENT"], [
        `${other}/secret`,
        "ENOTDIR",
      ]] as const;
      for (const [path, code] of cases) {
        const error = assertThrows(
          () => openRoot(path, "read", new Told()),
          SystemError,
          path,
        );
        assertEquals(error.code, code);
      }
    },
  });
}

Deno.test({
  name: "a grant for another library is no grant for libc",
  permissions: { ...scoped, ffi: [`${inside}/other.so`] },
  fn() {
    using root = openRoot(inside, "write", new Told());
    assertEquals(root.kind, "deno");
  },
});

Deno.test("ffi is no way to what a --deny flag leaves out", () => {
  const denied = `${base}/denied`;
  Deno.mkdirSync(`${denied}/secret`, { recursive: true });
  const source = new URL("../../src/host/open_root.ts", import.meta.url);
  const program = `
    import { openRoot } from ${JSON.stringify(source.href)};
    using root = openRoot(Deno.args[0], Deno.args[1], { xattr() {}, time() {} });
    try {
      root.directory("secret").createDirectory("made");
      console.log(root.kind, "made");
    } catch (error) {
      console.log(root.kind, error.name, error.flag);
    }
  `;
  const run = (access: string, deny: string): string => {
    const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        `--allow-read`,
        `--allow-write=${denied}`,
        "--allow-ffi",
        ...(deny === "" ? [] : [`${deny}=${denied}/secret`]),
        `data:application/typescript,${encodeURIComponent(program)}`,
        denied,
        access,
      ],
    }).outputSync();
    return new TextDecoder().decode(stdout).trim() ||
      new TextDecoder().decode(stderr);
  };
  const flag = `--allow-write=${denied}/secret/made`;
  const refused = `deno MissingPermissionError ${flag}`;
  assertEquals(run("write", "--deny-write"), refused);
  assert(run("write", "--deny-read").startsWith("deno MissingPermissionError"));
  assertEquals([...Deno.readDirSync(`${denied}/secret`)], []);
  assertEquals(run("write", ""), "libc made");
});
