import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MtreeError } from "../../src/mtree/mtree_error.ts";
import { parseMtree } from "../../src/mtree/parse.ts";
import { flatten } from "./fixtures.ts";

const SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// As umoci 0.4.7 writes it.
const UMOCI_MANIFEST = `#          user: root
#       machine: vm
#          tree: bundle/rootfs
#          date: Mon Nov 23 20:10:43 2026
#      keywords: size,type,uid,gid,mode,link,nlink,tar_time,sha256digest,xattr

# .
/set type=file nlink=1 mode=0664 uid=0 gid=0
. size=4096 type=dir mode=0755 nlink=4 tar_time=1795464643.000000000
    \\043hash size=1 mode=0644 tar_time=-2.000000000 sha256digest=${SHA}
    back\\\\slash size=1 uid=100000 gid=2000 tar_time=0.000000000 sha256digest=${SHA} xattr.user.a\\040b=AP8= xattr.user.foo=YmFy
    blk size=0 type=block mode=0644 tar_time=1795464643.000000000
    b\\377\\376yte size=0 mode=0 nlink=2 tar_time=1.000000000 sha256digest=${SHA}
    sym size=20 type=link mode=0777 link=target\\040with\\040space\\043\\303\\251 tar_time=1.000000000

# dir with space
/set type=file nlink=1 mode=0664 uid=12 gid=34
dir\\040with\\040space size=4096 type=dir mode=01777 nlink=3 tar_time=1.000000000

# dir with space/sub
/set type=file nlink=1 mode=0664 uid=0 gid=0
sub size=4096 type=dir mode=0755 nlink=2 tar_time=1.000000000
    g size=1 mode=0644 tar_time=1.000000000 sha256digest=${SHA}
..
..

# usr
usr size=4096 type=dir mode=0755 nlink=2 tar_time=1.000000000
..
..
`;

Deno.test("a manifest of umoci is read", () => {
  assertEquals(flatten(parseMtree(UMOCI_MANIFEST)), [
    ["#hash", [
      "gid=0",
      "mode=0644",
      "nlink=1",
      `sha256digest=${SHA}`,
      "size=1",
      "tar_time=-2.000000000",
      "type=file",
      "uid=0",
    ]],
    [".", [
      "gid=0",
      "mode=0755",
      "nlink=4",
      "size=4096",
      "tar_time=1795464643.000000000",
      "type=dir",
      "uid=0",
    ]],
    ["back\\slash", [
      "gid=2000",
      "mode=0664",
      "nlink=1",
      `sha256digest=${SHA}`,
      "size=1",
      "tar_time=0.000000000",
      "type=file",
      "uid=100000",
      "xattr.user.a b=AP8=",
      "xattr.user.foo=YmFy",
    ]],
    ["blk", [
      "gid=0",
      "mode=0644",
      "nlink=1",
      "size=0",
      "tar_time=1795464643.000000000",
      "type=block",
      "uid=0",
    ]],
    ["b\udcff\udcfeyte", [
      "gid=0",
      "mode=0",
      "nlink=2",
      `sha256digest=${SHA}`,
      "size=0",
      "tar_time=1.000000000",
      "type=file",
      "uid=0",
    ]],
    ["dir with space", [
      "gid=34",
      "mode=01777",
      "nlink=3",
      "size=4096",
      "tar_time=1.000000000",
      "type=dir",
      "uid=12",
    ]],
    ["dir with space/sub", [
      "gid=0",
      "mode=0755",
      "nlink=2",
      "size=4096",
      "tar_time=1.000000000",
      "type=dir",
      "uid=0",
    ]],
    ["dir with space/sub/g", [
      "gid=0",
      "mode=0644",
      "nlink=1",
      `sha256digest=${SHA}`,
      "size=1",
      "tar_time=1.000000000",
      "type=file",
      "uid=0",
    ]],
    ["sym", [
      "gid=0",
      "link=target with space#\u00e9",
      "mode=0777",
      "nlink=1",
      "size=20",
      "tar_time=1.000000000",
      "type=link",
      "uid=0",
    ]],
    ["usr", [
      "gid=0",
      "mode=0755",
      "nlink=2",
      "size=4096",
      "tar_time=1.000000000",
      "type=dir",
      "uid=0",
    ]],
  ]);
});

