/**
 * PAX extended header records: `LENGTH KEY=VALUE\n`, where the length counts
 * the whole record and the value is bytes.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 * @module
 */
import { decodeBytes, encodeBytes } from "../byte_string.ts";
import type { Timestamp } from "./header.ts";
import { Malformed } from "./malformed.ts";

/** One record. */
export interface PaxRecord {
  /** The keyword. */
  key: string;
  /** The value; an empty one takes an earlier record back. */
  value: Uint8Array;
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const EQUALS = 0x3d;

/**
 * Reads the records of an extended header.
 *
 * @param bytes The header's body; the values keep pointing into it.
 * @returns The records in their order.
 * @throws {Malformed} Where a record is malformed.
 */
export function parsePaxRecords(bytes: Uint8Array): PaxRecord[] {
  const records: PaxRecord[] = [];
  let position = 0;
  while (position < bytes.length) {
    const start = position;
    let length = 0;
    let byte = bytes[position];
    // Nine digits hold more than any header may have.
    while (
      byte !== undefined && byte >= 0x30 && byte <= 0x39 &&
      position - start < 9
    ) {
      length = length * 10 + byte - 0x30;
      byte = bytes[++position];
    }
    if (byte !== SPACE || position === start) {
      throw new Malformed("a PAX record does not begin with its length");
    }
    const end = start + length;
    if (
      end > bytes.length || end <= position + 1 || bytes[end - 1] !== NEWLINE
    ) {
      throw new Malformed(
        `a PAX record says that it is ${length} bytes long, where no record ends`,
      );
    }
    const equals = bytes.indexOf(EQUALS, position + 1);
    if (equals === -1 || equals >= end || equals === position + 1) {
      throw new Malformed("a PAX record has no keyword");
    }
    records.push({
      key: decodeBytes(bytes, position + 1, equals),
      value: bytes.subarray(equals + 1, end - 1),
    });
    position = end;
  }
  return records;
}

/**
 * Writes records.
 *
 * @param records The records, in the order they shall have.
 * @returns The extended header's body.
 */
export function formatPaxRecords(
  records: readonly PaxRecord[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const { key, value } of records) {
    const keyBytes = encodeBytes(key);
    const fixed = keyBytes.length + value.length + 3; // space, equals, newline
    let length = fixed + String(fixed).length;
    // The length counts its own digits, one more of which may spill over.
    length = fixed + String(length).length;
    const record = new Uint8Array(length);
    const prefix = encodeBytes(`${length} `);
    record.set(prefix);
    record.set(keyBytes, prefix.length);
    record[prefix.length + keyBytes.length] = EQUALS;
    record.set(value, prefix.length + keyBytes.length + 1);
    record[length - 1] = NEWLINE;
    parts.push(record);
    total += length;
  }
  const body = new Uint8Array(total);
  let position = 0;
  for (const part of parts) {
    body.set(part, position);
    position += part.length;
  }
  return body;
}

/**
 * Reads a decimal integer.
 *
 * @param value The record's value.
 * @returns The number, or NaN where it is none or beyond 2^53.
 */
export function parsePaxInteger(value: Uint8Array): number {
  const text = decodeBytes(value);
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : NaN;
}

/**
 * Reads a time: decimal seconds, any number of digits behind the point, of
 * which nine count.
 *
 * @param value The record's value.
 * @returns The time, or undefined where it is none.
 */
export function parsePaxTime(value: Uint8Array): Timestamp | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(decodeBytes(value));
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const seconds = Number(whole);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (!Number.isSafeInteger(seconds)) return undefined;
  if (sign !== "-") return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds || 0, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

/**
 * Writes a time.
 *
 * @param time The time.
 * @returns Decimal seconds, with no more digits than it takes.
 */
export function formatPaxTime(time: Timestamp): string {
  const { seconds, nanoseconds } = time;
  if (nanoseconds === 0) return String(seconds);
  const negative = seconds < 0;
  const whole = negative ? -(seconds + 1) : seconds;
  const fraction = negative ? 1e9 - nanoseconds : nanoseconds;
  const digits = String(fraction).padStart(9, "0").replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}.${digits}`;
}
