/**
 * What is on disk, seen by others than the code under test: by `stat` of the
 * GNU tools and by xattr calls of this file's own.
 *
 * @module
 */
import { assert } from "@std/assert";

/** What `stat` says of a name; a symlink is not followed. */
export interface StatLine {
  type: string;
  mode: string;
  uid: number;
  gid: number;
  size: number;
  /** Space it takes, in units of 512 bytes. */
  blocks: number;
  links: number;
  inode: string;
  /** Seconds since 1970 with nine decimals. */
  atime: string;
  mtime: string;
  /** Major and minor number of a device. */
  device: string;
}

/** Asks `stat` about a name. */
export function statOf(path: string): StatLine {
  const format = "%F|%a|%u|%g|%s|%b|%h|%i|%.9X|%.9Y|%Hr,%Lr";
  const { success, stdout, stderr } = new Deno.Command("stat", {
    args: [`--printf=${format}`, "--", path],
    env: { LC_ALL: "C" },
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  const fields = new TextDecoder().decode(stdout).split("|");
  const field = (i: number) => fields[i] ?? "";
  return {
    type: field(0),
    mode: field(1),
    uid: Number(field(2)),
    gid: Number(field(3)),
    size: Number(field(4)),
    blocks: Number(field(5)),
    links: Number(field(6)),
    inode: field(7),
    atime: field(8),
    mtime: field(9),
    device: field(10),
  };
}

/** Names in a directory, sorted. */
export function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
}

/** Names in a directory as `find` prints them: raw bytes, in hex, sorted. */
export function rawNamesIn(path: string): string[] {
  const { success, stdout } = new Deno.Command("find", {
    args: [path, "-mindepth", "1", "-maxdepth", "1", "-printf", "%f\\0"],
    env: { LC_ALL: "C" },
  }).outputSync();
  assert(success);
  const hex = [...stdout].map((byte) => byte.toString(16).padStart(2, "0"));
  const names: string[] = [];
  for (let start = 0; start < hex.length;) {
    const end = stdout.indexOf(0, start);
    names.push(hex.slice(start, end).join(""));
    start = end + 1;
  }
  return names.sort();
}

const SYMBOLS = {
  lgetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize"],
    result: "isize",
  },
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  lsetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize", "i32"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function library() {
  opened ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  return opened;
}

/** An inode's xattrs; a symlink is not followed. */
export function xattrsOf(path: string): Record<string, string> {
  const buffer = new Uint8Array(64 * 1024);
  const length = Number(
    library().llistxattr(cString(path), buffer, BigInt(buffer.length)),
  );
  assert(length >= 0, `cannot list the xattrs of ${path}`);
  const names = latin1(buffer.subarray(0, length)).split("\0").filter(Boolean);
  const found: Record<string, string> = {};
  for (const name of names.sort()) {
    // The machine's policy puts this one everywhere.
    if (name === "security.selinux") continue;
    const size = Number(
      library().lgetxattr(
        cString(path),
        Uint8Array.from(`${name}\0`, (char) => char.charCodeAt(0)),
        buffer,
        BigInt(buffer.length),
      ),
    );
    assert(size >= 0, `cannot read the xattr ${name} of ${path}`);
    found[name] = latin1(buffer.subarray(0, size));
  }
  return found;
}

/** Sets an xattr; false where that is not possible here. */
export function setXattr(
  path: string,
  name: string,
  value: Uint8Array<ArrayBuffer>,
): boolean {
  const size = BigInt(value.length);
  return library().lsetxattr(cString(path), cString(name), value, size, 0) ===
    0;
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
