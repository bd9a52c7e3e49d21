/**
 * What an archive holds: as Strata, Python's tarfile, GNU tar and bsdtar list
 * it, all in one form.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readTar, type TarEntry } from "@strata/layer";
import { run, runScript } from "./command.ts";

/** An entry of an archive. */
export interface ListedEntry {
  /** In the words of `TarEntryType`. */
  type?: string;
  /** Without the slash at the end of a directory's name. */
  name: string;
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  userName?: string;
  groupName?: string;
  /** Values as hexadecimal digits. */
  xattrs?: Record<string, string>;
  /** Of files. */
  size?: number;
  /** Of files below 1 GiB. */
  sha256?: string;
  /** Of symlinks and hard links. */
  linkName?: string;
  /** Of devices, `major:minor`. */
  device?: string;
}

/** Larger bodies are not hashed by a listing. */
const LARGE = 2 ** 30;

/** Lists an archive with Strata. */
export async function listWithStrata(archive: string): Promise<ListedEntry[]> {
  const entries: ListedEntry[] = [];
  const file = await Deno.open(archive);
  for await (const entry of readTar(file.readable)) {
    entries.push(await describe(entry));
  }
  return entries;
}

async function describe(entry: TarEntry): Promise<ListedEntry> {
  const listed: ListedEntry = {
    type: entry.type,
    name: entry.name.replace(/(?<=.)\/+$/, ""),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtimeSeconds: entry.mtime.seconds,
    mtimeNanoseconds: entry.mtime.nanoseconds,
    userName: entry.userName,
    groupName: entry.groupName,
    xattrs: Object.fromEntries(
      [...entry.xattrs].sort().map(([name, value]) => [name, value.toHex()]),
    ),
  };
  if (entry.type === "file") {
    listed.size = entry.size;
    if (entry.size < LARGE) listed.sha256 = await hashStream(entry.body);
  }
  if (entry.linkName !== "") listed.linkName = entry.linkName;
  if (entry.type.endsWith("-device")) {
    listed.device = `${entry.deviceMajor}:${entry.deviceMinor}`;
  }
  return listed;
}

/** The sha256 of a stream, in hexadecimal digits. */
async function hashStream(
  stream: ReadableStream<Uint8Array>,
): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

/** Lists an archive with Python's tarfile. */
export async function listWithPython(archive: string): Promise<ListedEntry[]> {
  return JSON.parse(await runScript("python3", "list_tar.py", [archive]));
}

const GNU_TYPES: Record<string, string> = {
  "-": "file",
  "C": "file", // contiguous
  "d": "directory",
  "l": "symlink",
  "h": "link",
  "c": "character-device",
  "b": "block-device",
  "p": "fifo",
};

const GNU_LINE =
  /^(.)(.{9})\S* +(\d+)\/(\d+) +(\d+(?:,\d+)?) +(\S+) (\d\d:\d\d:\d\d)(?:\.(\d+))? +("(?:[^"\\]|\\.)*")(?: (?:->|link to) ("(?:[^"\\]|\\.)*"))?$/;

/** Lists an archive with GNU tar. */
export async function listWithGnuTar(archive: string): Promise<ListedEntry[]> {
  const text = await run("tar", [
    "--list",
    "--verbose",
    "--full-time",
    "--numeric-owner",
    "--quoting-style=c",
    `--file=${archive}`,
  ]);
  return text.trimEnd().split("\n").map(parseGnuLine);
}

function parseGnuLine(line: string): ListedEntry {
  const match = GNU_LINE.exec(line);
  if (match === null) throw new Error(`Cannot parse GNU tar's line: ${line}`);
  const [, letter = "", permissions = "", uid, gid, size = "", date, time] =
    match;
  const [fraction = "", name = "", linkName] = match.slice(8);
  const type = GNU_TYPES[letter] ?? letter;
  const listed: ListedEntry = {
    type,
    name: unquoteC(name).replace(/(?<=.)\/+$/, ""),
    mode: parsePermissions(permissions),
    uid: Number(uid),
    gid: Number(gid),
    mtimeSeconds: Date.parse(`${date}T${time}Z`) / 1000,
    mtimeNanoseconds: Number(fraction.padEnd(9, "0")),
  };
  if (type === "file") listed.size = Number(size);
  if (type.endsWith("-device")) listed.device = size.replace(",", ":");
  if (linkName !== undefined) listed.linkName = unquoteC(linkName);
  return listed;
}

/** `rwsr-x--T` as a number. */
function parsePermissions(text: string): number {
  let mode = 0;
  for (let i = 0; i < 9; i++) {
    const letter = text.charAt(i);
    if ("rwxst".includes(letter)) mode |= 0o400 >> i;
    if ("sStT".includes(letter)) mode |= 0o4000 >> ((i - 2) / 3);
  }
  return mode;
}

const C_ESCAPES: Record<string, number> = {
  "a": 7,
  "b": 8,
  "t": 9,
  "n": 10,
  "v": 11,
  "f": 12,
  "r": 13,
};

