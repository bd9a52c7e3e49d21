import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { toBytes } from "@std/streams";
import {
  readTar,
  type TarEntryInput,
  TarWriteError,
  TarWriter,
} from "@strata/layer";
import fc from "fast-check";
import { decodeBytes } from "../../src/byte_string.ts";
import { encodeHeader } from "../../src/tar/encode_header.ts";
import {
  block,
  concat,
  END,
  latin,
  octal,
  padded,
  record,
  streamOf,
  utf8,
} from "./raw_archive.ts";
import { expected, readAll } from "./reading.ts";

const NO_PERMISSIONS = { permissions: "none" } as const;

type Body = Uint8Array | string | ReadableStream<Uint8Array>;

/** Writes an archive of these entries. */
async function write(
  ...entries: [TarEntryInput, Body?][]
): Promise<Uint8Array> {
  const tar = new TarWriter();
  const bytes = toBytes(tar.readable);
  bytes.catch(() => {});
  for (const [entry, body] of entries) await tar.add(entry, body);
  await tar.close();
  return await bytes;
}

/** A ustar header as the writer fills it in, by hand. */
function ustar(header: Parameters<typeof block>[0]): Uint8Array {
  return block({ major: "0000000\0", minor: "0000000\0", ...header });
}

function paxHeader(base: string, ...records: Uint8Array[]): Uint8Array {
  const body = concat(...records);
  const header = block({
    name: concat(utf8("PaxHeaders.0/"), latin(base)),
    typeflag: "x",
    size: octal(body.length),
  });
  return concat(header, padded(body));
}

Deno.test(
  "TarWriter writes ustar where that is enough",
  NO_PERMISSIONS,
  async () => {
    const bytes = await write(
      [{ name: "bin/" }],
      [{
        name: "bin/tool",
        mode: 0o104755,
        uid: 1000,
        gid: 2097151,
        mtime: { seconds: 8589934591, nanoseconds: 0 },
        userName: "alice",
        groupName: "users",
      }, "run"],
      [{ name: "link", type: "symlink", linkName: "bin/tool" }],
      [{ name: "hard", type: "link", linkName: "bin/tool" }],
      [{
        name: "null",
        type: "character-device",
        deviceMajor: 1,
        deviceMinor: 3,
      }],
      [{ name: "sda", type: "block-device", deviceMajor: 8 }],
      [{ name: "pipe", type: "fifo", mode: 0o600 }],
      [{ name: "empty", mtime: { seconds: 1, nanoseconds: 0 } }],
    );
    assertEquals(
      bytes,
      concat(
        ustar({ name: "bin/", typeflag: "5", mode: "0000755\0" }),
        ustar({
          name: "bin/tool",
          mode: "0004755\0",
          uid: "0001750\0",
          gid: "7777777\0",
          size: octal(3),
          mtime: "77777777777\0",
          userName: "alice",
          groupName: "users",
        }),
        padded("run"),
        ustar({
          name: "link",
          typeflag: "2",
          mode: "0000777\0",
          linkName: "bin/tool",
        }),
        ustar({ name: "hard", typeflag: "1", linkName: "bin/tool" }),
        ustar({
          name: "null",
          typeflag: "3",
          major: "0000001\0",
          minor: "0000003\0",
        }),
        ustar({ name: "sda", typeflag: "4", major: "0000010\0" }),
        ustar({ name: "pipe", typeflag: "6", mode: "0000600\0" }),
        ustar({ name: "empty", mtime: octal(1) }),
        END,
      ),
    );
  },
);

