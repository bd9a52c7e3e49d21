/**
 * Frames put together by hand from RFC 8878, section 3.
 *
 * @module
 */
import { bytesOf, join } from "./fixtures.ts";

/** Magic number of a frame, little-endian. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** A block header: last or not, its type, its size (section 3.1.1.2). */
function blockHeader(isLast: boolean, type: number, size: number): number[] {
  const value = (isLast ? 1 : 0) | type << 1 | size << 3;
  return [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff];
}

/** A raw block holds its bytes as they are. */
export function rawBlock(text: string, isLast: boolean): Uint8Array {
  return join(
    new Uint8Array(blockHeader(isLast, 0, text.length)),
    bytesOf(text),
  );
}

/** A run-length block holds one byte and how often it comes. */
export function runBlock(
  char: string,
  times: number,
  isLast: boolean,
): Uint8Array {
  return join(new Uint8Array(blockHeader(isLast, 1, times)), bytesOf(char));
}

/** A frame with a window descriptor and no content size. */
export function windowFrame(...blocks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return join(new Uint8Array([...MAGIC, 0x00, 0x58]), ...blocks);
}

/** A single-segment frame with its content size in a byte. */
export function sizedFrame(
  size: number,
  ...blocks: Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return join(new Uint8Array([...MAGIC, 0x20, size]), ...blocks);
}

/** A frame that decoders pass over (section 3.1.2). */
export function skippableFrame(
  contents: string,
  nibble = 0,
): Uint8Array<ArrayBuffer> {
  const size = contents.length;
  return join(
    new Uint8Array([0x50 + nibble, 0x2a, 0x4d, 0x18]),
    new Uint8Array([size & 0xff, size >> 8 & 0xff, 0, 0]),
    bytesOf(contents),
  );
}