// As bsdtar 3.6.2 writes it: --format=mtree, here with mtree:use-set.
const BSDTAR_MANIFEST = `#mtree
/set type=file uname=root uid=0 gname=root gid=0 mode=644
. time=1795464643.472687386 mode=755 type=dir
./back\\134slash time=0.0 size=1
./blk type=block device=native,7,200
./glob*[dir] mode=755 type=dir
./glob*[dir]/m gname=backup gid=34 size=1 rmd160digest=0bdc9d2d256b3ee9daae347be6f4dc835a467ffe
./sym type=link mode=777 link=x
`;

Deno.test("a manifest of bsdtar is read", () => {
  const set = ["gid=0", "gname=root"];
  assertEquals(flatten(parseMtree(BSDTAR_MANIFEST)), [
    [".", [
      ...set,
      "mode=755",
      "time=1795464643.472687386",
      "type=dir",
      "uid=0",
      "uname=root",
    ]],
    ["back\\slash", [
      ...set,
      "mode=644",
      "size=1",
      "time=0.0",
      "type=file",
      "uid=0",
      "uname=root",
    ]],
    ["blk", [
      "device=native,7,200",
      ...set,
      "mode=644",
      "type=block",
      "uid=0",
      "uname=root",
    ]],
    ["glob*[dir]", [...set, "mode=755", "type=dir", "uid=0", "uname=root"]],
    ["glob*[dir]/m", [
      "gid=34",
      "gname=backup",
      "mode=644",
      "ripemd160digest=0bdc9d2d256b3ee9daae347be6f4dc835a467ffe",
      "size=1",
      "type=file",
      "uid=0",
      "uname=root",
    ]],
    ["sym", [...set, "link=x", "mode=777", "type=link", "uid=0", "uname=root"]],
  ]);
});

// As bsdtar's --format=mtree-classic writes it: indented, with continuations.
const CLASSIC_MANIFEST = `#mtree

# .
/set type=file mode=644
.               time=1795464863.0 mode=755 inode=0 resdevice=native,0,0 \\
                type=dir
    b\\377\\376yte    size=1 cksum=1220704766 \\
                    md5digest=0cc175b9c0f1b6a831c399e269772661

# ./dir with space
    dir\\040with\\040space \\
                    mode=755 type=dir
\tf\t\tsize=1

# ./dir with space/sub
        sub             mode=755 type=dir
            g               size=1
        # ./dir with space/sub
        ..

    # ./dir with space
    ..

    zdir            mode=1777 type=dir
    ..

..
`;

Deno.test("a classic manifest with continuation lines is read", () => {
  assertEquals(flatten(parseMtree(CLASSIC_MANIFEST)), [
    [".", [
      "inode=0",
      "mode=755",
      "resdevice=native,0,0",
      "time=1795464863.0",
      "type=dir",
    ]],
    ["b\udcff\udcfeyte", [
      "cksum=1220704766",
      "md5digest=0cc175b9c0f1b6a831c399e269772661",
      "mode=644",
      "size=1",
      "type=file",
    ]],
    ["dir with space", ["mode=755", "type=dir"]],
    ["dir with space/f", ["mode=644", "size=1", "type=file"]],
    ["dir with space/sub", ["mode=755", "type=dir"]],
    ["dir with space/sub/g", ["mode=644", "size=1", "type=file"]],
    ["zdir", ["mode=1777", "type=dir"]],
  ]);
});

Deno.test("/set adds up, and /unset takes away", () => {
  const hierarchy = parseMtree(
    [
      "/set type=file uid=1",
      "/set gid=2",
      "a",
      "/unset uid",
      "b",
      "/unset all",
      "c",
      "/set sha256=" + SHA + " type=dir",
      "/unset sha256digest",
      "d",
      "  e",
      "..",
      "/unset",
      "f",
    ].join("\n"),
  );
  assertEquals(flatten(hierarchy), [
    ["a", ["gid=2", "type=file", "uid=1"]],
    ["b", ["gid=2", "type=file"]],
    ["c", []],
    ["d", ["type=dir"]],
    ["d/e", ["type=dir"]],
    ["d/f", []],
  ]);
});

Deno.test("paths are relative to the root wherever they stand", () => {
  const hierarchy = parseMtree(
    "usr type=dir\n  bin type=dir\n  ./a//b/./c size=1\n    ls size=2\n",
  );
  assertEquals(flatten(hierarchy).map(([path]) => path), [
    "a/b/c",
    "usr",
    "usr/bin",
    "usr/bin/ls",
  ]);
});

