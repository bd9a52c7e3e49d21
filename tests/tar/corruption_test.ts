import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { TarError } from "@strata/layer";
import fc from "fast-check";
import { TarParser } from "../../src/tar/parser.ts";
import { SAMPLES } from "./archives.ts";
import {
  archive,
  block,
  concat,
  entry,
  gnuLong,
  octal,
  padded,
  pax,
  record,
  utf8,
} from "./raw_archive.ts";
import { readAll } from "./reading.ts";

const NO_PERMISSIONS = { permissions: "none" } as const;

interface Corruption {
  title: string;
  bytes: Uint8Array;
  /** Where in the archive the error is found. */
  offset: number;
  entry?: string;
  /** What the message must speak of. */
  says: string;
}

const file = entry({ name: "first" }, "x"); // 1024 bytes

function damaged(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

function sparse(
  map: string,
  body = "x".repeat(512),
  size = "4096",
): Uint8Array {
  return archive(
    pax(
      "x",
      record("path", "s"),
      record("GNU.sparse.size", size),
      record("GNU.sparse.numblocks", "1"),
      record("GNU.sparse.map", map),
    ),
    entry({ name: "cut" }, body),
  );
}

function sparse1(map: string): Uint8Array {
  return archive(
    pax(
      "x",
      record("path", "s"),
      record("GNU.sparse.major", "1"),
      record("GNU.sparse.realsize", "4096"),
    ),
    entry({ name: "cut" }, padded(map)),
  );
}

/** A PAX header with one record in front of a file. */
function paxed(...records: Uint8Array[]): Uint8Array {
  return archive(file, pax("x", ...records), entry({ name: "second" }));
}

const CORRUPTIONS: Corruption[] = [
  {
    title: "a checksum that does not match",
    bytes: damaged(archive(file, entry({ name: "second" })), 1030, 0x7a),
    offset: 1024,
    says: "checksum",
  },
  {
    title: "text in place of an archive",
    bytes: utf8("hello, this is no archive\n".repeat(50)),
    offset: 0,
    says: "no tar archive",
  },
  {
    title: "gzip data",
    bytes: padded(new Uint8Array([0x1f, 0x8b, 8, 0])),
    offset: 0,
    says: "gzip",
  },
  {
    title: "zstd data",
    bytes: padded(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd])),
    offset: 0,
    says: "zstd",
  },
  {
    title: "a header that ends early",
    bytes: concat(file, block({ name: "second" }).subarray(0, 300)),
    offset: 1324,
    says: "truncated",
  },
  {
    title: "a body that ends early",
    bytes: block({ name: "big", size: octal(5000) }),
    offset: 512,
    entry: "big",
    says: "5000 bytes before",
  },
  {
    title: "an extended header that ends early",
    bytes: concat(
      file,
      block({ typeflag: "x", size: octal(700) }),
      utf8("30 "),
    ),
    offset: 1539,
    says: "truncated",
  },
  {
    title: "an extended header without an entry",
    bytes: concat(file, pax("x", record("path", "lost"))),
    offset: 2048,
    entry: "lost",
    says: "between an extended header and its entry",
  },
  {
    title: "a long name in front of the archive's end",
    bytes: archive(file, gnuLong("L", "lost")),
    offset: 2560,
    entry: "lost",
    says: "between an extended header and its entry",
  },
  {
    title: "one block of zeros between entries",
    bytes: archive(file, new Uint8Array(512), entry({ name: "second" })),
    offset: 2048,
    entry: "second",
    says: "zeros",
  },
  {
    title: "a negative size",
    bytes: archive(entry({
      name: "n",
      size: Uint8Array.from({ length: 12 }, () => 0xff),
    })),
    offset: 512,
    entry: "n",
    says: "negative",
  },
  {
    title: "a size beyond all reason",
    bytes: archive(entry({
      name: "n",
      size: Uint8Array.from({ length: 12 }, (_, i) => i === 0 ? 0x80 : 0x7f),
    })),
    offset: 0,
    entry: "n",
    says: "size",
  },
  {
    title: "letters where a number belongs",
    bytes: archive(entry({ name: "n", uid: "12x4567\0" })),
    offset: 0,
    entry: "n",
    says: "uid",
  },
  {
    title: "a negative size in a record",
    bytes: paxed(record("size", "-1")),
    offset: 2048,
    entry: "second",
    says: "size",
  },
  {
    title: "a size in a record that is none",
    bytes: paxed(record("size", "12.5")),
    offset: 2048,
    entry: "second",
    says: "size",
  },
  {
    title: "an id in a record that is none",
    bytes: paxed(record("uid", "0x10")),
    offset: 2048,
    entry: "second",
    says: "uid",
  },
  {
    title: "a time in a record that is none",
    bytes: paxed(record("path", "named"), record("mtime", "yesterday")),
    offset: 2048,
    entry: "named",
    says: "mtime",
  },
  ...[
    ["too short", record("path", "abc", "5")],
    ["too long", record("path", "abc", "50")],
    ["of zero", record("path", "abc", "0")],
    ["that is none", record("path", "abc", "x")],
    ["that is negative", record("path", "abc", "-12")],
    ["that is missing", utf8("path=abc\n")],
    ["with too many digits", record("path", "abc", "00000000000012")],
  ].map(([title, bytes]) => ({
    title: `a record with a length ${String(title)}`,
    bytes: paxed(bytes instanceof Uint8Array ? bytes : utf8("")),
    offset: 1024,
    says: "PAX record",
  })),
  {
    title: "a record without an equals sign",
    bytes: paxed(utf8("9 pathab\n")),
    offset: 1024,
    says: "keyword",
  },
  {
    title: "a record without a keyword",
    bytes: paxed(utf8("6 =ab\n")),
    offset: 1024,
    says: "keyword",
  },
  {
    title: "a record without a line's end",
    bytes: paxed(utf8("11 path=abc")),
    offset: 1024,
    says: "PAX record",
  },
  {
    title: "a name with a NUL",
    bytes: paxed(record("path", "a\0b")),
    offset: 2048,
    says: "NUL",
  },
  {
    title: "a link target with a NUL",
    bytes: paxed(record("linkpath", "a\0b")),
    offset: 2048,
    says: "NUL",
  },
  {
    title: "an xattr that is not base64",
    bytes: paxed(record("LIBARCHIVE.xattr.user.a", "*")),
    offset: 2048,
    says: "base64",
  },
  {
    title: "an extended header over the limit, which is not there at all",
    bytes: block({
      name: "huge",
      typeflag: "x",
      size: octal(8 * 1024 * 1024 + 1),
    }),
    offset: 512,
    entry: "huge",
    says: "8388608",
  },
  {
    title: "a long name over the limit",
    bytes: block({ name: "huge", typeflag: "L", size: "77777777777\0" }),
    offset: 512,
    entry: "huge",
    says: "8388608",
  },
  {
    title: "global records that grow over the limit",
    bytes: concat(
      ...[1, 2, 3].map((i) =>
        pax("g", record(`vendor.${i}`, new Uint8Array(3_000_000)))
      ),
    ),
    offset: 2 * (512 + 3_000_320),
    says: "global",
  },
  {
    title: "a sparse map with pieces that overlap",
    bytes: sparse("0,256,255,256"),
    offset: 1024,
    entry: "s",
    says: "overlap",
  },
  {
    title: "a sparse map beyond the file's end",
    bytes: sparse("4000,512"),
    offset: 1024,
    entry: "s",
    says: "beyond",
  },
  {
    title: "a sparse map that is not as long as the data",
    bytes: sparse("0,511"),
    offset: 1024,
    entry: "s",
    says: "511 bytes of data",
  },
  {
    title: "a sparse map that ends in the middle",
    bytes: sparse("0,512,600"),
    offset: 1024,
    entry: "s",
    says: "middle",
  },
  {
    title: "a sparse map with what is no number",
    bytes: sparse("0,512,-1,0"),
    offset: 1024,
    entry: "s",
    says: "sparse map",
  },
  {
    title: "a sparse file of no size",
    bytes: sparse("0,512", undefined, "x"),
    offset: 1024,
    entry: "s",
    says: "size",
  },
  {
    title: "a sparse file without a map",
    bytes: archive(
      pax("x", record("path", "s"), record("GNU.sparse.size", "1")),
      entry({}),
    ),
    offset: 1024,
    entry: "s",
    says: "no map",
  },
  {
    title: "a sparse map in the body with an absurd count",
    bytes: sparse1("99999999999\n"),
    offset: 1024,
    entry: "s",
    says: "sparse map",
  },
  {
    title: "a sparse map in the body that never ends",
    bytes: sparse1(`300\n${"0\n".repeat(254)}`),
    offset: 2048,
    entry: "s",
    says: "sparse map",
  },
  {
    title: "a sparse map in the body that is one long number",
    bytes: sparse1("1".repeat(512)),
    offset: 1024,
    entry: "s",
    says: "sparse map",
  },
];

