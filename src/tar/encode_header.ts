/**
 * An entry's header as bytes: one ustar block where that can say everything,
 * PAX records in front of it where it cannot. The same entry gives the same
 * bytes.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 * @module
 */
import { encodeBytes } from "../byte_string.ts";
import { quoteName, StrataError } from "../errors.ts";
import {
  BLOCK_SIZE,
  type TarEntryType,
  type TarHeader,
  type Timestamp,
  TYPEFLAGS,
} from "./header.ts";
import { formatOctal, maxOctal } from "./number.ts";
import { formatPaxRecords, formatPaxTime, type PaxRecord } from "./pax.ts";

/** What a writer needs to know of an entry; a `TarHeader` will do. */
export interface TarEntryInput extends Partial<Omit<TarHeader, "typeflag">> {
  /** The name; a directory's may leave out the slash at its end. */
  name: string;
}

/** An entry that cannot be written into an archive. */
export class TarWriteError extends StrataError {
  /** Name of the entry. */
  readonly entry: string;

  /**
   * Makes the error.
   *
   * @param entry Name of the entry.
   * @param message What is wrong with it.
   * @param options The error that caused this one, if any.
   */
  constructor(entry: string, message: string, options?: ErrorOptions) {
    super(`Cannot write entry ${quoteName(entry)}: ${message}`, options);
    this.entry = entry;
  }
}

const EPOCH: Timestamp = { seconds: 0, nanoseconds: 0 };

/** The fields that may need a PAX record, by their place in the block. */
const FIELD = {
  name: { start: 0, length: 100 },
  mode: { start: 100, length: 8 },
  uid: { start: 108, length: 8 },
  gid: { start: 116, length: 8 },
  size: { start: 124, length: 12 },
  mtime: { start: 136, length: 12 },
  linkName: { start: 157, length: 100 },
  userName: { start: 265, length: 32 },
  groupName: { start: 297, length: 32 },
  deviceMajor: { start: 329, length: 8 },
  deviceMinor: { start: 337, length: 8 },
  prefix: { start: 345, length: 155 },
} as const;

type Field = (typeof FIELD)[keyof typeof FIELD];

/**
 * Encodes an entry's header.
 *
 * @param input The entry.
 * @returns One block or more.
 * @throws {TarWriteError} Where tar has no way to say it.
 */
export function encodeHeader(input: TarEntryInput): Uint8Array<ArrayBuffer> {
  const header = new HeaderBlock(input);
  const block = header.encode();
  if (header.records.length === 0) return block;
  const body = formatPaxRecords(header.records);
  const paxBlock = encodePaxBlock(input.name, body.length);
  const padded = Math.ceil(body.length / BLOCK_SIZE) * BLOCK_SIZE;
  const bytes = new Uint8Array(2 * BLOCK_SIZE + padded);
  bytes.set(paxBlock);
  bytes.set(body, BLOCK_SIZE);
  bytes.set(block, BLOCK_SIZE + padded);
  return bytes;
}

/**
 * Tells what an entry is where the caller left it to the name.
 *
 * @param input The entry.
 * @returns Its type.
 */
export function typeOf(input: TarEntryInput): TarEntryType {
  return input.type ?? (input.name.endsWith("/") ? "directory" : "file");
}

