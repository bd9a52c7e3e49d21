/** Modes, owners and times: DESIGN.md, section 4. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StrataError, UnmappedIdError } from "../../src/errors.ts";
import type { RawEntry } from "./raw_layer.ts";
import { IS_ROOT, testOnHosts, unpack } from "./scratch.ts";
import { modeOf, mtimeOf, readTree } from "./snapshot.ts";

const file = (name: string, body = "x"): RawEntry => ({ name, body });
const symlink = (name: string, linkName: string): RawEntry => ({
  name,
  type: "2",
  linkName,
});
const link = (name: string, linkName: string): RawEntry => ({
  name,
  type: "1",
  linkName,
});

testOnHosts(
  "modes are set whatever the umask, set-id and sticky too",
  async (base) => {
    const old = Deno.umask(0o077);
    try {
      await unpack(`${base}/r`, [[
        { name: "f", mode: 0o666 },
        { name: "suid", mode: 0o4755 },
        { name: "sgid", mode: 0o2711 },
        { name: "none", mode: 0 },
        { name: "d/", mode: 0o1777 },
        { name: "sgid-d/", mode: 0o2775 },
        file("made/for/f"),
        link("suid2", "suid"),
      ]]);
    } finally {
      Deno.umask(old);
    }
    const modes = Object.entries({
      "f": "666",
      "suid": "4755",
      "suid2": "4755",
      "sgid": "2711",
      "none": "0",
      "d": "1777",
      "sgid-d": "2775",
      "made": "755",
      "made/for": "755",
    });
    for (const [name, mode] of modes) {
      assertEquals(modeOf(`${base}/r/${name}`), mode, name);
    }
  },
);

testOnHosts(
  "a directory entry behind its children sets its mode",
  async (base) => {
    await unpack(base, [[
      file("d/e/f"),
      { name: "d/e/", mode: 0o555, mtime: 77 },
      { name: "d/", mode: 0o500, mtime: 88 },
      { name: "./", mode: 0o711, mtime: 99 },
    ]]);
    assertEquals(modeOf(`${base}/d/e`), "555");
    assertEquals(modeOf(`${base}/d`), "500");
    assertEquals(modeOf(base), "711");
    assertEquals(mtimeOf(`${base}/d/e`), 77);
    assertEquals(mtimeOf(`${base}/d`), 88);
    assertEquals(mtimeOf(base), 99);
    Deno.chmodSync(`${base}/d`, 0o700);
    Deno.chmodSync(`${base}/d/e`, 0o700);
  },
);

testOnHosts("a read-only directory takes its children", async (base) => {
  await unpack(base, [[
    { name: "d/", mode: 0o555, mtime: 5 },
    file("d/a"),
    { name: "d/e/", mode: 0o500, mtime: 6 },
    file("d/e/b"),
    { name: "d/closed/", mode: 0, mtime: 7 },
    symlink("d/s", "a"),
  ]]);
  assertEquals(modeOf(`${base}/d`), "555");
  assertEquals(modeOf(`${base}/d/closed`), "0");
  assertEquals(mtimeOf(`${base}/d`), 5);
  assertEquals(mtimeOf(`${base}/d/e`), 6);
  assertEquals(mtimeOf(`${base}/d/closed`), 7);
  for (const name of ["d", "d/closed", "d/e"]) {
    Deno.chmodSync(`${base}/${name}`, 0o700);
  }
});

testOnHosts(
  "times: of files, of symlinks, of directories at the end",
  async (base) => {
    await unpack(base, [[
      { name: "d/", mtime: 100 },
      { name: "d/f", mtime: 200 },
      { ...symlink("d/s", "f"), mtime: 300 },
      { name: "d/old", mtime: -86_400 },
      { name: "d/far", mtime: 10_000_000_000 },
      { name: "d/zero", mtime: 0 },
    ]]);
    assertEquals(mtimeOf(`${base}/d`), 100);
    assertEquals(mtimeOf(`${base}/d/f`), 200);
    assertEquals(mtimeOf(`${base}/d/s`), 300);
    assertEquals(mtimeOf(`${base}/d/old`), -86_400);
    assertEquals(mtimeOf(`${base}/d/far`), 10_000_000_000);
    assertEquals(mtimeOf(`${base}/d/zero`), 0);
  },
);

testOnHosts("a lower layer's directory keeps its times", async (base) => {
  await unpack(base, [[
    { name: "./", mtime: 1 },
    { name: "d/", mtime: 2, mode: 0o750 },
    { name: "e/", mtime: 3 },
    { name: "g/", mtime: 4 },
    { name: "h/i/", mtime: 5 },
    { name: "h/", mtime: 6 },
    file("e/gone"),
    file("g/gone"),
    file("d/replaced"),
    file("h/i/f"),
  ], [
    file("d/new"),
    file("d/replaced", "y"),
    { name: "e/.wh.gone" },
    { name: "g/.wh..wh..opq" },
    link("h/i/link", "d/new"),
    { name: ".wh.nothing" },
  ]]);
  assertEquals(mtimeOf(base), 1);
  assertEquals(mtimeOf(`${base}/d`), 2);
  assertEquals(modeOf(`${base}/d`), "750");
  assertEquals(mtimeOf(`${base}/e`), 3);
  assertEquals(mtimeOf(`${base}/g`), 4);
  assertEquals(mtimeOf(`${base}/h/i`), 5);
  assertEquals(mtimeOf(`${base}/h`), 6);
});

testOnHosts(
  "keepDirlinks gives the metadata to the directory",
  async (base) => {
    await unpack(base, [[{ name: "usr/bin/" }, symlink("bin", "usr/bin")]]);
    const mtime = mtimeOf(`${base}/bin`);
    await unpack(base, [[{ name: "bin/", mode: 0o711, mtime: 42 }]], {
      keepDirlinks: true,
    });
    assertEquals(modeOf(`${base}/usr/bin`), "711");
    assertEquals(mtimeOf(`${base}/usr/bin`), 42);
    assertEquals(mtimeOf(`${base}/bin`), mtime);
  },
);

testOnHosts("rootless changes no owner", async (base) => {
  await unpack(base, [[
    { name: "d/", uid: 12345, gid: 23456 },
    { name: "d/f", uid: 12345, gid: 23456 },
    { ...symlink("s", "d"), uid: 12345, gid: 23456 },
  ]], { rootless: true });
  for (const name of ["d", "d/f", "s"]) {
    assertEquals(Deno.lstatSync(`${base}/${name}`).uid, Deno.uid());
  }
});

testOnHosts("owners are set, and set-id survives that", async (base) => {
  await unpack(base, [[
    { name: "f", uid: 1, gid: 2, mode: 0o6755 },
    { name: "d/", uid: 3, gid: 4, mode: 0o2755 },
    { ...symlink("s", "f"), uid: 5, gid: 6 },
    { name: "big", uid: 4_294_967_294, gid: 3_000_000 },
    file("made/f"),
  ]]);
  const owner = (name: string) => {
    const { uid, gid } = Deno.lstatSync(`${base}/${name}`);
    return [uid, gid];
  };
  assertEquals(owner("f"), [1, 2]);
  assertEquals(modeOf(`${base}/f`), "6755");
  assertEquals(owner("d"), [3, 4]);
  assertEquals(modeOf(`${base}/d`), "2755");
  assertEquals(owner("s"), [5, 6]);
  assertEquals(owner("big"), [4_294_967_294, 3_000_000]);
  assertEquals(owner("made"), [0, 0]);
}, { needsRoot: true });

testOnHosts("owners are mapped, of missing parents too", async (base) => {
  const uidMappings = [
    { containerID: 0, hostID: 100_000, size: 10 },
    { containerID: 10, hostID: 5000, size: 1 },
  ];
  const gidMappings = [{ containerID: 0, hostID: 200_000, size: 100 }];
  await unpack(base, [[
    { name: "made/f", uid: 9, gid: 99 },
    { name: "d/", uid: 10, gid: 0 },
  ]], { uidMappings, gidMappings });
  const owner = (name: string) => {
    const { uid, gid } = Deno.lstatSync(`${base}/${name}`);
    return [uid, gid];
  };
  assertEquals(owner("made/f"), [100_009, 200_099]);
  assertEquals(owner("made"), [100_000, 200_000]);
  assertEquals(owner("d"), [5000, 200_000]);
}, { needsRoot: true });

testOnHosts("an id without a mapping is refused by its entry", async (base) => {
  const options = {
    uidMappings: [{ containerID: 0, hostID: Deno.uid() ?? 0, size: 1 }],
  };
  const error = await assertRejects(
    () => unpack(base, [[{ name: "f", uid: 1 }]], options),
    StrataError,
    'entry "f"',
  );
  assert(error.cause instanceof UnmappedIdError);
});

testOnHosts(
  "mappings that overlap are refused before anything is made",
  async (base) => {
    const twice = { containerID: 0, hostID: 0, size: 2 };
    await assertRejects(
      () => unpack(base, [[file("f")]], { uidMappings: [twice, twice] }),
      StrataError,
      "overlap",
    );
    assertEquals(readTree(base), {});
  },
);

if (!IS_ROOT) {
  testOnHosts("another owner as an ordinary user is refused", async (base) => {
    const error = await assertRejects(
      () => unpack(base, [[{ name: "f", uid: (Deno.uid() ?? 0) + 1 }]]),
      StrataError,
      'entry "f"',
    );
    assert(/not permitted/i.test(error.message), error.message);
  });
}