for (const { title, bytes, offset, entry, says } of CORRUPTIONS) {
  Deno.test(`readTar() refuses ${title}`, NO_PERMISSIONS, async () => {
    for (const size of [bytes.length, 512, 997]) {
      const error = await assertRejects(() => readAll(bytes, size), TarError);
      assertStringIncludes(error.message, says);
      assertStringIncludes(error.message, `byte ${offset}`);
      assertEquals(error.offset, offset);
      if (entry !== undefined) {
        assertEquals(error.entry, entry);
        assertStringIncludes(error.message, `"${entry}"`);
      }
    }
  });
}

Deno.test(
  "readTar() reads damaged archives or refuses them",
  NO_PERMISSIONS,
  async () => {
    const sample = fc.constantFrom(...SAMPLES.map(({ bytes }) => bytes));
    const edits = fc.array(
      fc.record({
        kind: fc.constantFrom("set", "insert", "delete"),
        at: fc.nat(),
        value: fc.nat(255),
      }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(sample, edits, async (bytes, edits) => {
        const copy = [...bytes.subarray(0, 8192)];
        for (const { kind, at, value } of edits) {
          const place = at % (copy.length + 1);
          if (kind === "set") copy[place] = value;
          else if (kind === "insert") copy.splice(place, 0, value);
          else copy.splice(place, 1 + value);
        }
        try {
          await readAll(new Uint8Array(copy), 700);
        } catch (error) {
          assertInstanceOf(error, TarError);
        }
      }),
      { numRuns: 300 },
    );
  },
);

/** Counts the entries of an archive in pieces, without streams. */
function countEntries(bytes: Uint8Array, size: number): number {
  const parser = new TarParser();
  let entries = 0;
  for (let at = 0; at < bytes.length; at += size) {
    parser.push(bytes.subarray(at, at + size));
    for (let event = parser.next(); event !== "more"; event = parser.next()) {
      if (event === "entry") entries++;
    }
  }
  parser.finish();
  return entries;
}

Deno.test("TarParser takes hostile headers in one go", NO_PERMISSIONS, () => {
  // Each would take minutes if the work grew with the square of the input.
  const tiny = utf8("6 a=b\n".repeat(1_398_101));
  assertEquals(
    countEntries(archive(entry({ typeflag: "x" }, tiny), entry({})), 4096),
    1,
  );
  const xattrs = utf8(
    Array.from(
      { length: 200_000 },
      (_, i) => `30 SCHILY.xattr.user.${String(i).padStart(7, "0")}=\n`,
    ).join(""),
  );
  assertEquals(
    countEntries(archive(entry({ typeflag: "x" }, xattrs), entry({})), 4096),
    1,
  );
  const one = block({});
  const many = new Uint8Array(50_000 * one.length);
  for (let i = 0; i < 50_000; i++) many.set(one, i * one.length);
  assertEquals(countEntries(many, 64 * 1024), 50_000);
});

Deno.test(
  "readTar() recognizes compressed data of less than a block",
  NO_PERMISSIONS,
  async () => {
    for (
      const [magic, says] of [[[0x1f, 0x8b, 8, 0], "gzip"], [[
        0x28,
        0xb5,
        0x2f,
        0xfd,
      ], "zstd"]] as const
    ) {
      await assertRejects(
        () => readAll(Uint8Array.from([...magic, 1, 2, 3])),
        TarError,
        says,
      );
    }
  },
);
