/**
 * One 512-byte header block of any format, read in place.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 * @module
 */
import { decodeUntilNul } from "../byte_string.ts";
import { BLOCK_SIZE, entryType, type TarHeader } from "./header.ts";
import { Malformed } from "./malformed.ts";
import { parseNumber } from "./number.ts";

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * Reads a header block.
 *
 * @param bytes Bytes that hold the block.
 * @param start Where the block begins.
 * @returns The header, or undefined where the block is all zeros.
 * @throws {Malformed} Where it is no header.
 */
export function parseHeader(
  bytes: Uint8Array,
  start: number,
): TarHeader | undefined {
  if (!checksumMatches(bytes, start)) {
    if (isZero(bytes, start)) return undefined;
    throw new Malformed(describeNonHeader(bytes, start));
  }
  const typeflag = String.fromCharCode(bytes[start + 156] ?? 0);
  const format = headerFormat(bytes, start);
  let name = text(bytes, start, 100);
  if (format === "ustar" || format === "star") {
    const prefix = text(bytes, start + 345, format === "star" ? 131 : 155);
    if (prefix !== "") name = `${prefix}/${name}`;
  }
  const header: TarHeader = {
    type: entryType(typeflag),
    typeflag,
    name,
    linkName: text(bytes, start + 157, 100),
    mode: numberAt(bytes, start + 100, 8, "mode", name) & 0o7777,
    uid: numberAt(bytes, start + 108, 8, "uid", name),
    gid: numberAt(bytes, start + 116, 8, "gid", name),
    userName: "",
    groupName: "",
    size: numberAt(bytes, start + 124, 12, "size", name),
    mtime: {
      seconds: numberAt(bytes, start + 136, 12, "mtime", name),
      nanoseconds: 0,
    },
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: NO_XATTRS,
  };
  if (format === "v7") return header;
  header.userName = text(bytes, start + 265, 32);
  header.groupName = text(bytes, start + 297, 32);
  if (header.type === "character-device" || header.type === "block-device") {
    header.deviceMajor = numberAt(
      bytes,
      start + 329,
      8,
      "major device number",
      name,
    );
    header.deviceMinor = numberAt(
      bytes,
      start + 337,
      8,
      "minor device number",
      name,
    );
  }
  const times = format === "gnu" ? 345 : format === "star" ? 476 : 0;
  if (times !== 0 && bytes[start + times] !== 0) {
    header.atime = {
      seconds: numberAt(bytes, start + times, 12, "atime", name),
      nanoseconds: 0,
    };
  }
  if (times !== 0 && bytes[start + times + 12] !== 0) {
    header.ctime = {
      seconds: numberAt(bytes, start + times + 12, 12, "ctime", name),
      nanoseconds: 0,
    };
  }
  return header;
}

function numberAt(
  bytes: Uint8Array,
  start: number,
  length: number,
  what: string,
  entry: string,
): number {
  const value = parseNumber(bytes, start, length);
  if (Number.isNaN(value)) {
    throw new Malformed(`its ${what} is no number that tar knows`, entry);
  }
  return value;
}

type HeaderFormat = "v7" | "ustar" | "star" | "gnu";

function headerFormat(bytes: Uint8Array, start: number): HeaderFormat {
  const magic = (i: number) => bytes[start + 257 + i];
  const isUstar = magic(0) === 0x75 && magic(1) === 0x73 &&
    magic(2) === 0x74 && magic(3) === 0x61 && magic(4) === 0x72; // "ustar"
  if (!isUstar) return "v7";
  if (magic(5) === 0x20) return "gnu"; // "ustar  \0"
  const isStar = bytes[start + 508] === 0x74 && bytes[start + 509] === 0x61 &&
    bytes[start + 510] === 0x72 && bytes[start + 511] === 0; // "tar\0"
  return isStar ? "star" : "ustar";
}

function text(bytes: Uint8Array, start: number, length: number): string {
  return decodeUntilNul(bytes, start, start + length);
}

function checksumMatches(bytes: Uint8Array, start: number): boolean {
  let sum = 8 * 0x20; // the checksum's own field counts as spaces
  for (let i = start; i < start + 148; i++) sum += bytes[i] ?? 0;
  for (let i = start + 156; i < start + BLOCK_SIZE; i++) sum += bytes[i] ?? 0;
  const stated = parseNumber(bytes, start + 148, 8);
  if (sum === stated) return true;
  // Some old tars summed signed bytes.
  for (let i = start; i < start + BLOCK_SIZE; i++) {
    const byte = bytes[i] ?? 0;
    const inChecksum = i >= start + 148 && i < start + 156;
    if (byte >= 0x80 && !inChecksum) sum -= 0x100;
  }
  return sum === stated;
}

function isZero(bytes: Uint8Array, start: number): boolean {
  for (let i = start; i < start + BLOCK_SIZE; i++) {
    if (bytes[i] !== 0) return false;
  }
  return true;
}

function describeNonHeader(bytes: Uint8Array, start: number): string {
  return describeCompressed(bytes, start) ??
    "the checksum of a header does not match; the archive is damaged or this is no tar archive";
}

/**
 * Recognizes compressed data that was taken for an archive.
 *
 * @param bytes Bytes that begin with it.
 * @param start Where it begins.
 * @returns What to say of it, or undefined where it is none.
 */
export function describeCompressed(
  bytes: Uint8Array,
  start: number,
): string | undefined {
  const magic = (bytes[start] ?? 0) << 24 | (bytes[start + 1] ?? 0) << 16 |
    (bytes[start + 2] ?? 0) << 8 | (bytes[start + 3] ?? 0);
  if (magic >>> 16 === 0x1f8b) {
    return "this is gzip data; decompress the stream first";
  }
  if (magic >>> 0 === 0x28b52ffd) {
    return "this is zstd data; decompress the stream first";
  }
  return undefined;
}
