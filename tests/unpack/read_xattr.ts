/**
 * Reads xattrs through the C library, which Deno's own API cannot.
 *
 * @module
 */
import { encodeBytes } from "../../src/byte_string.ts";

const SYMBOLS = {
  lgetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize"],
    result: "isize",
  },
} as const;

/** The xattr's value, or undefined where there is none. */
export function readXattr(path: string, name: string): Uint8Array | undefined {
  const library = openLibc();
  try {
    const value = new Uint8Array(65536);
    const length = library.symbols.lgetxattr(
      encodeBytes(`${path}\0`),
      encodeBytes(`${name}\0`),
      value,
      BigInt(value.length),
    );
    return length < 0n ? undefined : value.slice(0, Number(length));
  } finally {
    library.close();
  }
}

function openLibc() {
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS);
  } catch {
    return Deno.dlopen("libc.so", SYMBOLS);
  }
}
