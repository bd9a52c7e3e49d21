/**
 * Names are bytes on disk and in archives, and strings everywhere else. The
 * two meet here, and nothing is lost: a byte that is not part of well-formed
 * UTF-8 becomes the lone surrogate U+DC00 + byte (as in Python's PEP 383), and
 * that surrogate becomes the byte again. Well-formed UTF-8 never decodes to a
 * lone surrogate, so the two directions undo each other exactly.
 *
 * @module
 */
import { StrataError } from "./errors.ts";

const strictDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});
const encoder = new TextEncoder();

/**
 * Decodes bytes to a string without losing any.
 *
 * @param bytes The bytes.
 * @param start Where to begin, 0 unless told.
 * @param end Where to stop, the end unless told.
 * @returns The string; `encodeBytes` gives the same bytes back.
 */
export function decodeBytes(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string {
  if (start === end) return "";
  const part = bytes.subarray(start, end);
  // Most names are short and ASCII, for which this beats the decoder. Put
  // together character by character they would be trees to the engine.
  if (end - start <= 256 && isAscii(bytes, start, end)) {
    return Reflect.apply(String.fromCharCode, undefined, part);
  }
  try {
    return strictDecoder.decode(part);
  } catch {
    return decodeMixed(part);
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if ((bytes[i] ?? 0) >= 0x80) return false;
  }
  return true;
}

/**
 * Decodes bytes up to the first NUL.
 *
 * @param bytes The bytes.
 * @param start Where to begin, 0 unless told.
 * @param end Where to stop at the latest, the end unless told.
 * @returns The string.
 */
export function decodeUntilNul(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string {
  let nul = start;
  while (nul < end && bytes[nul] !== 0) nul++;
  return decodeBytes(bytes, start, nul);
}

function decodeMixed(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (bytes[i] ?? 0));
      i++;
    } else {
      text += strictDecoder.decode(bytes.subarray(i, i + length));
      i += length;
    }
  }
  return text;
}

/** Length of the well-formed UTF-8 sequence at `i`, 0 where there is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || i + length > bytes.length) return 0;
  for (let k = 1; k < length; k++) {
    if (((bytes[i + k] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[i + 1] ?? 0;
  const malformed = (lead === 0xe0 && second < 0xa0) || // overlong
    (lead === 0xed && second > 0x9f) || // surrogates
    (lead === 0xf0 && second < 0x90) || // overlong
    (lead === 0xf4 && second > 0x8f); // above U+10FFFF
  return malformed ? 0 : length;
}

/**
 * Encodes a string to the bytes it stands for.
 *
 * @param text The string.
 * @returns UTF-8, with the bytes that lone surrogates stand for.
 * @throws {StrataError} Where a surrogate stands for no byte.
 */
export function encodeBytes(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) {
      bytes.push(code - 0xdc00);
    } else if (code >= 0xd800 && code <= 0xdfff) {
      throw new StrataError(
        `Cannot encode ${
          JSON.stringify(text)
        } as bytes: it holds a surrogate that stands for no byte`,
      );
    } else {
      for (const byte of encoder.encode(char)) bytes.push(byte);
    }
  }
  return new Uint8Array(bytes);
}
