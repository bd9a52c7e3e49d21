/**
 * A layer byte by byte, against archives that are put together by hand from
 * the description of ustar and PAX.
 */
import { assert, assertEquals } from "@std/assert";
import { toBytes } from "@std/streams";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import type { InodeDelta } from "../../src/mtree/inode_delta.ts";
import { setXattr } from "../host/disk.ts";
import {
  archive,
  block,
  concat,
  entry,
  octal,
  type RawHeader,
  record,
  utf8,
} from "../tar/raw_archive.ts";
import { testOnHosts, unpack } from "../unpack/scratch.ts";
import { extras } from "./listed_layer.ts";

const LIBC = { hosts: ["libc"] } as const;
const TIME = 1_234_567_890;
const MTIME = octal(TIME);

const id = (value: number | null): string =>
  `${(value ?? 0).toString(8).padStart(7, "0")}\0`;

/** What every header of these layers has. */
const PLAIN: RawHeader = {
  uid: id(Deno.uid()),
  gid: id(Deno.gid()),
  mtime: MTIME,
  major: "0000000\0",
  minor: "0000000\0",
};

function setTimes(root: string, ...paths: string[]): void {
  for (const path of paths) Deno.utimeSync(`${root}/${path}`, TIME, TIME);
}

function writeFile(root: string, path: string, contents: string): void {
  Deno.writeTextFileSync(`${root}/${path}`, contents);
  Deno.chmodSync(`${root}/${path}`, 0o644);
  setTimes(root, path);
}

/** The first header of a layer that has PAX records, and those records. */
async function paxOf(
  root: string,
  path: string,
): Promise<{ typeflag: string; records: Uint8Array; name: Uint8Array }> {
  const reader = generateLayer(root, extras(path)).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  assert(value !== undefined);
  const text = new TextDecoder("latin1").decode(value.subarray(0, 512));
  const typeflag = text.charAt(156);
  if (typeflag !== "x") {
    const end = value.indexOf(0);
    return { typeflag, records: new Uint8Array(0), name: value.slice(0, end) };
  }
  const size = parseInt(text.slice(124, 135), 8);
  const header = 512 + Math.ceil(size / 512) * 512;
  const end = value.indexOf(0, header);
  return {
    typeflag: String.fromCharCode(value[header + 156] ?? 0),
    records: value.slice(512, 512 + size),
    name: value.slice(header, Math.min(end, header + 100)),
  };
}

testOnHosts("layer bytes: files, directories, links", async (root) => {
  Deno.chmodSync(root, 0o755);
  Deno.mkdirSync(`${root}/d`);
  writeFile(root, "d/f", "hello\n");
  Deno.linkSync(`${root}/d/f`, `${root}/link`);
  writeFile(root, "empty", "");
  writeFile(root, "full", "x".repeat(512));
  Deno.chmodSync(`${root}/full`, 0o7777);
  Deno.chmodSync(`${root}/d`, 0o1711);
  setTimes(root, "d", "");
  const expected = archive(
    entry({ ...PLAIN, name: "./", typeflag: "5", mode: "0000755\0" }),
    entry({ ...PLAIN, name: "d/", typeflag: "5", mode: "0001711\0" }),
    entry({ ...PLAIN, name: "d/f" }, "hello\n"),
    entry({ ...PLAIN, name: "empty" }),
    entry({ ...PLAIN, name: "full", mode: "0007777\0" }, "x".repeat(512)),
    block({
      ...PLAIN,
      name: "link",
      typeflag: "1",
      linkName: "d/f",
      size: octal(0),
    }),
  );
  const paths = [".", "d", "d/f", "empty", "full", "link"];
  const layer = () => toBytes(generateLayer(root, extras(...paths)));
  assertEquals(await layer(), expected);
  assertEquals(await layer(), expected);
  // The order of the changes makes no difference, nor how they are called.
  const others = ["/link", "full/", "empty", "d/../d/f", "d//", "./."];
  const shuffled = toBytes(generateLayer(root, extras(...others)));
  assertEquals(await shuffled, expected);
});

testOnHosts("layer bytes: a symlink", async (root) => {
  await unpack(root, [[
    { name: "s", type: "2", linkName: "../no//where/", mtime: TIME },
  ]]);
  const symlink = block({
    ...PLAIN,
    name: "s",
    typeflag: "2",
    linkName: "../no//where/",
    mode: "0000777\0",
    size: octal(0),
  });
  const layer = await toBytes(generateLayer(root, extras("s")));
  assertEquals(layer, archive(symlink));
});

testOnHosts("layer bytes: whiteouts are empty files", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  const deltas: InodeDelta[] = [
    { type: "missing", path: "gone" },
    { type: "missing", path: "d/é" },
  ];
  const zero = "0000000\0";
  const plain = { ...PLAIN, mode: zero, uid: zero, gid: zero };
  for (const sourceDateEpoch of [undefined, 0, 77]) {
    const mark = { ...plain, mtime: octal(sourceDateEpoch ?? 0) };
    assertEquals(
      await toBytes(generateLayer(root, deltas, { sourceDateEpoch })),
      archive(
        entry({ ...mark, name: "d/.wh.é" }),
        entry({ ...mark, name: ".wh.gone" }),
      ),
    );
  }
});

testOnHosts("layer bytes: no change is an empty archive", async (root) => {
  assertEquals(await toBytes(generateLayer(root, [])), archive());
});

