/**
 * Archives byte by byte, so that a test may say what no honest writer would.
 *
 * @module
 */

/** An entry; what is left out is as an ordinary file of the caller has it. */
export interface RawEntry {
  name: string;
  /** The typeflag, `0` unless told; a name that ends in a slash is a `5`. */
  type?: string;
  linkName?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds since 1970. */
  mtime?: number;
  body?: string | Uint8Array;
  /** A size other than the body's. */
  size?: number;
  major?: number;
  minor?: number;
  /** PAX records of a header in front. */
  pax?: Record<string, string | Uint8Array>;
}

/** The time that entries have unless told otherwise. */
export const ENTRY_TIME = 1_000_000_000;

const BLOCK = 512;
const encoder = new TextEncoder();

/** An archive of these entries. */
export function rawLayer(entries: Iterable<RawEntry>): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) blocks.push(rawEntry(entry));
  blocks.push(new Uint8Array(2 * BLOCK));
  return concatenate(blocks);
}

/** One entry: its headers and its padded body. */
export function rawEntry(entry: RawEntry): Uint8Array<ArrayBuffer> {
  const records: Record<string, string | Uint8Array> = { ...entry.pax };
  if (encoder.encode(entry.name).length > 100) records.path ??= entry.name;
  if (encoder.encode(entry.linkName ?? "").length > 100) {
    records.linkpath ??= entry.linkName ?? "";
  }
  const parts: Uint8Array[] = [];
  if (Object.keys(records).length > 0) {
    const body = paxBody(records);
    const header = { name: "PaxHeader", type: "x", uid: 0, gid: 0 };
    parts.push(headerBlock(header, body.length));
    parts.push(padded(body));
  }
  const body = toBytes(entry.body ?? "");
  parts.push(headerBlock(entry, entry.size ?? body.length), padded(body));
  return concatenate(parts);
}

/** One piece of bytes from many. */
export function concatenate(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A stream of these bytes, in pieces of a size. */
export function streamOf(
  bytes: Uint8Array,
  pieceSize = 64 * 1024,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + pieceSize));
      at += pieceSize;
    },
  });
}

function headerBlock(entry: RawEntry, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const isDirectory = entry.name.endsWith("/");
  const type = entry.type ?? (isDirectory ? "5" : "0");
  const mode = entry.mode ?? (type === "5" ? 0o755 : 0o644);
  block.set(encoder.encode(entry.name).subarray(0, 100), 0);
  putNumber(block, 100, 8, mode);
  putNumber(block, 108, 8, entry.uid ?? Deno.uid() ?? 0);
  putNumber(block, 116, 8, entry.gid ?? Deno.gid() ?? 0);
  putNumber(block, 124, 12, size);
  putNumber(block, 136, 12, entry.mtime ?? ENTRY_TIME);
  block[156] = type.charCodeAt(0);
  block.set(encoder.encode(entry.linkName ?? "").subarray(0, 100), 157);
  block.set(encoder.encode("ustar\0" + "00"), 257);
  putNumber(block, 329, 8, entry.major ?? 0);
  putNumber(block, 337, 8, entry.minor ?? 0);
  let sum = 8 * 0x20;
  for (const byte of block) sum += byte;
  block.set(encoder.encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  return block;
}

/** Octal where it fits, GNU's base-256 where it does not or is negative. */
function putNumber(
  block: Uint8Array,
  start: number,
  length: number,
  value: number,
): void {
  const digits = value.toString(8);
  if (value >= 0 && digits.length < length) {
    const text = digits.padStart(length - 1, "0") + "\0";
    block.set(encoder.encode(text), start);
    return;
  }
  let rest = BigInt(value);
  for (let i = start + length - 1; i >= start; i--) {
    block[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (value >= 0) block[start] = 0x80;
}

function paxBody(records: Record<string, string | Uint8Array>): Uint8Array {
  const parts = Object.entries(records).map(([key, value]) => {
    const bytes = toBytes(value);
    const rest = 1 + encoder.encode(key).length + 1 + bytes.length + 1;
    let length = rest + 1;
    while (String(length).length + rest !== length) {
      length = String(length).length + rest;
    }
    const front = encoder.encode(`${length} ${key}=`);
    return concatenate([front, bytes, encoder.encode("\n")]);
  });
  return concatenate(parts);
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  result.set(bytes);
  return result;
}

function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : value;
}
