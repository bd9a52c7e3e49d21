import { assert, assertEquals } from "@std/assert";
import type { Timestamp } from "../../src/tar/header.ts";
import { statOf } from "./disk.ts";
import {
  directory,
  IS_ROOT,
  LIBC,
  LIBC_BOTH,
  makeFile,
  metadata,
  testHosts,
} from "./hosts.ts";

const MODES = [
  0o000,
  0o111,
  0o444,
  0o644,
  0o755,
  0o777,
  0o1777,
  0o2755,
  0o4755,
];

testHosts("modes are what was asked for, set-id bits too", (bench) => {
  const { root, top, path } = bench;
  // Root may give to others; for anybody else the owner is the same already.
  const owner = IS_ROOT
    ? { uid: 1234, gid: 4321 }
    : { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  for (const mode of MODES) {
    const text = mode.toString(8);
    makeFile(top, `f${text}`, "x", { mode, owner });
    assertEquals(statOf(`${path}/f${text}`).mode, text);
    top.createDirectory(`d${text}`);
    directory(root, `d${text}`).setOwnMetadata(metadata({ mode, owner }));
    const stat = statOf(`${path}/d${text}`);
    assertEquals([stat.mode, stat.uid, stat.gid], [text, owner.uid, owner.gid]);
  }
});

testHosts("a mode does not depend on the umask", ({ top, path }) => {
  const umask = Deno.umask(0o077);
  try {
    makeFile(top, "f", "", { mode: 0o666 });
    top.createSymlink("l", "x");
  } finally {
    Deno.umask(umask);
  }
  assertEquals(statOf(`${path}/f`).mode, "666");
});

testHosts("owners are set, those of symlinks too", ({ root, top, path }) => {
  const owner = { uid: 3_000_000, gid: 4_294_967_294 };
  makeFile(top, "f", "x", { owner });
  makeFile(top, "target", "x");
  top.createSymlink("l", "target");
  top.setMetadata("l", "symlink", metadata({ owner }));
  top.createDirectory("d");
  directory(root, "d").setOwnMetadata(metadata({ owner }));
  for (const name of ["f", "l", "d"]) {
    const { uid, gid } = statOf(`${path}/${name}`);
    assertEquals({ uid, gid }, owner, name);
  }
  assertEquals(statOf(`${path}/target`).uid, 0);
}, { needsRoot: true });

testHosts("a fifo's metadata is set", ({ top, path }) => {
  const owner = { uid: 5, gid: 6 };
  const mtime = { seconds: 77, nanoseconds: 123_456_789 };
  top.createNode("p", "fifo", 0, 0);
  top.setMetadata("p", "fifo", metadata({ owner, mode: 0o2604, mtime }));
  const stat = statOf(`${path}/p`);
  assertEquals([stat.uid, stat.gid, stat.mode], [5, 6, "2604"]);
  assertEquals(stat.mtime, "77.123456789");
}, { hosts: LIBC_BOTH, needsRoot: true });

testHosts("without an owner the owner stays", ({ root, top, path }) => {
  Deno.chownSync(path, null, 77);
  Deno.chmodSync(path, 0o2755);
  makeFile(top, "f", "x");
  top.createDirectory("d");
  Deno.chownSync(`${path}/d`, 12, 13);
  directory(root, "d").setOwnMetadata(metadata());
  top.createSymlink("l", "x");
  Deno.writeTextFileSync(`${path}/other`, "");
  top.setMetadata("l", "symlink", metadata());
  const owners = ["f", "d", "l"].map((name) => {
    const { uid, gid } = statOf(`${path}/${name}`);
    return [uid, gid];
  });
  assertEquals(owners, [[0, 77], [12, 13], [0, 77]]);
}, { needsRoot: true });

/** Times and how `stat` writes them, as ext4 with 256-byte inodes keeps them. */
const TIMES: readonly (readonly [time: Timestamp, expected: string])[] = [
  [{ seconds: 0, nanoseconds: 0 }, "0.000000000"],
  [{ seconds: 1, nanoseconds: 1 }, "1.000000001"],
  [
    { seconds: 1_700_000_000, nanoseconds: 999_999_999 },
    "1700000000.999999999",
  ],
  [{ seconds: 2_147_483_648, nanoseconds: 5 }, "2147483648.000000005"],
  [{ seconds: 4_294_967_296, nanoseconds: 0 }, "4294967296.000000000"],
  [{ seconds: 10_000_000_000, nanoseconds: 7 }, "10000000000.000000007"],
  [{ seconds: -86_400, nanoseconds: 0 }, "-86400.000000000"],
];

testHosts("times are exact to the nanosecond", ({ root, top, path, told }) => {
  const atime = { seconds: 12, nanoseconds: 34 };
  TIMES.forEach(([mtime, expected], i) => {
    makeFile(top, `f${i}`, "x", { atime, mtime });
    top.createSymlink(`l${i}`, "x");
    top.setMetadata(`l${i}`, "symlink", metadata({ atime, mtime }));
    top.createDirectory(`d${i}`);
    const made = directory(root, `d${i}`);
    made.setOwnMetadata(metadata({ atime, mtime }));
    for (const name of ["f", "l", "d"]) {
      const stat = statOf(`${path}/${name}${i}`);
      assertEquals([stat.atime, stat.mtime], ["12.000000034", expected]);
      assertEquals(top.lookup(`${name}${i}`)?.mtime, mtime);
      assertEquals(top.lookup(`${name}${i}`)?.atime, atime);
    }
    assertEquals(made.stat().mtime, mtime);
    made.setOwnTimes(mtime, atime);
    const turned = statOf(`${path}/d${i}`);
    assertEquals([turned.atime, turned.mtime], [expected, "12.000000034"]);
  });
  assertEquals(told.times, 0);
}, { hosts: LIBC_BOTH });

testHosts("a second before 1970 with a fraction is exact", ({ top, path }) => {
  // -1.5 s is kept as -2 s and half a second.
  const mtime = { seconds: -2, nanoseconds: 500_000_000 };
  makeFile(top, "f", "x", { mtime });
  assertEquals(top.lookup("f")?.mtime, mtime);
  assertEquals(
    Deno.statSync(`${path}/f`).mtime?.getTime(),
    -1500,
  );
}, { hosts: LIBC });

/** What Deno's API makes of a time: cut to milliseconds, never rounded up. */
const CUT: readonly (readonly [Timestamp, string])[] = [
  [{ seconds: 0, nanoseconds: 0 }, "0.000000000"],
  [{ seconds: 1_700_000_000, nanoseconds: 999_999_999 }, "1700000000.999"],
  [{ seconds: 1_700_000_000, nanoseconds: 1_000_000 }, "1700000000.00"],
  [{ seconds: 2_147_483_648, nanoseconds: 0 }, "2147483648.000000000"],
  [{ seconds: 10_000_000_000, nanoseconds: 0 }, "10000000000.000000000"],
  [{ seconds: -86_400, nanoseconds: 0 }, "-86400.000000000"],
  [{ seconds: -86_400, nanoseconds: 999_000_000 }, "-86400.000000000"],
];

testHosts("times are cut and never rounded up", ({ root, top, path, told }) => {
  CUT.forEach(([mtime, expected], i) => {
    const before = told.times;
    makeFile(top, `f${i}`, "x", { mtime });
    top.createSymlink(`l${i}`, "x");
    top.setMetadata(`l${i}`, "symlink", metadata({ mtime }));
    top.createDirectory(`d${i}`);
    directory(root, `d${i}`).setOwnMetadata(metadata({ mtime }));
    for (const name of ["f", "l", "d"]) {
      const there = statOf(`${path}/${name}${i}`).mtime;
      assert(there.startsWith(expected), `${name}: ${there}, not ${expected}`);
      const [seconds = "", fraction = ""] = there.split(".");
      assert(
        Number(seconds) < mtime.seconds ||
          (Number(seconds) === mtime.seconds &&
            Number(fraction) <= mtime.nanoseconds),
        `${name}: ${there} is later than what was asked for`,
      );
    }
    const isCut = mtime.nanoseconds % 1_000_000 !== 0 ||
      (mtime.seconds < 0 && mtime.nanoseconds !== 0);
    assertEquals(told.times > before, isCut, `told of ${expected}`);
  });
}, { hosts: ["deno"] });

testHosts("every millisecond is kept", ({ top, path }) => {
  for (let ms = 0; ms < 1000; ms += 37) {
    const mtime = { seconds: 1_699_999_999, nanoseconds: ms * 1_000_000 };
    makeFile(top, `f${ms}`, "", { mtime });
    assertEquals(
      Deno.statSync(`${path}/f${ms}`).mtime?.getTime(),
      1_699_999_999_000 + ms,
    );
  }
});

testHosts("a time the disk cannot hold comes to no other year", (bench) => {
  const { top } = bench;
  const mtime = { seconds: 2 ** 60, nanoseconds: 0 };
  try {
    makeFile(top, "f", "", { mtime });
  } catch (error) {
    // An error is as good as the latest time the filesystem has.
    assert(error instanceof Error && error.message.includes('f"'));
    return;
  }
  const there = top.lookup("f")?.mtime.seconds ?? 0;
  assert(there > 10_000_000_000, `it became ${there}`);
});

testHosts("a file's times are not those of its writing", ({ top, path }) => {
  makeFile(top, "f", "contents", {
    atime: { seconds: 3, nanoseconds: 0 },
    mtime: { seconds: 2, nanoseconds: 0 },
  });
  const { atime, mtime } = statOf(`${path}/f`);
  assertEquals([atime, mtime], ["3.000000000", "2.000000000"]);
});

testHosts("the metadata of a symlink's target stays", (bench) => {
  const { top, outside } = bench;
  Deno.writeTextFileSync(`${outside}/target`, "");
  Deno.chmodSync(`${outside}/target`, 0o640);
  const before = statOf(`${outside}/target`);
  top.createSymlink("l", `${outside}/target`);
  top.setMetadata("l", "symlink", metadata({ mode: 0o777 }));
  assertEquals(statOf(`${outside}/target`), before);
});
