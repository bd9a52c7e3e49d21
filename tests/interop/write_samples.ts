/**
 * The entries that Strata writes for the peers, and what those must find.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { TarEntryInput } from "@strata/layer";
import type { ListedEntry } from "./listing.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** What is written: everything is said, so that nothing is a default. */
export interface Sample extends TarEntryInput {
  type: NonNullable<TarEntryInput["type"]>;
  mode: number;
  uid: number;
  gid: number;
  mtime: { seconds: number; nanoseconds: number };
  /** Contents of a file. */
  content: string;
}

const TIME = { seconds: 1500000000, nanoseconds: 0 };

function sample(
  name: string,
  fields: Partial<Sample> = {},
): Sample {
  const type = fields.type ?? (name.endsWith("/") ? "directory" : "file");
  return {
    name,
    type,
    mode: type === "directory" ? 0o755 : type === "symlink" ? 0o777 : 0o644,
    uid: 0,
    gid: 0,
    mtime: TIME,
    content: "",
    ...fields,
  };
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex);
}

const DEEP = `long/${"d".repeat(120)}/${"e".repeat(120)}`;

/** What every reader reads alike. */
export const SAMPLES: Sample[] = [
  sample("plain/", { mode: 0o1777, uid: 1, gid: 2 }),
  sample("plain/empty"),
  sample("plain/file", { content: "contents\n", uid: 1000, gid: 1000 }),
  sample("plain/block", { content: "x".repeat(512) }),
  sample("plain/more than a block", { content: "x".repeat(513) }),
  sample("plain/large", { content: "0123456789abcdef".repeat(200_000) }),
  sample("plain/set-id", { mode: 0o6755 }),
  sample("plain/no-mode", { mode: 0 }),
  sample('plain/back\\slash "quotes" *\nnewline'),
  sample("plain/hard", {
    type: "link",
    linkName: "plain/file",
    uid: 1000,
    gid: 1000,
  }),
  sample("plain/symlink", {
    type: "symlink",
    linkName: "file",
    uid: 7,
    gid: 8,
  }),
  sample("special/"),
  sample("special/fifo", { type: "fifo", mode: 0o600 }),
  sample("special/char", {
    type: "character-device",
    deviceMajor: 1,
    deviceMinor: 3,
  }),
  sample("special/block", {
    type: "block-device",
    deviceMajor: 7,
    deviceMinor: 200,
  }),
  sample("special/large", {
    type: "character-device",
    deviceMajor: 259,
    deviceMinor: 1048575,
  }),
  sample("long/"),
  sample(`long/${"a".repeat(95)}`), // 100 bytes, all of the name field
  sample(`long/${"b".repeat(96)}`), // one more
  sample(`long/${"c".repeat(255)}`), // no slash to split it at
  sample(`long/${"d".repeat(120)}/`),
  sample(`${DEEP}/`),
  sample(`${DEEP}/file`, { content: "below 256 bytes of path" }),
  sample(`${DEEP}/${"f".repeat(200)}`, { content: "beyond" }),
  sample("long/hard", { type: "link", linkName: `${DEEP}/${"f".repeat(200)}` }),
  sample("long/symlink", { type: "symlink", linkName: "t".repeat(1500) }),
  sample("names/"),
  sample("names/grüße-日本語-🦕", { content: "unicode" }),
  sample("names/not-utf8-\udcff\udcfe", { content: "bytes" }),
  sample("names/symlink", {
    type: "symlink",
    linkName: "not-utf8-\udcff\udcfe",
  }),
  sample("names/hard", {
    type: "link",
    linkName: "names/not-utf8-\udcff\udcfe",
  }),
  sample(`names/${"\udcff".repeat(200)}`, { content: "bytes in a PAX record" }),
  sample("owners/"),
  sample("owners/octal", { uid: 2097151, gid: 2097151 }),
  sample("owners/beyond-octal", { uid: 2097152, gid: 3000000 }),
  sample("owners/largest", { uid: 4294967294, gid: 4294967294 }),
  sample("owners/named", { userName: "grüße", groupName: "g".repeat(40) }),
  sample("times/", { mtime: { seconds: 1, nanoseconds: 1 } }),
  sample("times/epoch", { mtime: { seconds: 0, nanoseconds: 0 } }),
  sample("times/nanoseconds", {
    mtime: { seconds: 1234567890, nanoseconds: 123456789 },
  }),
  sample("times/tenth", {
    mtime: { seconds: 1234567890, nanoseconds: 100000000 },
  }),
  sample("times/before-1970", {
    mtime: { seconds: -315619200, nanoseconds: 0 },
  }),
  sample("times/beyond-octal", {
    mtime: { seconds: 8589934592, nanoseconds: 0 },
  }),
  sample("xattrs/", { xattrs: new Map([["user.directory", bytes("00")]]) }),
  sample("xattrs/file", {
    content: "with xattrs",
    xattrs: new Map([
      ["user.binary", bytes("00ff0a3d0d80fe")],
      ["user.empty", bytes("")],
      ["user.näme", bytes("61")],
      ["user.records", new TextEncoder().encode("11 path=b\n")],
    ]),
  }),
  sample("xattrs/capability", {
    mode: 0o755,
    xattrs: new Map([
      ["security.capability", bytes("0100000204000000" + "00".repeat(12))],
    ]),
  }),
];

