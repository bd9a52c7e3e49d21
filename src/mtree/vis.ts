/**
 * The encoding of names in a manifest: vis(3) and unvis(3).
 *
 * @module
 */
import { decodeBytes, encodeBytes } from "../byte_string.ts";
import { quoteName, StrataError } from "../errors.ts";

/** Printable ASCII but for the backslash, and `#*?[`: globs to go-mtree. */
const PLAIN = /^[!"$-)+->@-Z\]-~]*$/;

/** How each byte is written. */
const ENCODED: string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (char === "\\") return "\\\\";
  if (PLAIN.test(char)) return char;
  return `\\${byte.toString(8).padStart(3, "0")}`;
});

/**
 * Encodes a name as go-mtree does (`VIS_WHITE | VIS_OCTAL | VIS_GLOB`): a
 * backslash is doubled, and white space, control characters, `*`, `?`, `[`,
 * `#` and all bytes over 0x7e become three octal digits.
 *
 * @param text The name.
 * @returns Printable ASCII without white space; `unvis` undoes it.
 * @throws {StrataError} Where a surrogate stands for no byte.
 */
export function vis(text: string): string {
  if (PLAIN.test(text)) return text;
  let encoded = "";
  for (const byte of toBytes(text)) encoded += ENCODED[byte] ?? "";
  return encoded;
}

/** What follows the backslash in vis(3)'s `VIS_CSTYLE`. */
const C_STYLE: Record<string, number | undefined> = {
  "\\": 0x5c,
  a: 0x07,
  b: 0x08,
  E: 0x1b,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  s: 0x20,
  t: 0x09,
  v: 0x0b,
};

/**
 * Decodes a name that any style of vis(3) encoded, but for those of HTTP and
 * MIME (`%20`, `=20`), which cannot be told from a name that is written so.
 *
 * @param text The encoded name; what needs no encoding stands for itself.
 * @returns The name.
 * @throws {StrataError} Where a backslash begins nothing that vis(3) writes.
 */
export function unvis(text: string): string {
  if (!text.includes("\\") && text.isWellFormed()) return text;
  // Escapes stand for bytes, which may be parts of one UTF-8 sequence.
  const input = toBytes(text);
  const output = new Uint8Array(input.length);
  let length = 0;
  for (let i = 0; i < input.length;) {
    if (input[i] !== 0x5c) {
      output[length++] = input[i++] ?? 0;
      continue;
    }
    const escape = readEscape(input, i + 1);
    if (escape === undefined) {
      throw new StrataError(
        `Cannot decode ${
          quoteName(text)
        }: it has a backslash at byte ${i} that begins no escape of vis(3)`,
      );
    }
    if (escape.byte !== undefined) output[length++] = escape.byte;
    i = escape.end;
  }
  return decodeBytes(output, 0, length);
}

/** Nearly all names are ASCII, for which a loop beats the encoder. */
function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return encodeBytes(text);
    bytes[i] = code;
  }
  return bytes;
}

/** An escape that was read; one that is mere markup stands for no byte. */
interface Escape {
  byte?: number;
  end: number;
}

function readEscape(input: Uint8Array, start: number): Escape | undefined {
  const char = String.fromCharCode(input[start] ?? 0);
  const byte = C_STYLE[char];
  if (byte !== undefined) return { byte, end: start + 1 };
  if (char >= "0" && char <= "7") return readDigits(input, start, 8, 3);
  if (char === "x") return readDigits(input, start + 1, 16, 2);
  if (char === "^") return readControl(input, start + 1, 0);
  if (char === "M") return readMeta(input, start + 1);
  if (char === "$") return { end: start + 1 };
  return undefined;
}

/** Reads one digit or more, `count` at most. */
function readDigits(
  input: Uint8Array,
  start: number,
  base: number,
  count: number,
): Escape | undefined {
  let byte = 0;
  let end = start;
  while (end < start + count) {
    const digit = parseInt(String.fromCharCode(input[end] ?? 0), base);
    if (Number.isNaN(digit)) break;
    byte = byte * base + digit;
    end++;
  }
  return end === start || byte > 0xff ? undefined : { byte, end };
}

/** `^X`: a control character, `^?` being DEL. */
function readControl(
  input: Uint8Array,
  start: number,
  highBit: number,
): Escape | undefined {
  const char = input[start] ?? 0;
  if (char < 0x20 || char > 0x7e) return undefined;
  const byte = char === 0x3f ? 0x7f : char & 0x1f;
  return { byte: byte | highBit, end: start + 1 };
}

/** `M-X` and `M^X`: a character with its high bit set. */
function readMeta(input: Uint8Array, start: number): Escape | undefined {
  const char = input[start];
  if (char === 0x5e) return readControl(input, start + 1, 0x80);
  const plain = input[start + 1] ?? 0;
  if (char !== 0x2d || plain === 0 || plain > 0x7f) return undefined;
  return { byte: plain | 0x80, end: start + 2 };
}