// Only root can make devices.
testOnHosts("layer bytes: devices and fifos", async (root) => {
  await unpack(root, [[
    { name: "b", type: "4", major: 7, minor: 300, mode: 0o660, mtime: TIME },
    { name: "c", type: "3", major: 1, minor: 3, mode: 0o666, mtime: TIME },
    { name: "p", type: "6", mode: 0o600, mtime: TIME },
  ]]);
  const node = { ...PLAIN, size: octal(0) };
  assertEquals(
    await toBytes(generateLayer(root, extras("b", "c", "p"))),
    archive(
      block({
        ...node,
        name: "b",
        typeflag: "4",
        mode: "0000660\0",
        major: "0000007\0",
        minor: "0000454\0",
      }),
      block({
        ...node,
        name: "c",
        typeflag: "3",
        mode: "0000666\0",
        major: "0000001\0",
        minor: "0000003\0",
      }),
      block({ ...node, name: "p", typeflag: "6", mode: "0000600\0" }),
    ),
  );
}, { ...LIBC, needsRoot: true });

/** Names, and how a ustar header has them: prefix and name. */
const USTAR_NAMES: [name: string, prefix: string, rest: string][] = [
  ["n".repeat(100), "", "n".repeat(100)],
  [`d/${"n".repeat(98)}`, "", `d/${"n".repeat(98)}`],
  [`d/${"n".repeat(99)}`, "d", "n".repeat(99)],
  [`${"p".repeat(155)}/${"n".repeat(100)}`, "p".repeat(155), "n".repeat(100)],
  ["é€😀", "", "é€😀"],
];

for (const [name, prefix, rest] of USTAR_NAMES) {
  const shown = `${name.slice(0, 6)}, ${utf8(name).length} bytes`;
  testOnHosts(`layer bytes: ustar has the name ${shown}`, async (root) => {
    const slash = name.lastIndexOf("/");
    if (slash > 0) Deno.mkdirSync(`${root}/${name.slice(0, slash)}`);
    writeFile(root, name, "");
    assertEquals(
      await toBytes(generateLayer(root, extras(name))),
      archive(entry({ ...PLAIN, name: rest, prefix })),
    );
  });
}

/** Names that ustar cannot have. */
const PAX_NAMES = [
  "n".repeat(101),
  "é".repeat(60),
  `${"p".repeat(156)}/n`,
  `${"d/".repeat(10)}${"n".repeat(255)}`,
];

for (const name of PAX_NAMES) {
  const shown = `${name.slice(0, 6)}, ${utf8(name).length} bytes`;
  testOnHosts(`layer bytes: PAX has the name ${shown}`, async (root) => {
    const slash = name.lastIndexOf("/");
    if (slash > 0) {
      Deno.mkdirSync(`${root}/${name.slice(0, slash)}`, { recursive: true });
    }
    writeFile(root, name, "");
    const { typeflag, records } = await paxOf(root, name);
    assertEquals(typeflag, "0");
    assertEquals(records, record("path", name));
  });
}

testOnHosts("layer bytes: a directory's long name", async (root) => {
  const name = "d".repeat(120);
  Deno.mkdirSync(`${root}/${name}`);
  setTimes(root, name);
  const { typeflag, records } = await paxOf(root, name);
  assertEquals(typeflag, "5");
  assertEquals(records, record("path", `${name}/`));
});

testOnHosts("layer bytes: a long target", async (root) => {
  const target = "t/".repeat(400);
  await unpack(root, [[{ name: "s", type: "2", linkName: target }]]);
  const { typeflag, records } = await paxOf(root, "s");
  assertEquals(typeflag, "2");
  assertEquals(records, record("linkpath", target));
});

testOnHosts("layer bytes: a size that no octal digits hold", async (root) => {
  for (const [size, hasRecord] of [[2 ** 33 - 1, false], [2 ** 33, true]]) {
    const file = Deno.createSync(`${root}/large`);
    file.truncateSync(Number(size));
    file.close();
    setTimes(root, "large");
    const { typeflag, records } = await paxOf(root, "large");
    assertEquals(typeflag, "0");
    const expected = hasRecord ? record("size", "8589934592") : utf8("");
    assertEquals(records, expected);
  }
});

testOnHosts("layer bytes: a time before 1970", async (root) => {
  Deno.writeTextFileSync(`${root}/f`, "");
  Deno.utimeSync(`${root}/f`, -1.5, -1.5);
  const { records } = await paxOf(root, "f");
  assertEquals(records, record("mtime", "-2"));
});

testOnHosts("layer bytes: xattrs are sorted records", async (root) => {
  Deno.mkdirSync(`${root}/d`);
  setTimes(root, "d");
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert(setXattr(`${root}/d`, "user.b", every));
  assert(setXattr(`${root}/d`, "user.a", new Uint8Array(0)));
  const { typeflag, records } = await paxOf(root, "d");
  assertEquals(typeflag, "5");
  const expected = concat(
    record("SCHILY.xattr.user.a", ""),
    record("SCHILY.xattr.user.b", every),
  );
  assertEquals(records, expected);
}, LIBC);

testOnHosts("layer bytes: a name that is not UTF-8", async (root) => {
  const path = Uint8Array.of(0x66, 0xff, 0xe9);
  await unpack(root, [[{ name: "x", pax: { path } }]]);
  const { name } = await paxOf(root, "f\udcff\udce9");
  assertEquals(name, path);
}, LIBC);