function encodePaxBlock(name: string, size: number): Uint8Array {
  const base = encodeBytes(name.replace(/\/+$/, "").replace(/^.*\//s, ""));
  const bytes = new Uint8Array(BLOCK_SIZE);
  const label = encodeBytes("PaxHeaders.0/");
  bytes.set(label);
  bytes.set(base.subarray(0, 80), label.length);
  putOctal(bytes, FIELD.mode, 0o644);
  putOctal(bytes, FIELD.uid, 0);
  putOctal(bytes, FIELD.gid, 0);
  putOctal(bytes, FIELD.size, size);
  putOctal(bytes, FIELD.mtime, 0);
  finishBlock(bytes, "x");
  return bytes;
}

function putOctal(block: Uint8Array, field: Field, value: number): void {
  formatOctal(block, field.start, field.length, value);
}

function finishBlock(block: Uint8Array, typeflag: string): void {
  block[156] = typeflag.charCodeAt(0);
  block.set([0x75, 0x73, 0x74, 0x61, 0x72, 0, 0x30, 0x30], 257); // ustar, 00
  let sum = 8 * 0x20;
  for (const byte of block) sum += byte;
  formatOctal(block, 148, 7, sum);
  block[155] = 0x20;
}

/** One entry's block in the making, and the records it turns out to need. */
class HeaderBlock {
  readonly records: PaxRecord[] = [];
  readonly #block = new Uint8Array(BLOCK_SIZE);
  readonly #input: TarEntryInput;
  readonly #type: TarEntryType;
  #hasOddBytes = false;

  constructor(input: TarEntryInput) {
    this.#input = input;
    this.#type = typeOf(input);
  }

  encode(): Uint8Array<ArrayBuffer> {
    const input = this.#input;
    if (this.#type === "unknown") this.#refuse("tar has no such type of entry");
    const isDevice = this.#type === "character-device" ||
      this.#type === "block-device";
    this.#putName();
    this.#putOctal(FIELD.mode, (input.mode ?? this.#defaultMode()) & 0o7777);
    this.#putId(FIELD.uid, "uid", input.uid ?? 0);
    this.#putId(FIELD.gid, "gid", input.gid ?? 0);
    this.#putSize();
    this.#putTimes();
    this.#putLinkName();
    this.#putText(FIELD.userName, "uname", input.userName ?? "");
    this.#putText(FIELD.groupName, "gname", input.groupName ?? "");
    this.#putOctal(
      FIELD.deviceMajor,
      isDevice ? this.#device(input.deviceMajor) : 0,
    );
    this.#putOctal(
      FIELD.deviceMinor,
      isDevice ? this.#device(input.deviceMinor) : 0,
    );
    this.#addXattrs();
    if (this.#hasOddBytes) {
      // Records are UTF-8 unless this one, first of all, says otherwise.
      this.records.unshift({
        key: "hdrcharset",
        value: encodeBytes("BINARY"),
      });
    }
    finishBlock(this.#block, TYPEFLAGS[this.#type]);
    return this.#block;
  }

  #refuse(message: string): never {
    throw new TarWriteError(this.#input.name, message);
  }

  #defaultMode(): number {
    if (this.#type === "directory") return 0o755;
    return this.#type === "symlink" ? 0o777 : 0o644;
  }

  #addRecord(key: string, value: string): void {
    if (!value.isWellFormed()) this.#hasOddBytes = true;
    this.records.push({ key, value: encodeBytes(value) });
  }

  #checkText(text: string, what: string): Uint8Array {
    if (text.includes("\0")) this.#refuse(`its ${what} holds a NUL`);
    return encodeBytes(text);
  }

  #putName(): void {
    const isDirectory = this.#type === "directory";
    let name = this.#input.name;
    if (name === "") this.#refuse("it has no name");
    if (isDirectory && !name.endsWith("/")) name += "/";
    if (!isDirectory && name.endsWith("/")) {
      this.#refuse("only a directory's name may end in a slash");
    }
    const bytes = this.#checkText(name, "name");
    const split = splitName(bytes);
    if (split === undefined) {
      this.#addRecord("path", name);
      this.#block.set(bytes.subarray(0, FIELD.name.length), FIELD.name.start);
    } else {
      this.#block.set(bytes.subarray(0, split), FIELD.prefix.start);
      const rest = split === 0 ? 0 : split + 1;
      this.#block.set(bytes.subarray(rest), FIELD.name.start);
    }
  }

  #putLinkName(): void {
    const isLink = this.#type === "symlink" || this.#type === "link";
    const target = isLink ? this.#input.linkName ?? "" : "";
    if (isLink && target === "") this.#refuse("it has no link target");
    this.#putText(FIELD.linkName, "linkpath", target);
  }

  #putText(field: Field, key: string, text: string): void {
    const bytes = this.#checkText(text, key);
    if (bytes.length > field.length) this.#addRecord(key, text);
    this.#block.set(bytes.subarray(0, field.length), field.start);
  }

  #putOctal(field: Field, value: number): void {
    putOctal(this.#block, field, value);
  }

  #putId(field: Field, key: string, id: number): void {
    if (!Number.isInteger(id) || id < 0 || id > 0xffffffff) {
      this.#refuse(`its ${key} ${id} is not a number from 0 to 4294967295`);
    }
    const fits = id <= maxOctal(field.length);
    if (!fits) this.#addRecord(key, String(id));
    this.#putOctal(field, fits ? id : 0);
  }

  #putSize(): void {
    const size = this.#type === "file" ? this.#input.size ?? 0 : 0;
    if (!Number.isSafeInteger(size) || size < 0) {
      this.#refuse(`its size ${size} is not a whole number of bytes`);
    }
    const fits = size <= maxOctal(FIELD.size.length);
    if (!fits) this.#addRecord("size", String(size));
    this.#putOctal(FIELD.size, fits ? size : 0);
  }

  #putTimes(): void {
    const { mtime = EPOCH, atime, ctime } = this.#input;
    for (const time of [mtime, atime, ctime]) this.#checkTime(time);
    const inRange = mtime.seconds >= 0 &&
      mtime.seconds <= maxOctal(FIELD.mtime.length);
    if (!inRange || mtime.nanoseconds !== 0) {
      this.#addRecord("mtime", formatPaxTime(mtime));
    }
    this.#putOctal(FIELD.mtime, inRange ? mtime.seconds : 0);
    if (atime !== undefined) this.#addRecord("atime", formatPaxTime(atime));
    if (ctime !== undefined) this.#addRecord("ctime", formatPaxTime(ctime));
  }

  #checkTime(time: Timestamp | undefined): void {
    if (time === undefined) return;
    const { seconds, nanoseconds } = time;
    const valid = Number.isSafeInteger(seconds) &&
      Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds < 1e9;
    if (!valid) this.#refuse("a time has no whole seconds and nanoseconds");
  }

  #device(number = 0): number {
    const max = maxOctal(FIELD.deviceMajor.length);
    if (!Number.isInteger(number) || number < 0 || number > max) {
      this.#refuse(`its device number ${number} is not one from 0 to ${max}`);
    }
    return number;
  }

  #addXattrs(): void {
    const xattrs = [...this.#input.xattrs ?? []];
    xattrs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    for (const [name, value] of xattrs) {
      if (name === "" || /[=\0]/.test(name)) {
        this.#refuse(`a PAX record cannot hold the xattr ${quoteName(name)}`);
      }
      this.records.push({ key: `SCHILY.xattr.${name}`, value });
    }
  }
}

/**
 * Finds the slash at which a name is divided between prefix and name: 0 where
 * it need not be, undefined where it cannot be.
 */
function splitName(name: Uint8Array): number | undefined {
  if (name.length <= FIELD.name.length) return 0;
  const slash = name.indexOf(0x2f, name.length - FIELD.name.length - 1);
  if (slash <= 0 || slash > FIELD.prefix.length) return undefined;
  return slash === name.length - 1 ? undefined : slash;
}