// Each pair is the last that fits ustar and the first that does not.
const LIMITS: {
  title: string;
  fits: TarEntryInput;
  exceeds: TarEntryInput;
  records: Uint8Array[];
  base?: string;
}[] = [
  {
    title: "a name of 100 bytes",
    fits: { name: "n".repeat(100) },
    exceeds: { name: "n".repeat(101) },
    records: [record("path", "n".repeat(101))],
    base: "n".repeat(80),
  },
  {
    title: "a prefix of 155 bytes",
    fits: { name: `${"p".repeat(155)}/${"n".repeat(100)}` },
    exceeds: { name: `${"p".repeat(156)}/${"n".repeat(100)}` },
    records: [record("path", `${"p".repeat(156)}/${"n".repeat(100)}`)],
    base: "n".repeat(80),
  },
  {
    title: "a link target of 100 bytes",
    fits: { name: "l", type: "symlink", linkName: "t".repeat(100) },
    exceeds: { name: "l", type: "symlink", linkName: "t".repeat(101) },
    records: [record("linkpath", "t".repeat(101))],
    base: "l",
  },
  {
    title: "a uid of seven octal digits",
    fits: { name: "f", uid: 2097151 },
    exceeds: { name: "f", uid: 2097152 },
    records: [record("uid", "2097152")],
  },
  {
    title: "a gid of seven octal digits",
    fits: { name: "f", gid: 2097151 },
    exceeds: { name: "f", gid: 4294967295 },
    records: [record("gid", "4294967295")],
  },
  {
    title: "a size under 8 GiB",
    fits: { name: "f", size: 8 * 1024 ** 3 - 1 },
    exceeds: { name: "f", size: 8 * 1024 ** 3 },
    records: [record("size", "8589934592")],
  },
  {
    title: "a time of eleven octal digits",
    fits: { name: "f", mtime: { seconds: 8589934591, nanoseconds: 0 } },
    exceeds: { name: "f", mtime: { seconds: 8589934592, nanoseconds: 0 } },
    records: [record("mtime", "8589934592")],
  },
  {
    title: "a time from 1970 on",
    fits: { name: "f", mtime: { seconds: 0, nanoseconds: 0 } },
    exceeds: { name: "f", mtime: { seconds: -2, nanoseconds: 250000000 } },
    records: [record("mtime", "-1.75")],
  },
  {
    title: "a time in whole seconds",
    fits: { name: "f", mtime: { seconds: 12, nanoseconds: 0 } },
    exceeds: { name: "f", mtime: { seconds: 12, nanoseconds: 340 } },
    records: [record("mtime", "12.00000034")],
  },
  {
    title: "a user name of 32 bytes",
    fits: { name: "f", userName: "u".repeat(32) },
    exceeds: { name: "f", userName: "u".repeat(33) },
    records: [record("uname", "u".repeat(33))],
  },
];

for (const { title, fits, exceeds, records, base = "f" } of LIMITS) {
  Deno.test(
    `encodeHeader() takes ustar for ${title}, PAX beyond`,
    NO_PERMISSIONS,
    () => {
      assertEquals(encodeHeader(fits).length, 512);
      const bytes = encodeHeader(exceeds);
      const extended = paxHeader(base, ...records);
      assertEquals(bytes.subarray(0, extended.length), extended);
      assertEquals(bytes.length, extended.length + 512);
    },
  );
}

Deno.test(
  "TarWriter sorts xattrs, and marks names that are not UTF-8",
  NO_PERMISSIONS,
  async () => {
    const name = `${"n".repeat(100)}\udcff`;
    const xattrs = new Map([
      ["user.b", latin("\0\xff")],
      ["user.a", new Uint8Array(0)],
    ]);
    const bytes = await write([{ name, xattrs }]);
    const extended = paxHeader(
      "n".repeat(80),
      record("hdrcharset", "BINARY"),
      record("path", latin(`${"n".repeat(100)}\xff`)),
      record("SCHILY.xattr.user.a", ""),
      record("SCHILY.xattr.user.b", latin("\0\xff")),
    );
    assertEquals(bytes.subarray(0, extended.length), extended);
    // A short one needs no record: the field is bytes already.
    assertEquals(
      encodeHeader({ name: "a\udcff" }),
      ustar({ name: latin("a\xff") }),
    );
  },
);

Deno.test(
  "TarWriter takes bodies as text, bytes and streams",
  NO_PERMISSIONS,
  async () => {
    const text = "x".repeat(1500);
    const asText = await write([{ name: "f" }, text]);
    assertEquals(await write([{ name: "f" }, utf8(text)]), asText);
    const stream = streamOf(utf8(text), 1, 700);
    assertEquals(await write([{ name: "f", size: 1500 }, stream]), asText);
  },
);

Deno.test("TarWriter refuses what tar cannot say", NO_PERMISSIONS, async () => {
  const refused: [string, TarEntryInput, Body?][] = [
    ["no name", { name: "" }],
    ["NUL", { name: "a\0b" }],
    ["slash", { name: "a/", type: "file" }],
    ["no such type", { name: "a", type: "unknown" }],
    ["no link target", { name: "a", type: "symlink" }],
    ["no link target", { name: "a", type: "link", linkName: "" }],
    ["NUL", { name: "a", type: "symlink", linkName: "\0" }],
    ["uid", { name: "a", uid: -1 }],
    ["uid", { name: "a", uid: 4294967296 }],
    ["gid", { name: "a", gid: 0.5 }],
    ["size", { name: "a", size: -1 }],
    ["size", { name: "a", size: NaN }],
    ["time", { name: "a", mtime: { seconds: 0.5, nanoseconds: 0 } }],
    ["time", { name: "a", mtime: { seconds: 0, nanoseconds: 1e9 } }],
    ["time", { name: "a", atime: { seconds: 0, nanoseconds: -1 } }],
    ["device", { name: "a", type: "block-device", deviceMajor: 2097152 }],
    ["device", { name: "a", type: "character-device", deviceMinor: -1 }],
    ["xattr", { name: "a", xattrs: new Map([["user.a=b", utf8("")]]) }],
    ["xattr", { name: "a", xattrs: new Map([["", utf8("")]]) }],
    ["3 bytes", { name: "a", size: 3 }, "ab"],
    ["1 bytes", { name: "a", size: 1 }, "ab"],
    ["0 bytes", { name: "a/" }, "a directory has no body"],
    ["size in front", { name: "a" }, streamOf(utf8("x"))],
    ["3 bytes", { name: "a", size: 3 }, streamOf(utf8("ab"))],
    ["1 bytes", { name: "a", size: 1 }, streamOf(utf8("ab"))],
  ];
  for (const [says, entry, body] of refused) {
    const tar = new TarWriter();
    const archive = toBytes(tar.readable);
    archive.catch(() => {});
    const error = await assertRejects(
      () => tar.add(entry, body),
      TarWriteError,
    );
    assertEquals(error.entry, entry.name);
    assertStringIncludes(error.message, says);
    // Nobody takes what there is for a whole archive.
    await assertRejects(() => archive, TarWriteError);
  }
});

