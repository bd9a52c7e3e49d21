/**
 * Sparse files: an entry whose body holds only the file's data, and a map that
 * says where in the file each piece belongs. GNU tar has four ways to write
 * the map; all end up as the same list of pieces.
 *
 * @see https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
 * @module
 */
import { decodeBytes } from "../byte_string.ts";
import { BLOCK_SIZE, MAX_EXTENDED_HEADER } from "./header.ts";
import { Malformed } from "./malformed.ts";
import { parseNumber } from "./number.ts";

/** Where pieces of data belong: offset, length, offset, length, ... */
export type SparseMap = number[];

/** A map entry takes 24 bytes in old GNU headers. */
const MAX_NUMBERS = 2 * Math.floor(MAX_EXTENDED_HEADER / 24);

const OLD_GNU_ENTRY = 24;

/**
 * Reads the entries of an old GNU header or extension block into a map.
 *
 * @param map The map to extend.
 * @param block The 512-byte block.
 * @param start Where the entries begin: 386 in a header, 0 in an extension.
 * @param count How many there is room for: 4 in a header, 21 in an extension.
 */
export function readOldGnuEntries(
  map: SparseMap,
  block: Uint8Array,
  start: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = start + i * OLD_GNU_ENTRY;
    if (block[at] === 0 || block[at + 12] === 0) return;
    addNumber(map, parseNumber(block, at, 12));
    addNumber(map, parseNumber(block, at + 12, 12));
  }
}

/**
 * Reads the map of PAX format 0.1: numbers with commas between them.
 *
 * @param value Value of `GNU.sparse.map`.
 * @returns The map.
 */
export function parseMapRecord(value: Uint8Array): SparseMap {
  const map: SparseMap = [];
  if (value.length === 0) return map;
  for (const digits of decodeBytes(value).split(",")) {
    addNumber(map, parseDecimal(digits));
  }
  return map;
}

/**
 * Adds one number to a map.
 *
 * @param map The map.
 * @param number An offset or a length.
 * @throws {Malformed} Where it is not a whole number of 0 or more, or the
 * map grows beyond all reason.
 */
export function addNumber(map: SparseMap, number: number): void {
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new Malformed("its sparse map holds something that is no size");
  }
  if (map.length >= MAX_NUMBERS) {
    throw new Malformed(
      `its sparse map has more than ${MAX_NUMBERS / 2} pieces`,
    );
  }
  map.push(number);
}

/** Reads a whole number of 0 or more, or NaN. */
export function parseDecimal(digits: string): number {
  return /^\d{1,16}$/.test(digits) ? Number(digits) : NaN;
}

/**
 * Reads the map of PAX format 1.0, which stands in front of the data: the
 * number of pieces, then the numbers, a line each, padded to whole blocks.
 */
export class SparseMapReader {
  readonly map: SparseMap = [];
  #expected = -1;
  #digits = "";

  /**
   * Reads one block.
   *
   * @param block The 512-byte block.
   * @returns Whether the map is complete with it.
   */
  read(block: Uint8Array): boolean {
    for (let i = 0; i < BLOCK_SIZE; i++) {
      const byte = block[i] ?? 0;
      if (byte !== 0x0a) {
        this.#digits += String.fromCharCode(byte);
        if (this.#digits.length > 16) addNumber(this.map, NaN);
        continue;
      }
      const number = parseDecimal(this.#digits);
      this.#digits = "";
      if (this.#expected !== -1) {
        addNumber(this.map, number);
      } else if (!Number.isSafeInteger(number) || 2 * number > MAX_NUMBERS) {
        throw new Malformed("its sparse map has no usable length");
      } else {
        this.#expected = 2 * number;
      }
      if (this.map.length === this.#expected) return true;
    }
    return false;
  }
}

/**
 * Checks that a map fits its file.
 *
 * @param map The map.
 * @param size Size of the file in bytes.
 * @param stored How many bytes of data the archive holds.
 * @throws {Malformed} Where pieces overlap, go beyond the file's end, or
 * are not as long together as the data.
 */
export function checkMap(map: SparseMap, size: number, stored: number): void {
  let end = 0;
  let total = 0;
  for (let i = 0; i < map.length; i += 2) {
    const offset = map[i] ?? 0;
    const length = map[i + 1];
    if (length === undefined) {
      throw new Malformed("its sparse map ends in the middle of a piece");
    }
    if (offset < end || offset + length > size) {
      throw new Malformed(
        "its sparse map has pieces that overlap or lie beyond the file's end",
      );
    }
    end = offset + length;
    total += length;
  }
  if (total !== stored) {
    throw new Malformed(
      `its sparse map speaks of ${total} bytes of data, the archive holds ${stored}`,
    );
  }
}
