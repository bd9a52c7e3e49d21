/**
 * Numbers in header fields: octal text, or GNU's base-256 for what octal
 * cannot hold.
 *
 * @see https://www.gnu.org/software/tar/manual/html_node/Extensions.html
 * @module
 */

/**
 * Reads a number field.
 *
 * @param bytes Bytes that hold the field.
 * @param start Where the field begins.
 * @param length The field's length in bytes.
 * @returns The number, or NaN where the field holds none or one beyond 2^53.
 */
export function parseNumber(
  bytes: Uint8Array,
  start: number,
  length: number,
): number {
  const first = bytes[start] ?? 0;
  if ((first & 0x80) !== 0) return parseBase256(bytes, start, length);
  let i = start;
  const end = start + length;
  while (i < end && isPadding(bytes[i])) i++;
  let value = 0;
  for (; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  while (i < end && isPadding(bytes[i])) i++;
  return i === end ? value : NaN;
}

function isPadding(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

/** Two's complement, big-endian, whose top bit is the mark of the format. */
function parseBase256(
  bytes: Uint8Array,
  start: number,
  length: number,
): number {
  const first = bytes[start] ?? 0;
  const negative = (first & 0x40) !== 0;
  let value = negative ? (first & 0x3f) - 0x40 : first & 0x3f;
  for (let i = start + 1; i < start + length; i++) {
    value = value * 256 + (bytes[i] ?? 0);
    if (!Number.isSafeInteger(value)) return NaN;
  }
  return value;
}

/**
 * Writes a number as octal digits with a NUL behind them.
 *
 * @param bytes Where to write.
 * @param start Where the field begins.
 * @param length The field's length in bytes, the NUL included.
 * @param value The number; it must fit (see `maxOctal`).
 */
export function formatOctal(
  bytes: Uint8Array,
  start: number,
  length: number,
  value: number,
): void {
  let rest = value;
  for (let i = start + length - 2; i >= start; i--) {
    bytes[i] = 0x30 + rest % 8;
    rest = Math.floor(rest / 8);
  }
  bytes[start + length - 1] = 0;
}

/**
 * The largest number that fits an octal field.
 *
 * @param length The field's length in bytes, the NUL included.
 * @returns The number.
 */
export function maxOctal(length: number): number {
  return 8 ** (length - 1) - 1;
}
