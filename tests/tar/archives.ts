/**
 * Archives of every kind, and what is in them: written down from POSIX pax,
 * the GNU tar manual and star(5), not taken from what the library says.
 *
 * @module
 */
import {
  archive,
  block,
  concat,
  entry,
  gnuLong,
  latin,
  octal,
  padded,
  pax,
  record,
  utf8,
} from "./raw_archive.ts";
import { expected, type ReadEntry } from "./reading.ts";

export interface Sample {
  title: string;
  bytes: Uint8Array;
  entries: ReadEntry[];
}

const LONG = `${"d".repeat(120)}/${"f".repeat(130)}`;
const TIME = (seconds: number, nanoseconds = 0) => ({ seconds, nanoseconds });

/** GNU's base-256: a mark bit, then a big-endian two's complement. */
function base256(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

/** Old GNU sparse entries: offset and length, twelve bytes each. */
function pieces(...numbers: number[]): Uint8Array {
  return concat(...numbers.map((number) => utf8(octal(number))));
}

/** Data at offsets in a file of zeros. */
function withHoles(
  size: number,
  ...data: [number, string][]
): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [at, text] of data) bytes.set(utf8(text), at);
  return bytes;
}

const A = "a".repeat(512);
const B = "b".repeat(512);

export const SAMPLES: Sample[] = [
  {
    title: "an empty archive",
    bytes: archive(),
    entries: [],
  },
  {
    title: "no bytes at all",
    bytes: new Uint8Array(0),
    entries: [],
  },
  {
    title: "an archive without an end",
    bytes: entry({ name: "a" }, "x"),
    entries: [expected({ name: "a", bytes: utf8("x") })],
  },
  {
    title: "an entry without padding at the end",
    bytes: concat(block({ size: octal(3) }), utf8("abc")),
    entries: [expected({ bytes: utf8("abc") })],
  },
  {
    title: "garbage behind the end",
    bytes: concat(archive(entry({ name: "a" })), latin("\xff".repeat(700))),
    entries: [expected({ name: "a" })],
  },
  {
    title: "v7: a file, a directory by its slash, a link",
    bytes: archive(
      entry({ magic: "v7", typeflag: "\0", name: "old" }, "body"),
      entry({ magic: "v7", typeflag: "\0", name: "dir/", mode: "40755 \0" }),
      entry({ magic: "v7", typeflag: "1", name: "h", linkName: "old" }),
    ),
    entries: [
      expected({ typeflag: "\0", name: "old", bytes: utf8("body") }),
      expected({
        type: "directory",
        typeflag: "\0",
        name: "dir/",
        mode: 0o755,
      }),
      expected({ type: "link", typeflag: "1", name: "h", linkName: "old" }),
    ],
  },
  {
    title: "ustar: every type, names, owners, devices",
    bytes: archive(
      entry({
        name: "f".repeat(100),
        prefix: "p".repeat(155),
        mode: "0004755\0",
        uid: "0001750\0",
        gid: "7777777\0",
        mtime: "14371573020\0",
        userName: "alice",
        groupName: "g".repeat(32),
      }, "x".repeat(513)),
      entry({ typeflag: "5", name: "d/", mode: "0001777\0" }),
      entry({ typeflag: "2", name: "s", linkName: "l".repeat(100) }),
      entry({
        typeflag: "3",
        name: "c",
        major: "0000001\0",
        minor: "0000003\0",
      }),
      entry({
        typeflag: "4",
        name: "b",
        major: "0000010\0",
        minor: "0000377\0",
      }),
      entry({ typeflag: "6", name: "p" }),
      entry({ typeflag: "7", name: "contiguous" }, "y"),
    ),
    entries: [
      expected({
        name: `${"p".repeat(155)}/${"f".repeat(100)}`,
        mode: 0o4755,
        uid: 1000,
        gid: 2097151,
        mtime: TIME(0o14371573020),
        userName: "alice",
        groupName: "g".repeat(32),
        bytes: utf8("x".repeat(513)),
      }),
      expected({ type: "directory", typeflag: "5", name: "d/", mode: 0o1777 }),
      expected({
        type: "symlink",
        typeflag: "2",
        name: "s",
        linkName: "l".repeat(100),
      }),
      expected({
        type: "character-device",
        typeflag: "3",
        name: "c",
        deviceMajor: 1,
        deviceMinor: 3,
      }),
      expected({
        type: "block-device",
        typeflag: "4",
        name: "b",
        deviceMajor: 8,
        deviceMinor: 255,
      }),
      expected({ type: "fifo", typeflag: "6", name: "p" }),
      expected({ typeflag: "7", name: "contiguous", bytes: utf8("y") }),
    ],
  },
  {
    title: "star: a shorter prefix, and times behind it",
    bytes: archive(entry({
      name: "n",
      prefix: "p",
      patches: [
        [476, "00000000144\0"],
        [488, "00000000310\0"],
        [508, "tar\0"],
      ],
    })),
    entries: [expected({ name: "p/n", atime: TIME(100), ctime: TIME(200) })],
  },
  {
    title: "GNU: long names and links, times in place of the prefix",
    bytes: archive(
      gnuLong("K", `${LONG}/target`),
      gnuLong("L", LONG),
      entry({ magic: "gnu", typeflag: "2", name: "cut", linkName: "cut" }),
      entry({
        magic: "gnu",
        name: "times",
        patches: [[345, "00000000144\0"], [357, "00000000310\0"]],
      }),
    ),
    entries: [
      expected({
        type: "symlink",
        typeflag: "2",
        name: LONG,
        linkName: `${LONG}/target`,
      }),
      expected({ name: "times", atime: TIME(100), ctime: TIME(200) }),
    ],
  },
  {
    title: "numbers: base-256 and every padding",
    bytes: archive(
      entry({
        name: "base256",
        uid: base256(4294967294n, 8),
        gid: base256(2097152n, 8),
        mtime: base256(-1n, 12),
      }),
      entry({ name: "negative", mtime: base256(-(2n ** 40n), 12) }),
      entry({
        name: "spaces",
        uid: "    12 \0",
        gid: "34      ",
        mtime: " 77",
      }),
      entry({ name: "nuls", uid: "\0\0\0\0\0\0\0\0", gid: "        " }),
      entry({ name: "full", uid: "77777777", mtime: "777777777777" }),
    ),
    entries: [
      expected({
        name: "base256",
        uid: 4294967294,
        gid: 2097152,
        mtime: TIME(-1),
      }),
      expected({ name: "negative", mtime: TIME(-(2 ** 40)) }),
      expected({ name: "spaces", uid: 10, gid: 28, mtime: TIME(63) }),
      expected({ name: "nuls" }),
      expected({ name: "full", uid: 0o77777777, mtime: TIME(0o777777777777) }),
    ],
  },
  {
    title: "a checksum of signed bytes",
    bytes: archive(entry({ name: "é", signedChecksum: true })),
    entries: [expected({ name: "é" })],
  },
  {
    title: "names that are not UTF-8",
    bytes: archive(
      entry({ name: latin("a\xffb") }),
      pax("x", record("path", latin("\xc3\x28/\xe2\x82\xac"))),
      entry({ name: "cut" }),
    ),
    entries: [
      expected({ name: "a\udcffb" }),
      expected({ name: "\udcc3(/€" }),
    ],
  },
  {
    title: "headers of types that have no body, whatever their size says",
    bytes: archive(
      entry({ typeflag: "5", name: "d/", size: octal(1024) }),
      entry({ typeflag: "2", name: "s", linkName: "t", size: octal(5) }),
      entry({ typeflag: "1", name: "h", linkName: "s", size: octal(99) }),
      entry({ typeflag: "6", name: "p", size: octal(512) }),
      entry({ name: "last" }, "z"),
    ),
    entries: [
      expected({ type: "directory", typeflag: "5", name: "d/" }),
      expected({ type: "symlink", typeflag: "2", name: "s", linkName: "t" }),
      expected({ type: "link", typeflag: "1", name: "h", linkName: "s" }),
      expected({ type: "fifo", typeflag: "6", name: "p" }),
      expected({ name: "last", bytes: utf8("z") }),
    ],
  },
  {
    title: "types that nobody knows, and GNU's directory with a list",
    bytes: archive(
      entry({ typeflag: "Z", name: "z" }, "unknown"),
      entry({ typeflag: "V", name: "volume", magic: "gnu" }),
      entry({ typeflag: "5", name: "d/" }),
      entry({ typeflag: "D", name: "dump/", magic: "gnu" }, "Yname\0\0"),
      entry({ name: "last" }, "z"),
    ),
    entries: [
      expected({
        type: "unknown",
        typeflag: "Z",
        name: "z",
        bytes: utf8("unknown"),
      }),
      expected({ type: "unknown", typeflag: "V", name: "volume" }),
      expected({ type: "directory", typeflag: "5", name: "d/" }),
      expected({
        type: "directory",
        typeflag: "D",
        name: "dump/",
        size: 0,
        bytes: utf8("Yname\0\0"),
      }),
      expected({ name: "last", bytes: utf8("z") }),
    ],
  },
  {
    title: "PAX: every record",
    bytes: archive(
      pax(
        "x",
        record("path", `${LONG}/é`),
        record("linkpath", "not used"),
        record("uid", "3000000"),
        record("gid", "4294967294"),
        record("uname", "a".repeat(40)),
        record("gname", "b".repeat(40)),
        record("mtime", "1234567890.123456789"),
        record("atime", "-1.5"),
        record("ctime", "7"),
        record("comment", "skipped"),
        record("SCHILY.xattr.user.bin", latin("\0\xff\n=")),
        record("SCHILY.xattr.user.empty", ""),
      ),
      entry({ name: "cut" }, "x"),
    ),
    entries: [expected({
      name: `${LONG}/é`,
      linkName: "not used",
      uid: 3000000,
      gid: 4294967294,
      userName: "a".repeat(40),
      groupName: "b".repeat(40),
      mtime: TIME(1234567890, 123456789),
      atime: TIME(-2, 500000000),
      ctime: TIME(7),
      xattrs: new Map([
        ["user.bin", latin("\0\xff\n=")],
        ["user.empty", new Uint8Array(0)],
      ]),
      bytes: utf8("x"),
    })],
  },
  {
    title: "PAX: times of every shape",
    bytes: archive(
      ...["0", "+5", ".5", "5.", "-0", "-0.25", "1.9999999999", "-3"].flatMap((
        text,
        i,
      ) => [pax("x", record("mtime", text)), entry({ name: String(i) })]),
    ),
    entries: [
      TIME(0),
      TIME(5),
      TIME(0, 500000000),
      TIME(5),
      TIME(0),
      TIME(-1, 750000000),
      TIME(1, 999999999), // cut, never rounded up
      TIME(-3),
    ].map((mtime, i) => expected({ name: String(i), mtime })),
  },
  {
    title: "PAX: own records over global ones over the header",
    bytes: archive(
      pax("g", record("uid", "1"), record("gid", "1"), record("mtime", "1")),
      entry({ name: "global", uid: "0000007\0" }),
      pax("x", record("uid", "2"), record("gid", "")),
      entry({ name: "own", gid: "0000007\0" }),
      pax("g", record("uid", "3"), record("mtime", "")),
      entry({ name: "later", mtime: octal(9) }),
      pax("x", record("uid", "4"), record("uid", "5")),
      entry({ name: "last wins" }),
    ),
    entries: [
      expected({ name: "global", uid: 1, gid: 1, mtime: TIME(1) }),
      expected({ name: "own", uid: 2, gid: 7, mtime: TIME(1) }),
      expected({ name: "later", uid: 3, gid: 1, mtime: TIME(9) }),
      expected({ name: "last wins", uid: 5, gid: 1 }),
    ],
  },
  {
    title: "PAX: records for one entry only, also over a GNU name",
    bytes: archive(
      gnuLong("L", "gnu"),
      pax("x", record("path", "pax")),
      entry({ name: "first" }),
      entry({ name: "second" }),
      pax("x", record("path", "dir/")),
      entry({ name: "third" }),
    ),
    entries: [
      expected({ name: "pax" }),
      expected({ name: "second" }),
      expected({ type: "directory", name: "dir/" }),
    ],
  },
  {
    title: "PAX: Solaris's typeflag, and bsdtar's xattrs in base64",
    bytes: archive(
      entry({ typeflag: "X", name: "x" }, record("path", "solaris")),
      entry({}),
      pax(
        "x",
        record("LIBARCHIVE.xattr.user.%C3%A9", "AP8"),
        record("SCHILY.xattr.user.both", "raw"),
        record("LIBARCHIVE.xattr.user.both", "AAAA"),
      ),
      entry({ name: "bsd" }),
    ),
    entries: [
      expected({ name: "solaris" }),
      expected({
        name: "bsd",
        xattrs: new Map([
          ["user.é", latin("\0\xff")],
          ["user.both", utf8("raw")],
        ]),
      }),
    ],
  },
  {
    title: "sparse: old GNU, in one header",
    bytes: archive(concat(
      block({
        magic: "gnu",
        typeflag: "S",
        name: "s",
        size: octal(1024),
        patches: [
          [386, pieces(512, 512, 2048, 512, 4096, 0)],
          [483, octal(4096)],
        ],
      }),
      utf8(A + B),
    )),
    entries: [expected({
      typeflag: "S",
      name: "s",
      bytes: withHoles(4096, [512, A], [2048, B]),
    })],
  },
  {
    title: "sparse: old GNU, with extension blocks",
    bytes: archive(
      concat(
        block({
          magic: "gnu",
          typeflag: "S",
          name: "s",
          size: octal(26),
          patches: [
            [386, pieces(0, 1, 10, 1, 20, 1, 30, 1)],
            [482, "\x01"],
            [483, octal(300)],
          ],
        }),
        padded(concat(
          pieces(
            ...Array.from({ length: 21 }, (_, i) => [40 + 10 * i, 1]).flat(),
          ),
          latin("\x01"),
        )),
        padded(pieces(250, 1, 300, 0)),
        padded("abcdefghijklmnopqrstuvwxyz"),
      ),
      entry({ name: "after" }),
    ),
    entries: [
      expected({
        typeflag: "S",
        name: "s",
        bytes: withHoles(
          300,
          ...[..."abcdefghijklmnopqrstuvwxyz"].map((
            letter,
            i,
          ): [number, string] => [10 * i, letter]),
        ),
      }),
      expected({ name: "after" }),
    ],
  },
  {
    title: "sparse: PAX 0.0, a record for each number",
    bytes: archive(
      pax(
        "x",
        record("GNU.sparse.size", "3000"),
        record("GNU.sparse.numblocks", "2"),
        record("GNU.sparse.offset", "0"),
        record("GNU.sparse.numbytes", "512"),
        record("GNU.sparse.offset", "1000"),
        record("GNU.sparse.numbytes", "512"),
      ),
      entry({ name: "s" }, A + B),
      entry({ name: "after" }),
    ),
    entries: [
      expected({ name: "s", bytes: withHoles(3000, [0, A], [1000, B]) }),
      expected({ name: "after" }),
    ],
  },
  {
    title: "sparse: PAX 0.1, a map in a record",
    bytes: archive(
      pax(
        "x",
        record("GNU.sparse.size", "2000"),
        record("GNU.sparse.numblocks", "2"),
        record("GNU.sparse.map", "100,512,1488,512"),
        record("GNU.sparse.name", "real name"),
      ),
      entry({ name: "GNUSparseFile.0/s" }, A + B),
    ),
    entries: [expected({
      name: "real name",
      bytes: withHoles(2000, [100, A], [1488, B]),
    })],
  },
  {
    title: "sparse: PAX 1.0, a map in front of the data",
    bytes: archive(
      pax(
        "x",
        record("GNU.sparse.major", "1"),
        record("GNU.sparse.minor", "0"),
        record("GNU.sparse.name", "real name"),
        record("GNU.sparse.realsize", "5000"),
      ),
      entry(
        { name: "GNUSparseFile.0/s" },
        concat(padded("2\n1\n512\n4000\n512\n"), utf8(A + B)),
      ),
      entry({ name: "after" }, "x"),
    ),
    entries: [
      expected({
        name: "real name",
        bytes: withHoles(5000, [1, A], [4000, B]),
      }),
      expected({ name: "after", bytes: utf8("x") }),
    ],
  },
  {
    title: "sparse: PAX 1.0, a map of several blocks, and pieces of one byte",
    bytes: archive(
      pax(
        "x",
        record("GNU.sparse.major", "1"),
        record("GNU.sparse.minor", "0"),
        record("GNU.sparse.realsize", "100000"),
      ),
      entry(
        { name: "s" },
        concat(
          padded(
            `200\n${
              Array.from({ length: 200 }, (_, i) => `${500 * i}\n1\n`).join("")
            }`,
          ),
          utf8("x".repeat(200)),
        ),
      ),
    ),
    entries: [expected({
      name: "s",
      bytes: withHoles(
        100000,
        ...Array.from({ length: 200 }, (_, i): [number, string] => [
          500 * i,
          "x",
        ]),
      ),
    })],
  },
  {
    title: "sparse: nothing but a hole, in every format",
    bytes: archive(
      concat(block({
        magic: "gnu",
        typeflag: "S",
        name: "old",
        patches: [[386, pieces(70000, 0)], [483, octal(70000)]],
      })),
      pax(
        "x",
        record("GNU.sparse.size", "70000"),
        record("GNU.sparse.numblocks", "0"),
        record("GNU.sparse.map", ""),
      ),
      entry({ name: "0.1" }),
      pax(
        "x",
        record("GNU.sparse.major", "1"),
        record("GNU.sparse.realsize", "70000"),
      ),
      entry({ name: "1.0" }, padded("0\n")),
    ),
    entries: [
      expected({ typeflag: "S", name: "old", bytes: new Uint8Array(70000) }),
      expected({ name: "0.1", bytes: new Uint8Array(70000) }),
      expected({ name: "1.0", bytes: new Uint8Array(70000) }),
    ],
  },
];
