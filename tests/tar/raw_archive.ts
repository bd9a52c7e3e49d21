/**
 * Builds archives block by block from the formats' descriptions, by other
 * means than the library's own writer.
 *
 * @module
 */

/** Fields of a header as they stand in the block: text, or bytes. */
export interface RawHeader {
  name?: string | Uint8Array;
  mode?: string;
  uid?: string | Uint8Array;
  gid?: string | Uint8Array;
  size?: string | Uint8Array;
  mtime?: string | Uint8Array;
  typeflag?: string;
  linkName?: string | Uint8Array;
  /** `ustar\0` + `00`, `ustar  \0`, or nothing for v7. */
  magic?: "ustar" | "gnu" | "v7";
  userName?: string;
  groupName?: string;
  major?: string;
  minor?: string;
  prefix?: string | Uint8Array;
  /** Anything else, by offset. */
  patches?: [number, string | Uint8Array][];
  /** Sums signed bytes, as some old tars did. */
  signedChecksum?: boolean;
}

/** Bytes of text in which each character stands for one byte. */
export function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const MAGIC = { ustar: "ustar\x0000", gnu: "ustar  \0", v7: "" };

/** One header block. */
export function block(header: RawHeader): Uint8Array {
  const bytes = new Uint8Array(512);
  const put = (at: number, value: string | Uint8Array) => {
    bytes.set(typeof value === "string" ? utf8(value) : value, at);
  };
  put(0, header.name ?? "file");
  put(100, header.mode ?? "0000644\0");
  put(108, header.uid ?? "0000000\0");
  put(116, header.gid ?? "0000000\0");
  put(124, header.size ?? "00000000000\0");
  put(136, header.mtime ?? "00000000000\0");
  put(156, header.typeflag ?? "0");
  put(157, header.linkName ?? "");
  put(257, MAGIC[header.magic ?? "ustar"]);
  put(265, header.userName ?? "");
  put(297, header.groupName ?? "");
  put(329, header.major ?? "");
  put(337, header.minor ?? "");
  put(345, header.prefix ?? "");
  for (const [at, value] of header.patches ?? []) put(at, value);
  put(148, "        ");
  const sum = bytes.reduce(
    (total, byte) =>
      total + (header.signedChecksum && byte > 127 ? byte - 256 : byte),
    0,
  );
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return bytes;
}

/** A body, padded with zeros to whole blocks. */
export function padded(body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === "string" ? utf8(body) : body;
  const whole = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  whole.set(bytes);
  return whole;
}

/** A number as eleven octal digits and a NUL. */
export function octal(number: number): string {
  return `${number.toString(8).padStart(11, "0")}\0`;
}

/** A header and its body. */
export function entry(
  header: RawHeader,
  body: string | Uint8Array = "",
): Uint8Array {
  const bytes = typeof body === "string" ? utf8(body) : body;
  return concat(block({ size: octal(bytes.length), ...header }), padded(bytes));
}

/** One PAX record; the length that it states can be made wrong. */
export function record(
  key: string,
  value: string | Uint8Array,
  stated?: string,
): Uint8Array {
  const tail = concat(
    utf8(` ${key}=`),
    typeof value === "string" ? utf8(value) : value,
    utf8("\n"),
  );
  let length = tail.length + 1;
  while (String(length).length + tail.length !== length) length++;
  return concat(utf8(stated ?? String(length)), tail);
}

/** An extended header of records. */
export function pax(typeflag: "x" | "g", ...records: Uint8Array[]): Uint8Array {
  return entry({ typeflag, name: "PaxHeaders/x" }, concat(...records));
}

/** A GNU long name (`L`) or long link (`K`). */
export function gnuLong(typeflag: "L" | "K", name: string): Uint8Array {
  return entry({ typeflag, name: "././@LongLink", magic: "gnu" }, `${name}\0`);
}

export const END: Uint8Array = new Uint8Array(1024);

/** A whole archive. */
export function archive(...parts: Uint8Array[]): Uint8Array {
  return concat(...parts, END);
}

/** A stream of pieces of the given sizes, over and over. */
export function streamOf(
  bytes: Uint8Array,
  ...sizes: number[]
): ReadableStream<Uint8Array> {
  let at = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const size = sizes[turn++ % sizes.length] ?? bytes.length;
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  }, { highWaterMark: 0 });
}
