import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../src/errors.ts";
import { setXattr, statOf, xattrsOf } from "./disk.ts";
import {
  type Bench,
  directory,
  IS_ROOT,
  LIBC,
  LIBC_BOTH,
  makeFile,
  metadata,
  testHosts,
} from "./hosts.ts";

const DEFAULT_ACL = "system.posix_acl_default";
const ACCESS_ACL = "system.posix_acl_access";
const encoder = new TextEncoder();

/** An ACL as acl(5) has it in an xattr: version 2, then tag, rights, id. */
function acl(
  entries: readonly (readonly [tag: number, rights: number, id?: number])[],
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 + 8 * entries.length));
  view.setUint32(0, 2, true);
  entries.forEach(([tag, rights, id = 0xffffffff], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, rights, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  return new Uint8Array(view.buffer);
}

/** Owner rwx, user 4242 rwx, group rwx, mask rwx, others nothing. */
const ACL = acl([[0x01, 7], [0x02, 7, 4242], [0x04, 7], [0x10, 7], [0x20, 0]]);

function xattrs(
  values: Record<string, string>,
): ReadonlyMap<string, Uint8Array> {
  return new Map(
    Object.entries(values).map((
      [name, value],
    ) => [name, encoder.encode(value)]),
  );
}

testHosts("xattrs are set, whatever their bytes", ({ root, top, path }) => {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  const wanted = new Map([
    ["user.empty", new Uint8Array(0)],
    ["user.every", every],
    ["user.é.dotted", encoder.encode("x")],
  ]);
  makeFile(top, "f", "x", { xattrs: wanted });
  top.createDirectory("d");
  directory(root, "d").setOwnMetadata(metadata({ xattrs: wanted }));
  const expected = {
    "user.empty": "",
    "user.every": String.fromCharCode(...every),
    // A name is bytes; this is how they look one by one.
    "user.Ã©.dotted": "x",
  };
  assertEquals(xattrsOf(`${path}/f`), expected);
  assertEquals(xattrsOf(`${path}/d`), expected);
}, { hosts: LIBC });

testHosts("a directory's xattrs are replaced", ({ root, top, path }) => {
  top.createDirectory("d");
  setXattr(`${path}/d`, "user.old", encoder.encode("1"));
  setXattr(`${path}/d`, "user.both", encoder.encode("1"));
  setXattr(`${path}/d`, ACCESS_ACL, ACL);
  setXattr(`${path}/d`, DEFAULT_ACL, ACL);
  const made = directory(root, "d");
  made.setOwnMetadata(metadata({
    mode: 0o2750,
    xattrs: xattrs({ "user.both": "2", "user.new": "3" }),
  }));
  assertEquals(xattrsOf(`${path}/d`), { "user.both": "2", "user.new": "3" });
  assertEquals(statOf(`${path}/d`).mode, "2750");
  made.setOwnMetadata(metadata({ mode: 0o700 }));
  assertEquals(xattrsOf(`${path}/d`), {});
}, { hosts: LIBC_BOTH });

testHosts("a directory may have very many xattrs", ({ root, top, path }) => {
  top.createDirectory("d");
  for (let i = 0; i < 30; i++) {
    const name = `user.${String(i).padStart(4, "0")}${"n".repeat(80)}`;
    assert(setXattr(`${path}/d`, name, encoder.encode("")));
  }
  directory(root, "d").setOwnMetadata(metadata({ mode: 0o755 }));
  assertEquals(xattrsOf(`${path}/d`), {});
}, { hosts: LIBC });

testHosts("xattrs of the host's own stay", ({ root, top, path }) => {
  top.createDirectory("d");
  const label = encoder.encode("system_u:object_r:container_file_t:s0\0");
  // Where no policy is loaded, root may still write the label.
  if (!setXattr(`${path}/d`, "security.selinux", label)) return;
  setXattr(`${path}/d`, "user.old", encoder.encode("1"));
  directory(root, "d").setOwnMetadata(metadata({ mode: 0o755 }));
  assertEquals(xattrsOf(`${path}/d`), {});
  const { stdout } = new Deno.Command("stat", {
    args: ["--printf=%C", `${path}/d`],
  }).outputSync();
  assert(new TextDecoder().decode(stdout).includes("container_file_t"));
}, { hosts: LIBC, needsRoot: true });

testHosts("capabilities survive the owner", ({ top, path, told }) => {
  // VFS_CAP_REVISION_2, effective, CAP_NET_BIND_SERVICE.
  const capability = new Uint8Array(20);
  capability.set([1, 0, 0, 2, 0, 4]);
  makeFile(top, "f", "x", {
    owner: { uid: 5, gid: 5 },
    mode: 0o4755,
    xattrs: new Map([["security.capability", capability]]),
  });
  assertEquals(Object.keys(xattrsOf(`${path}/f`)), ["security.capability"]);
  assertEquals(statOf(`${path}/f`).mode, "4755");
  assertEquals(told.xattrs, []);
}, { hosts: LIBC, needsRoot: true });

testHosts("symlinks and fifos have xattrs too", ({ top, path, told }) => {
  const trusted = xattrs({ "trusted.x": "1" });
  top.createSymlink("l", "nowhere");
  top.setMetadata("l", "symlink", metadata({ xattrs: trusted }));
  top.createNode("p", "fifo", 0, 0);
  top.setMetadata("p", "fifo", metadata({ xattrs: trusted }));
  assertEquals(xattrsOf(`${path}/l`), { "trusted.x": "1" });
  assertEquals(xattrsOf(`${path}/p`), { "trusted.x": "1" });
  assertEquals(told.xattrs, []);
}, { hosts: LIBC, needsRoot: true });

testHosts("an xattr that may not be is told of", (bench) => {
  const { root, top, path, told } = bench;
  // User xattrs are for files and directories, says xattr(7).
  top.createSymlink("l", "nowhere");
  top.setMetadata(
    "l",
    "symlink",
    metadata({ xattrs: xattrs({ "user.x": "1" }) }),
  );
  assertEquals(told.xattrs, ["user.x EPERM"]);
  // A namespace that Linux does not know.
  makeFile(top, "f", "", {
    xattrs: xattrs({ "strange.x": "1", "user.y": "2" }),
  });
  assertEquals(told.xattrs, ["user.x EPERM", "strange.x ENOTSUP"]);
  assertEquals(xattrsOf(`${path}/f`), { "user.y": "2" });
  top.createDirectory("d");
  directory(root, "d").setOwnMetadata(
    metadata({ xattrs: xattrs({ "strange.x": "1", "user.y": "2" }) }),
  );
  assertEquals(told.xattrs.length, 3);
  assertEquals(xattrsOf(`${path}/d`), { "user.y": "2" });
}, { hosts: LIBC });

testHosts("an xattr that is too large is an error", ({ top, path }) => {
  const large = new Map([["user.large", new Uint8Array(65_537)]]);
  const error = assertThrows(
    () => makeFile(top, "f", "", { xattrs: large }),
    SystemError,
    "user.large",
  );
  assertEquals(error.code, "E2BIG");
  assert(error.message.includes('"f"'), error.message);
  assertEquals(xattrsOf(`${path}/f`), {});
  const name = `user.${"n".repeat(300)}`;
  const unnamed = assertThrows(
    () => makeFile(top, "g", "", { xattrs: xattrs({ [name]: "" }) }),
    SystemError,
  );
  assertEquals(unnamed.code, "ERANGE");
}, { hosts: LIBC });

testHosts("read-only files and directories get their xattrs", (bench) => {
  const { root, top, path, told } = bench;
  const mine = xattrs({ "user.x": "1" });
  for (const mode of [0o000, 0o444, 0o4555]) {
    const text = mode.toString(8);
    makeFile(top, `f${text}`, "x", { mode, xattrs: mine });
    top.createDirectory(`d${text}`);
    const made = directory(root, `d${text}`);
    made.setOwnMetadata(metadata({ mode, xattrs: xattrs({ "user.y": "2" }) }));
    // And again, over what is there.
    made.setOwnMetadata(metadata({ mode, xattrs: mine }));
    for (const name of [`f${text}`, `d${text}`]) {
      assertEquals(statOf(`${path}/${name}`).mode, text, name);
      Deno.chmodSync(`${path}/${name}`, 0o700);
      assertEquals(xattrsOf(`${path}/${name}`), { "user.x": "1" }, name);
    }
  }
  assertEquals(told.xattrs, []);
}, { hosts: LIBC });

testHosts("without FFI every xattr is told of", ({ root, top, told }) => {
  makeFile(top, "f", "", { xattrs: xattrs({ "user.f": "" }) });
  top.createSymlink("l", "x");
  top.setMetadata(
    "l",
    "symlink",
    metadata({ xattrs: xattrs({ "user.l": "" }) }),
  );
  top.createDirectory("d");
  directory(root, "d").setOwnMetadata(
    metadata({ xattrs: xattrs({ "user.d": "" }) }),
  );
  assertEquals(told.xattrs, [
    "user.f ENOSYS",
    "user.l ENOSYS",
    "user.d ENOSYS",
  ]);
}, { hosts: ["deno"] });

/** A directory that hands an ACL down; false where the disk has no ACLs. */
function withDefaultAcl(bench: Bench, run: (parent: string) => void): void {
  const parent = `${bench.path}/parent`;
  Deno.mkdirSync(parent);
  if (setXattr(parent, DEFAULT_ACL, ACL)) run(parent);
}

testHosts("nothing inherits an ACL for good", (bench) => {
  withDefaultAcl(bench, (path) => {
    const { root, host } = bench;
    const parent = directory(root, "parent");
    const mode = 0o640;
    makeFile(parent, "f", "x", { mode });
    parent.createDirectory("d");
    directory(root, "parent/d").setOwnMetadata(metadata({ mode }));
    parent.createSymlink("l", "x");
    parent.setMetadata("l", "symlink", metadata({ mode }));
    parent.createNode("p", "fifo", 0, 0);
    parent.setMetadata("p", "fifo", metadata({ mode }));
    const names = ["f", "d", "p"];
    if (IS_ROOT && host === "libc") {
      parent.createNode("c", "character-device", 1, 3);
      parent.setMetadata("c", "character-device", metadata({ mode }));
      names.push("c");
    }
    for (const name of names) {
      assertEquals(statOf(`${path}/${name}`).mode, "640", name);
      assertEquals(xattrsOf(`${path}/${name}`), {}, name);
    }
    assertEquals(xattrsOf(`${path}/l`), {});
  });
}, { hosts: LIBC_BOTH });

testHosts("an ACL of the archive's own is kept", (bench) => {
  withDefaultAcl(bench, (path) => {
    const parent = directory(bench.root, "parent");
    const own = acl([[1, 6], [2, 4, 77], [4, 4], [0x10, 4], [0x20, 4]]);
    makeFile(parent, "f", "x", {
      mode: 0o644,
      xattrs: new Map([[ACCESS_ACL, own]]),
    });
    assertEquals(xattrsOf(`${path}/f`), {
      [ACCESS_ACL]: String.fromCharCode(...own),
    });
    assertEquals(statOf(`${path}/f`).mode, "644");
  });
}, { hosts: LIBC });

testHosts("a directory may begin to hand down an ACL, and end it", (bench) => {
  const { root, top, path } = bench;
  if (!setXattr(path, DEFAULT_ACL, ACL)) return;
  top.setOwnMetadata(metadata({ mode: 0o755 }));
  assertEquals(xattrsOf(path), {});
  makeFile(top, "before", "", { mode: 0o644 });
  top.setOwnMetadata(metadata({
    mode: 0o755,
    xattrs: new Map([[DEFAULT_ACL, ACL]]),
  }));
  makeFile(top, "during", "", { mode: 0o644 });
  top.createDirectory("d");
  const inside = directory(root, "d");
  makeFile(inside, "nested", "", { mode: 0o644 });
  for (const name of ["before", "during", "d/nested"]) {
    assertEquals(statOf(`${path}/${name}`).mode, "644");
    assertEquals(xattrsOf(`${path}/${name}`), {}, name);
  }
  inside.setOwnMetadata(metadata({ mode: 0o711 }));
  assertEquals(xattrsOf(`${path}/d`), {});
  assertEquals(statOf(`${path}/d`).mode, "711");
}, { hosts: LIBC_BOTH });