/** Times whose fraction only Python reads back as POSIX has it. */
export const NEGATIVE_FRACTIONS: Sample[] = [
  sample("half", { mtime: { seconds: -315619200, nanoseconds: 500000000 } }),
  sample("just-before", { mtime: { seconds: -1, nanoseconds: 999999999 } }),
];

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function withoutSlash(name: string): string {
  return name.replace(/\/$/, "");
}

function hexOf(xattrs: Sample["xattrs"]): Record<string, string> {
  const pairs = [...xattrs ?? []].map((
    [name, value],
  ): [string, string] => [name, value.toHex()]);
  return Object.fromEntries(pairs.sort());
}

function deviceOf({ type, deviceMajor, deviceMinor }: Sample) {
  return type.endsWith("-device") ? `${deviceMajor}:${deviceMinor}` : undefined;
}

/** A sample as an archive's listing has it. */
export function toListed(entry: Sample): ListedEntry {
  const isFile = entry.type === "file";
  return {
    type: entry.type,
    name: withoutSlash(entry.name),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtimeSeconds: entry.mtime.seconds,
    mtimeNanoseconds: entry.mtime.nanoseconds,
    userName: entry.userName ?? "",
    groupName: entry.groupName ?? "",
    xattrs: hexOf(entry.xattrs),
    size: isFile ? entry.content.length : undefined,
    sha256: isFile ? sha256(entry.content) : undefined,
    linkName: entry.linkName,
    device: deviceOf(entry),
  };
}

/** The samples as a scan of the extracted tree must have them. */
export function toTree(samples: Sample[]): Tree {
  const tree = new Map<string, TreeEntry>();
  for (const entry of samples) {
    const path = withoutSlash(entry.name);
    const { type, linkName } = entry;
    if (type === "link" && linkName !== undefined) {
      const target = tree.get(linkName);
      if (target === undefined) throw new Error(`No sample ${linkName}`);
      target.linkGroup = [path, linkName].sort()[0];
      tree.set(path, { ...target, path });
      continue;
    }
    tree.set(path, {
      path,
      type,
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      mtimeSeconds: entry.mtime.seconds,
      mtimeNanoseconds: entry.mtime.nanoseconds,
      xattrs: hexOf(entry.xattrs),
      size: type === "file" ? entry.content.length : undefined,
      sha256: type === "file" ? sha256(entry.content) : undefined,
      target: linkName,
      device: deviceOf(entry),
    });
  }
  return tree;
}
