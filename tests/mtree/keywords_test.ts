import { assertEquals, assertThrows } from "@std/assert";
import { StrataError } from "../../src/errors.ts";
import {
  canonicalKeyword,
  formatKeyword,
  parseKeyword,
  sameValue,
} from "../../src/mtree/keywords.ts";

Deno.test("keywords get the names of go-mtree", () => {
  const table: [string, string][] = [
    ["md5", "md5digest"],
    ["md5digest", "md5digest"],
    ["sha1", "sha1digest"],
    ["rmd160", "ripemd160digest"],
    ["rmd160digest", "ripemd160digest"],
    ["ripemd160digest", "ripemd160digest"],
    ["sha256", "sha256digest"],
    ["sha384", "sha384digest"],
    ["sha512", "sha512digest"],
    ["xattr", "xattr"],
    ["xattrs", "xattr"],
    ["xattrs.user.a\\040b", "xattr.user.a b"],
    ["time", "time"],
    ["unheard", "unheard"],
  ];
  for (const [name, canonical] of table) {
    assertEquals(canonicalKeyword(name), canonical);
  }
});

Deno.test("words are read into a name and a decoded value", () => {
  const sha = "E3".repeat(32);
  const table: [string, string, string][] = [
    ["size=12", "size", "12"],
    ["type=char", "type", "char"],
    ["mode=04755", "mode", "04755"],
    ["mode=u=rwx,go-w", "mode", "u=rwx,go-w"],
    ["time=1.5", "time", "1.5"],
    ["time=-2.500000000", "time", "-2.500000000"],
    ["tar_time=7", "tar_time", "7"],
    [`sha256=${sha}`, "sha256digest", sha],
    ["device=native,7,200", "device", "native,7,200"],
    ["device=0x1f", "device", "0x1f"],
    ["link=a\\040b=c", "link", "a b=c"],
    ["link=", "link", ""],
    ["uname=j\\303\\274rgen", "uname", "j\u00fcrgen"],
    ["optional", "optional", ""],
    ["unheard=\\040x", "unheard", " x"],
    ["unheard", "unheard", ""],
    ["xattr.user.empty=", "xattr.user.empty", ""],
    ["xattr.user.x=AP8=", "xattr.user.x", "AP8="],
    ["xattrs.user.x=YQ==", "xattr.user.x", "YQ=="],
    // go-mtree leaves equals signs in names as they are.
    ["xattr.user.a=b=AP8=", "xattr.user.a=b", "AP8="],
    ["xattr.user.a=b=", "xattr.user.a=b", ""],
    ["xattr.user.a\\075b=YQ==", "xattr.user.a=b", "YQ=="],
  ];
  for (const [word, name, value] of table) {
    assertEquals(parseKeyword(word), [name, value], word);
  }
});

Deno.test("values that a keyword cannot have are refused", () => {
  for (
    const word of [
      "=x",
      "size=",
      "size",
      "size=-1",
      "size=1e3",
      "uid=0x10",
      "gid=root",
      "nlink=one",
      "type=directory",
      "type=DIR",
      "type=",
      "mode=0999",
      "mode=rwx?",
      "time=now",
      "time=1.2.3",
      "time=--1",
      "tar_time=",
      "cksum=f",
      "md5=00",
      `sha1=${"g".repeat(40)}`,
      `sha256=${"0".repeat(63)}`,
      `sha512digest=${"0".repeat(64)}`,
      "device=native,7,",
      "device=native,a,b",
      "device=n,1,2,3,4",
      "xattr.user.x=A",
      "xattr.user.x=AP8",
      "xattr.user.x=A\\040=A",
      "link=a\\000b",
      "un\\000heard=1",
      "link=\\q",
    ]
  ) {
    assertThrows(() => parseKeyword(word), StrataError, "Cannot");
  }
});

Deno.test("words are written as go-mtree writes them", () => {
  const table: [string, string, string][] = [
    ["size", "12", "size=12"],
    [
      "link",
      "target with space#\u00e9",
      "link=target\\040with\\040space\\043\\303\\251",
    ],
    ["xattr.user.a b", "AP8=", "xattr.user.a\\040b=AP8="],
    ["xattr.user.empty", "", "xattr.user.empty="],
    ["xattr.user.a=b", "", "xattr.user.a\\075b="],
    ["optional", "", "optional"],
    ["uname", "", "uname="],
    ["unheard", "1\n/set uid=5", "unheard=1\\012/set\\040uid=5"],
  ];
  for (const [name, value, word] of table) {
    assertEquals(formatKeyword(name, value), word);
    assertEquals(parseKeyword(word), [name, value]);
  }
  assertThrows(() => formatKeyword("", "x"), StrataError, "without a name");
});

Deno.test("values are compared by what they say", () => {
  const same: [string, string, string][] = [
    ["mode", "0755", "755"],
    ["mode", "0", "00"],
    ["size", "007", "7"],
    ["time", "1.0", "1.000000000"],
    ["time", "0", "0.0"],
    ["time", "1.5", "1.000000005"],
    ["time", "-0.0", "0"],
    ["tar_time", "1.0", "1.999999999"],
    ["tar_time", "-2.000000000", "-2.5"],
    ["sha1digest", "aB".repeat(20), "Ab".repeat(20)],
    ["device", "native,0x7,200", "native,7,0xc8"],
    ["unheard", "x", "x"],
  ];
  for (const [name, a, b] of same) {
    assertEquals(sameValue(name, a, b), true, `${name} ${a} ${b}`);
  }
  const different: [string, string, string][] = [
    ["mode", "0755", "0644"],
    ["mode", "u=rwx", "u=rw"],
    ["size", "10", "1"],
    ["time", "1.0", "1.000000001"],
    ["time", "1.5", "1.500000000"],
    ["time", "1", "-1"],
    ["tar_time", "1.0", "2.0"],
    ["link", "0x", "x"],
    ["uname", "007", "7"],
    ["device", "native,1,3", "native,1,5"],
    ["xattr.user.x", "YQ==", "YR=="],
    ["size", "x", "y"],
  ];
  for (const [name, a, b] of different) {
    assertEquals(sameValue(name, a, b), false, `${name} ${a} ${b}`);
  }
});