Deno.test(
  "TarWriter stops when nobody reads any more",
  NO_PERMISSIONS,
  async () => {
    const tar = new TarWriter();
    await tar.readable.cancel(new Error("enough"));
    await assertRejects(() => tar.add({ name: "a" }, "x"), Error, "enough");
  },
);

const names = fc.array(
  fc.oneof(
    fc.string({ minLength: 1, maxLength: 60, unit: "binary" }),
    fc.uint8Array({ minLength: 1, maxLength: 90 }).map((bytes) =>
      decodeBytes(bytes)
    ),
  ),
  { minLength: 1, maxLength: 4 },
).map((parts) => parts.map((part) => part.replaceAll(/[\0/]/g, "_")).join("/"));

const times = fc.record({
  seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  nanoseconds: fc.oneof(fc.constant(0), fc.nat(999999999)),
});

const inputs = fc.record({
  name: names,
  type: fc.constantFrom(
    "file" as const,
    "directory" as const,
    "symlink" as const,
    "link" as const,
    "character-device" as const,
    "block-device" as const,
    "fifo" as const,
  ),
  linkName: names,
  mode: fc.nat(0o7777),
  uid: fc.nat(4294967295),
  gid: fc.nat(4294967295),
  userName: fc.string({ maxLength: 40 }).map((name) =>
    name.replaceAll("\0", "")
  ),
  groupName: fc.string({ maxLength: 40 }).map((name) =>
    name.replaceAll("\0", "")
  ),
  mtime: times,
  atime: fc.option(times, { nil: undefined }),
  ctime: fc.option(times, { nil: undefined }),
  deviceMajor: fc.nat(2097151),
  deviceMinor: fc.nat(2097151),
  xattrs: fc.array(fc.tuple(
    fc.string({ minLength: 1 }).map((name) =>
      `user.${name.replaceAll(/[=\0]/g, "_")}`
    ),
    fc.uint8Array({ maxLength: 600 }),
  )).map((xattrs) => new Map(xattrs)),
  body: fc.uint8Array({ maxLength: 1200 }),
});

Deno.test("readTar() reads what TarWriter wrote", NO_PERMISSIONS, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(inputs, { maxLength: 4 }), async (entries) => {
      const written = entries.map(({ body, ...entry }) => {
        const isFile = entry.type === "file";
        return [entry, isFile ? body : undefined] as [TarEntryInput, Body?];
      });
      const bytes = await write(...written);
      assertEquals(await write(...written), bytes);
      const read = await readAll(bytes, 1000);
      assertEquals(
        read.map(({ typeflag: _, ...entry }) => entry),
        entries.map((input) => {
          const { body, ...entry } = input;
          const isLink = entry.type === "symlink" || entry.type === "link";
          const isDevice = entry.type.endsWith("-device");
          const { typeflag: _, ...fields } = expected({
            ...entry,
            name: entry.type === "directory" ? `${entry.name}/` : entry.name,
            linkName: isLink ? entry.linkName : "",
            deviceMajor: isDevice ? entry.deviceMajor : 0,
            deviceMinor: isDevice ? entry.deviceMinor : 0,
            bytes: Uint8Array.from(entry.type === "file" ? body : []),
          });
          for (const key of ["atime", "ctime"] as const) {
            if (fields[key] === undefined) delete fields[key];
          }
          return {
            ...fields,
            xattrs: new Map(
              [...fields.xattrs].map(([name, value]) => [
                name,
                Uint8Array.from(value),
              ]),
            ),
          };
        }),
      );
    }),
    { numRuns: 150 },
  );
});

Deno.test(
  "TarWriter takes the entries that readTar() gives",
  NO_PERMISSIONS,
  async () => {
    const bytes = await write(
      [{ name: "a", uid: 5, mtime: { seconds: 5, nanoseconds: 6 } }, "body"],
      [{ name: "d/" }],
    );
    const tar = new TarWriter();
    const copy = toBytes(tar.readable);
    for await (const entry of readTar(streamOf(bytes))) {
      await tar.add(entry, entry.body);
    }
    await tar.close();
    assertEquals(await copy, bytes);
  },
);
