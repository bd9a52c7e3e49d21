/**
 * The order of names by their bytes, which is the order of Go's strings and of
 * archives, and not that of JavaScript's strings.
 *
 * @module
 */
import { encodeBytes } from "../byte_string.ts";

/** From the surrogates on, UTF-16 and UTF-8 differ in their order. */
const BEYOND_SHARED_ORDER = /[\ud800-\uffff]/;

/**
 * Compares two names or paths byte by byte.
 *
 * @param a One of them.
 * @param b The other.
 * @returns Negative, zero or positive, as `Array.sort` wants it.
 * @throws {StrataError} Where a surrogate stands for no byte.
 */
export function compareBytes(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  let i = 0;
  while (i < shared && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === shared) return a.length - b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  // Below the surrogates, UTF-16 and UTF-8 have the same order.
  if (x < 0xd800 && y < 0xd800) return x - y;
  return compareEncoded(a, b);
}

/**
 * Sorts names byte by byte, in place.
 *
 * @param names The names.
 * @returns The same array.
 * @throws {StrataError} Where a surrogate stands for no byte.
 */
export function sortByBytes(names: string[]): string[] {
  // The engine's own order is by UTF-16, and fast.
  return names.some((name) => BEYOND_SHARED_ORDER.test(name))
    ? names.sort(compareBytes)
    : names.sort();
}

function compareEncoded(a: string, b: string): number {
  const [x, y] = [encodeBytes(a), encodeBytes(b)];
  const shared = Math.min(x.length, y.length);
  for (let i = 0; i < shared; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
