/**
 * Names as the kernel takes them: bytes with a NUL behind them.
 *
 * @module
 */
import { encodeBytes } from "../../byte_string.ts";
import { quoteName, SystemError } from "../../errors.ts";

const encoder = new TextEncoder();

/** Writes a name and its NUL into the buffer. */
export function encodeInto(
  name: string,
  buffer: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const length = name.length;
  if (length < 256) {
    let i = 0;
    for (; i < length; i++) {
      const code = name.charCodeAt(i);
      if (code >= 0x80 || code === 0) break;
      buffer[i] = code;
    }
    if (i === length) {
      buffer[i] = 0;
      return buffer;
    }
  }
  if (name.includes("\0")) {
    // The system would take what is before it for the name.
    throw new SystemError(
      "EINVAL",
      `Cannot use the name ${quoteName(name)}: it holds a NUL byte`,
    );
  }
  let end: number;
  if (name.isWellFormed()) {
    const { read, written } = encoder.encodeInto(name, buffer);
    end = read === length ? written : buffer.length;
  } else {
    const bytes = encodeBytes(name);
    end = bytes.length;
    if (end < buffer.length) buffer.set(bytes);
  }
  // What is cut off here would name something else.
  if (end >= buffer.length) {
    throw new SystemError(
      "ENAMETOOLONG",
      `Cannot use the name ${quoteName(name)}: it is too long`,
    );
  }
  buffer[end] = 0;
  return buffer;
}