/** A C string literal as the string it stands for. */
function unquoteC(literal: string): string {
  return unescapeBytes(literal.slice(1, -1));
}

/** Resolves backslash escapes, which stand for bytes of UTF-8. */
function unescapeBytes(text: string): string {
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/\\[0-7]{3}|\\.|[^\\]/gsu)) {
    if (!piece.startsWith("\\")) {
      bytes.push(...new TextEncoder().encode(piece));
    } else if (piece.length === 4) {
      bytes.push(parseInt(piece.slice(1), 8));
    } else {
      bytes.push(C_ESCAPES[piece.charAt(1)] ?? piece.charCodeAt(1));
    }
  }
  return decodeSurrogateEscape(new Uint8Array(bytes));
}

/** UTF-8 whose invalid bytes become U+DC80 to U+DCFF, as Python has it. */
function decodeSurrogateEscape(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for (let start = 0; start < bytes.length;) {
    const length = [1, 2, 3, 4].find((count) => {
      try {
        decoder.decode(bytes.subarray(start, start + count));
        return start + count <= bytes.length;
      } catch {
        return false;
      }
    });
    if (length === undefined) {
      text += String.fromCharCode(0xdc00 + (bytes[start] ?? 0));
      start += 1;
    } else {
      text += decoder.decode(bytes.subarray(start, start + length));
      start += length;
    }
  }
  return text;
}

const MTREE_TYPES: Record<string, string> = {
  "file": "file",
  "dir": "directory",
  "link": "symlink",
  "char": "character-device",
  "block": "block-device",
  "fifo": "fifo",
};

/**
 * Lists an archive with bsdtar, sorted, as an mtree specification: its `-t`
 * shows no seconds. A hard link looks like an empty file that has no digest:
 * its type and size are left out. The digest of a sparse file is that of its
 * data without the holes.
 */
export async function listWithBsdtar(archive: string): Promise<ListedEntry[]> {
  const keywords = [
    "type",
    "mode",
    "uid",
    "gid",
    "time",
    "size",
    "link",
    "device",
    "sha256",
  ].map((keyword) => `mtree:${keyword}`);
  const text = await run("bsdtar", [
    "--create",
    "--file=-",
    "--format=mtree",
    `--options=mtree:!all,${keywords.join()}`,
    `@${archive}`,
  ]);
  const lines = text.trimEnd().split("\n");
  return lines.filter((line) => !line.startsWith("#")).map(parseMtreeLine);
}

function parseMtreeLine(line: string): ListedEntry {
  const [path = "", ...words] = line.split(" ");
  const keywords = new Map(words.map((word) => {
    const [keyword = "", ...value] = word.split("=");
    return [keyword, value.join("=")];
  }));
  const value = (keyword: string) => keywords.get(keyword) ?? "";
  // The fraction is a count of nanoseconds, without leading zeros.
  const [seconds, nanoseconds] = value("time").split(".");
  const type = MTREE_TYPES[value("type")] ?? value("type");
  const sha256 = keywords.get("sha256digest");
  const mayBeLink = type === "file" && sha256 === undefined;
  return {
    type: mayBeLink ? undefined : type,
    name: unescapeBytes(path).replace(/^\.\//, ""),
    mode: parseInt(value("mode"), 8),
    uid: Number(value("uid")),
    gid: Number(value("gid")),
    mtimeSeconds: Number(seconds),
    mtimeNanoseconds: Number(nanoseconds),
    size: sha256 === undefined ? undefined : Number(value("size")),
    sha256,
    linkName: type === "symlink" ? unescapeBytes(value("link")) : undefined,
    device: type.endsWith("-device")
      ? value("device").split(",").slice(1).join(":")
      : undefined,
  };
}

/** A listing in the order of names, as bsdtar has it. */
export function sortedByName(entries: ListedEntry[]): ListedEntry[] {
  return entries.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * Fails where the listings differ in what the expected one has: an attribute
 * that a peer does not list is undefined, and not compared.
 */
export function assertSameListing(
  expected: ListedEntry[],
  actual: ListedEntry[],
): void {
  const names = (entries: ListedEntry[]) =>
    JSON.stringify(entries.map(({ name }) => name), null, 1);
  if (names(expected) !== names(actual)) {
    throw new Error(
      `The names differ: expected ${names(expected)}, found ${names(actual)}`,
    );
  }
  const differences = expected.flatMap((entry, i) => {
    const found = new Map(Object.entries(actual[i] ?? {}));
    return Object.entries(entry).flatMap(([attribute, value]) => {
      const wanted = JSON.stringify(value);
      const got = JSON.stringify(found.get(attribute));
      if (wanted === undefined || wanted === got) return [];
      return [
        `${JSON.stringify(entry.name)}: ${attribute} is ${got}, not ${wanted}`,
      ];
    });
  });
  if (differences.length > 0) {
    throw new Error(
      `The listings differ ${differences.length} times:\n  ${
        differences.slice(0, 50).join("\n  ")
      }`,
    );
  }
}