Deno.test("several entries of one file add up", () => {
  const hierarchy = parseMtree(
    [
      "./a type=dir mode=0755",
      "/set type=file mode=0644 uid=7",
      "./a mode=0700",
      "./a md5=" + "0".repeat(32),
    ].join("\n"),
  );
  assertEquals(flatten(hierarchy), [
    ["a", ["md5digest=" + "0".repeat(32), "mode=0700", "type=dir", "uid=7"]],
  ]);
  const error = assertThrows(
    () => parseMtree("./a type=dir\n./a type=file\n"),
    MtreeError,
    "an earlier line says",
  );
  assertEquals(error.line, 2);
});

Deno.test("line ends of Windows, no newline at the end, and nothing at all", () => {
  assertEquals(flatten(parseMtree("a size=1\r\n\r\n# c\r\nb \\\r\nsize=2")), [
    ["a", ["size=1"]],
    ["b", ["size=2"]],
  ]);
  assertEquals(flatten(parseMtree("")), []);
  assertEquals(flatten(parseMtree("#mtree\n\n  \t\n   # x\\\n")), []);
});

Deno.test("white space that is no blank belongs to the name", () => {
  assertEquals(
    flatten(parseMtree("\u00a0#a\u00a0 size=1 link=\u2003\n")),
    [["\u00a0#a\u00a0", ["link=\u2003", "size=1"]]],
  );
});

Deno.test("an encoded backslash at the end of a line continues nothing", () => {
  assertEquals(flatten(parseMtree("a\\\\\nb link=c\\\\\\\n\\\\ size=1\n")), [
    ["a\\", []],
    ["b", ["link=c\\\\", "size=1"]],
  ]);
});

Deno.test("a name may be what elsewhere would be an object's own", () => {
  assertEquals(
    flatten(
      parseMtree("__proto__ constructor=1 type=dir\n  toString __proto__=x\n"),
    ),
    [
      ["__proto__", ["constructor=1", "type=dir"]],
      ["__proto__/toString", ["__proto__=x"]],
    ],
  );
});

Deno.test("a hostile or broken manifest is refused with its line", () => {
  const table: [string, number, string][] = [
    ["..\n", 1, "leaves the directory"],
    [". type=dir\n..\n..\n", 3, "leaves the directory"],
    ["a type=file\n..\n", 2, "leaves the directory"],
    ["\\056\\056 type=dir\n", 1, "no name that a file can have"],
    ["\n\na\\057b type=file\n", 3, "no name that a file can have"],
    ["./a/../b type=file\n", 1, "no name that a file can have"],
    ["./a/\\056./b type=file\n", 1, "no name that a file can have"],
    ["../a type=file\n", 1, "no name that a file can have"],
    ["a\\000b type=file\n", 1, "no name that a file can have"],
    ["a\0b type=file\n", 1, "no name that a file can have"],
    ["./a/\\$/b type=file\n", 1, "no name that a file can have"],
    ["/etc/passwd type=file\n", 1, "neither /set nor /unset"],
    ["/include other\n", 1, "neither /set nor /unset"],
    ["a size=1\nb size=x\n", 2, "not a decimal number"],
    ["/set uid=x\n", 1, "not a decimal number"],
    ["a xattr.user.x=*\n", 1, "not base64"],
    ["a \\\n\\\nsize=x\n", 1, "not a decimal number"],
    ["a size=1 \\\n", 1, "truncated"],
    ["a size=1\nb size=1 \\", 2, "truncated"],
    ["a\\q\n", 1, "begins no escape"],
    ["a =1\n", 1, "has no keyword"],
    ["\ud800 size=1\n", 1, "stands for no byte"],
    [
      `/set ${Array.from({ length: 300 }, (_, i) => `k${i}=1`).join(" ")}\n`,
      1,
      "more than 256 keywords",
    ],
    ["x".repeat(17 * 1024 * 1024), 1, "longer than"],
    [
      "\na \\\n" + ("x".repeat(1024 * 1024) + "\\\n").repeat(17),
      2,
      "longer than",
    ],
  ];
  for (const [text, line, message] of table) {
    const error = assertThrows(() => parseMtree(text), MtreeError, message);
    assertEquals(error.line, line, text.slice(0, 80));
  }
});

