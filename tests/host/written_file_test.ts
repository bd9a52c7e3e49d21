/** Files that are looked at when they are written: metadata and the report. */
import { assertEquals, assertExists } from "@std/assert";
import type { Directory, Metadata } from "../../src/host/directory.ts";
import { setXattr, statOf, xattrsOf } from "./disk.ts";
import { directory, IS_ROOT, LIBC, metadata, testHosts } from "./hosts.ts";

const OWN = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };

function write(parent: Directory, name: string, changes: Partial<Metadata>) {
  const whole = metadata(changes);
  const file = parent.createFile(name, whole);
  assertExists(file, `${name} is taken`);
  file.write(Uint8Array.of(1, 2, 3), 0);
  return file.finishAndStat(3, whole);
}

testHosts("whatever it was made with, it has what it shall", (bench) => {
  const { root, top, path } = bench;
  // What is made in here belongs to the directory's group.
  top.createDirectory("setgid");
  const owner = IS_ROOT ? { uid: 0, gid: 5 } : OWN;
  directory(root, "setgid").setOwnMetadata(metadata({ mode: 0o2777, owner }));
  const owners = IS_ROOT
    ? [undefined, { uid: 0, gid: 0 }, { uid: 0, gid: 5 }, { uid: 7, gid: 8 }]
    : [undefined, OWN];
  const umask = Deno.umask();
  try {
    for (const mask of [0o000, 0o022, 0o077]) {
      for (const mode of [0o0, 0o444, 0o644, 0o777, 0o2755, 0o4755, 0o1644]) {
        for (const [i, owner] of owners.entries()) {
          for (const parent of ["", "setgid"]) {
            const name = `${mask}-${mode}-${i}`;
            const at = `${path}/${parent}/${name}`;
            Deno.umask(mask);
            const { info } = write(directory(root, parent), name, {
              mode,
              owner,
            });
            Deno.umask(umask);
            const stat = statOf(at);
            const text = `mode ${mode.toString(8)} under ${mask.toString(8)}`;
            assertEquals(stat.mode, mode.toString(8), text);
            assertEquals(info.mode, mode, text);
            const wanted = owner ?? { uid: stat.uid, gid: stat.gid };
            assertEquals({ uid: stat.uid, gid: stat.gid }, wanted, text);
            assertEquals({ uid: info.uid, gid: info.gid }, wanted, text);
            assertEquals(stat.mtime, "1000000000.000000000", text);
            assertEquals(String(info.inode), stat.inode);
          }
        }
      }
    }
  } finally {
    Deno.umask(umask);
  }
}, { hosts: LIBC });

testHosts("its xattrs are told, though nobody may read it", (bench) => {
  const { top, path } = bench;
  const xattrs = new Map([["user.a", Uint8Array.of(0x31, 0, 0x32)]]);
  const written = write(top, "f", { mode: 0, xattrs });
  assertEquals(written.xattrs, xattrs);
  Deno.chmodSync(`${path}/f`, 0o600);
  assertEquals(xattrsOf(`${path}/f`), { "user.a": "1\x002" });
}, { hosts: LIBC });

testHosts("until it is finished nobody has more rights to it", (bench) => {
  const { root, top, path } = bench;
  top.createDirectory("acl");
  // Everybody named 4242 may do all; acl(5), version 2.
  const acl = new Uint8Array(44);
  const view = new DataView(acl.buffer);
  view.setUint32(0, 2, true);
  [[1, 7, -1], [2, 7, 4242], [4, 7, -1], [16, 7, -1], [32, 0, -1]].forEach(
    ([tag = 0, rights = 0, id = 0], i) => {
      view.setUint16(4 + 8 * i, tag, true);
      view.setUint16(6 + 8 * i, rights, true);
      view.setInt32(8 + 8 * i, id, true);
    },
  );
  setXattr(`${path}/acl`, "system.posix_acl_default", acl);
  const cases: [parent: string, planned: Partial<Metadata>, mode: string][] = [
    ["", { mode: 0o644 }, "644"],
    ["", { mode: 0o640 }, "600"],
    ["", { mode: 0o660 }, "600"],
    ["", { mode: 0o4755 }, "600"],
    ["acl", { mode: 0o644 }, "600"],
    ["", { mode: 0o644, owner: { uid: OWN.uid + 1, gid: 8 } }, "600"],
  ];
  for (const [i, [parent, planned, mode]] of cases.entries()) {
    const file = directory(root, parent).createFile(
      `${i}`,
      metadata(planned),
    );
    assertEquals(statOf(`${path}/${parent}/${i}`).mode, mode);
    file?.discard();
  }
}, { hosts: LIBC });