Deno.test("a stream gives what its text gives, however it is cut", async () => {
  const text = UMOCI_MANIFEST + "caf\u00e9 type=file\n";
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 7, 64, bytes.length]) {
    const chunks: Uint8Array[] = [];
    for (let i = 0; i < bytes.length; i += size) {
      chunks.push(bytes.subarray(i, i + size));
    }
    assertEquals(
      flatten(await parseMtree(ReadableStream.from(chunks))),
      flatten(parseMtree(text)),
    );
  }
  assertEquals(flatten(await parseMtree(ReadableStream.from([]))), []);
});

Deno.test("raw bytes that are not UTF-8 survive in a stream", async () => {
  const bytes = Uint8Array.from([
    ..."# \xff\n\xe9t\xe9 size=1\n\xc3\xa9 size=2\n",
  ], (char) => char.charCodeAt(0));
  assertEquals(flatten(await parseMtree(new Blob([bytes]).stream())), [
    ["\u00e9", ["size=2"]],
    ["\udce9t\udce9", ["size=1"]],
  ]);
});

Deno.test("a stream is cancelled where its manifest is broken", async () => {
  let cancelled = false;
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.enqueue(new Uint8Array(1024 * 1024).fill(0x61));
    },
    cancel() {
      cancelled = true;
    },
  });
  const error = await assertRejects(
    () => parseMtree(stream),
    MtreeError,
    "longer than",
  );
  assertEquals([error.line, cancelled, pulls < 20], [1, true, true]);
});

Deno.test("deep and wide manifests take linear time", () => {
  const depth = 200_000;
  const deep = "d type=dir\n".repeat(depth) + "..\n".repeat(depth);
  let node = parseMtree(deep).root;
  let levels = 0;
  for (
    let child = node.children?.get("d");
    child !== undefined;
    child = node.children?.get("d")
  ) {
    node = child;
    levels++;
  }
  assertEquals(levels, depth);

  let wide = "/set type=file\n";
  for (let i = 0; i < 200_000; i++) wide += `f${i}\n`;
  assertEquals(parseMtree(wide).root.children?.size, 200_000);
});

// umoci 0.4.7 writes this for a tree with a directory "new\nline".
Deno.test("a newline in a directory's comment makes no entries", () => {
  const hierarchy = parseMtree(`#      keywords: size,type

# .
/set type=file nlink=1
. type=dir
    a size=1

# new
line
new\\012line type=dir
    f size=2

# new
line/sub
/set type=file nlink=2
sub type=dir
..
..

# x
# y

y type=dir
..
x\\012\\043\\040y\\012\\012y\\040type=dir\\012.. type=dir
..

# end

/set type=file nlink=2
end\\012 type=dir

# end
/set uid=9
set\\040uid=9 type=dir
..
..

# plain
plain type=dir
    g size=3
..
..
`);
  assertEquals(flatten(hierarchy), [
    [".", ["nlink=1", "type=dir"]],
    ["a", ["nlink=1", "size=1", "type=file"]],
    ["end\n", ["nlink=2", "type=dir"]],
    ["end\n/set uid=9", ["nlink=2", "type=dir"]],
    ["new\nline", ["nlink=1", "type=dir"]],
    ["new\nline/f", ["nlink=1", "size=2", "type=file"]],
    ["new\nline/sub", ["nlink=2", "type=dir"]],
    ["plain", ["nlink=2", "type=dir"]],
    ["plain/g", ["nlink=2", "size=3", "type=file"]],
    ["x\n# y\n\ny type=dir\n..", ["nlink=2", "type=dir"]],
  ]);
});

Deno.test("lines below a comment that is no path are entries", () => {
  const many = Array.from({ length: 2000 }, (_, i) => `f${i}`);
  const text = [
    "",
    "# The first ones",
    ...many,
    "",
    "# new",
    "line",
    "other\\012line type=dir",
    "..",
    "",
    "# last",
    "z",
    "q\\",
    " type=dir",
  ].join("\n");
  assertEquals(
    flatten(parseMtree(text)).map(([path]) => path),
    [...many, "line", "other\nline", "q", "z"].sort(),
  );
  const error = assertThrows(
    () => parseMtree(`${text}\n\n# x\n/bad\nb\n`),
    MtreeError,
  );
  assertEquals(error.line, text.split("\n").length + 3);
});
