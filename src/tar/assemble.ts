/**
 * Puts an entry together from its header block and from what extended headers
 * in front of it say: PAX records of its own, global ones, GNU long names.
 *
 * @module
 */
import { decodeBytes, encodeBytes } from "../byte_string.ts";
import { MAX_EXTENDED_HEADER, type TarHeader } from "./header.ts";
import { Malformed } from "./malformed.ts";
import { parseNumber } from "./number.ts";
import {
  parsePaxInteger,
  parsePaxRecords,
  parsePaxTime,
  type PaxRecord,
} from "./pax.ts";
import { addNumber, parseMapRecord, type SparseMap } from "./sparse.ts";

/** An entry and what its body is. */
export interface AssembledEntry {
  header: TarHeader;
  /** Bytes of body in the archive. */
  storedSize: number;
  /** The map of a sparse file, or where it is to be found. */
  sparse?: SparseMap | "map-in-body";
}

const SCHILY_XATTR = "SCHILY.xattr.";
const LIBARCHIVE_XATTR = "LIBARCHIVE.xattr.";

/** Collects extended headers until the entry they belong to arrives. */
export class EntryAssembler {
  #records: PaxRecord[] = [];
  readonly #global = new Map<string, PaxRecord>();
  #globalSize = 0;
  #longName: string | undefined;
  #longLink: string | undefined;

  /** The name of the entry to come or just assembled, where it is known. */
  name: string | undefined;

  /** Whether an extended header waits for its entry. */
  get pending(): boolean {
    return this.#records.length > 0 || this.#longName !== undefined ||
      this.#longLink !== undefined;
  }

  /** @param name The name a GNU `L` header holds. */
  setLongName(name: string): void {
    this.#longName = name;
    this.name = name;
  }

  /** @param target The link target a GNU `K` header holds. */
  setLongLink(target: string): void {
    this.#longLink = target;
  }

  /** @param body Body of a PAX `x` header. */
  addRecords(body: Uint8Array): void {
    for (const record of parsePaxRecords(body)) {
      this.#records.push(record);
      if (record.key === "path") this.name = decodeBytes(record.value);
    }
  }

  /** @param body Body of a PAX `g` header. */
  addGlobalRecords(body: Uint8Array): void {
    for (const record of parsePaxRecords(body)) {
      const replaced = this.#global.get(record.key);
      if (replaced !== undefined) this.#globalSize -= recordSize(replaced);
      if (record.value.length === 0) {
        this.#global.delete(record.key);
      } else {
        this.#globalSize += recordSize(record);
        const { key, value } = record;
        this.#global.set(key, { key, value: value.slice() });
      }
    }
    if (this.#globalSize > MAX_EXTENDED_HEADER) {
      throw new Malformed(
        `the global headers hold more than ${MAX_EXTENDED_HEADER} bytes`,
      );
    }
  }

  /**
   * Reads the size of an old GNU sparse file.
   *
   * @param bytes Bytes that hold the header block.
   * @param start Where the block begins.
   * @returns The size in bytes.
   */
  oldGnuRealSize(bytes: Uint8Array, start: number): number {
    return size(parseNumber(bytes, start + 483, 12), this.name);
  }

  /**
   * Puts an entry together; what was collected is used up.
   *
   * @param header The header block.
   * @returns The entry.
   */
  assemble(header: TarHeader): AssembledEntry {
    if (this.#longName !== undefined) header.name = this.#longName;
    if (this.#longLink !== undefined) header.linkName = this.#longLink;
    const entry: AssembledEntry = { header, storedSize: header.size };
    if (this.#records.length > 0 || this.#global.size > 0) {
      this.name ??= header.name;
      this.#applyRecords(entry);
    }
    this.#records = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    this.name = header.name;
    finishEntry(entry);
    return entry;
  }

  #applyRecords(entry: AssembledEntry): void {
    const own = new Map<string, PaxRecord>();
    for (const record of this.#records) own.set(record.key, record);
    const xattrs = new Map<string, Uint8Array>();
    for (const [key, record] of this.#global) {
      if (!own.has(key)) applyRecord(entry.header, xattrs, record);
    }
    for (const record of own.values()) {
      // An empty value takes a global record back; an xattr may be empty.
      if (record.value.length > 0 || isXattr(record.key)) {
        applyRecord(entry.header, xattrs, record);
      }
    }
    if (xattrs.size > 0) entry.header.xattrs = xattrs;
    const value = (key: string): Uint8Array | undefined =>
      (own.get(key) ?? this.#global.get(key))?.value;
    const storedSize = value("size");
    if (storedSize !== undefined && storedSize.length > 0) {
      entry.storedSize = size(parsePaxInteger(storedSize), entry.header.name);
      entry.header.size = entry.storedSize;
    }
    this.#applySparse(entry, value);
  }

  #applySparse(
    entry: AssembledEntry,
    value: (key: string) => Uint8Array | undefined,
  ): void {
    const realSize = value("GNU.sparse.realsize") ?? value("GNU.sparse.size");
    if (realSize === undefined) return;
    const major = value("GNU.sparse.major");
    const map = value("GNU.sparse.map");
    if (major !== undefined && decodeBytes(major) === "1") {
      entry.sparse = "map-in-body";
    } else if (map !== undefined) {
      entry.sparse = parseMapRecord(map);
    } else if (value("GNU.sparse.numblocks") !== undefined) {
      entry.sparse = mapOfPairs(this.#records);
    } else {
      throw new Malformed("it says that it is sparse, but has no map");
    }
    const name = value("GNU.sparse.name");
    if (name !== undefined) entry.header.name = decodeBytes(name);
    entry.header.size = size(parsePaxInteger(realSize), entry.header.name);
  }
}

function recordSize(record: PaxRecord): number {
  return record.key.length + record.value.length;
}

function isXattr(key: string): boolean {
  return key.startsWith(SCHILY_XATTR) || key.startsWith(LIBARCHIVE_XATTR);
}

/** PAX format 0.0: one record per number, in pairs. */
function mapOfPairs(records: readonly PaxRecord[]): SparseMap {
  const map: SparseMap = [];
  for (const { key, value } of records) {
    const isOffset = key === "GNU.sparse.offset";
    if (!isOffset && key !== "GNU.sparse.numbytes") continue;
    if (isOffset !== (map.length % 2 === 0)) {
      throw new Malformed("its sparse map has a number out of order");
    }
    addNumber(map, parsePaxInteger(value));
  }
  return map;
}

function applyRecord(
  header: TarHeader,
  xattrs: Map<string, Uint8Array>,
  { key, value }: PaxRecord,
): void {
  switch (key) {
    case "path":
      header.name = withoutNul(decodeBytes(value), key);
      break;
    case "linkpath":
      header.linkName = withoutNul(decodeBytes(value), key);
      break;
    case "uid":
      header.uid = integer(value, key);
      break;
    case "gid":
      header.gid = integer(value, key);
      break;
    case "uname":
      header.userName = decodeBytes(value);
      break;
    case "gname":
      header.groupName = decodeBytes(value);
      break;
    case "mtime":
      header.mtime = time(value, key);
      break;
    case "atime":
      header.atime = time(value, key);
      break;
    case "ctime":
      header.ctime = time(value, key);
      break;
    default:
      if (isXattr(key)) applyXattr(xattrs, key, value);
  }
}

function applyXattr(
  xattrs: Map<string, Uint8Array>,
  key: string,
  value: Uint8Array,
): void {
  if (key.startsWith(SCHILY_XATTR)) {
    // A copy: the header's body is used again.
    const name = withoutNul(key.slice(SCHILY_XATTR.length), key);
    xattrs.set(name, value.slice());
    return;
  }
  const name = withoutNul(
    percentDecode(key.slice(LIBARCHIVE_XATTR.length)),
    key,
  );
  // bsdtar writes both forms; the other one needs no decoding.
  if (!xattrs.has(name)) xattrs.set(name, decodeBase64(value, key));
}

function decodeBase64(value: Uint8Array, key: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(decodeBytes(value));
  } catch {
    throw new Malformed(`its PAX record ${key} is not base64`);
  }
}

function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  const source = encodeBytes(text);
  for (let i = 0; i < source.length; i++) {
    const hex = decodeBytes(source, i + 1, Math.min(i + 3, source.length));
    if (source[i] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(source[i] ?? 0);
    }
  }
  return decodeBytes(new Uint8Array(bytes));
}

function withoutNul(text: string, key: string): string {
  if (text.includes("\0")) {
    throw new Malformed(`its PAX record ${key} holds a NUL`);
  }
  return text;
}

function integer(value: Uint8Array, key: string): number {
  const number = parsePaxInteger(value);
  if (Number.isNaN(number)) {
    throw new Malformed(`its PAX record ${key} is not a number`);
  }
  return number;
}

function time(value: Uint8Array, key: string): TarHeader["mtime"] {
  const timestamp = parsePaxTime(value);
  if (timestamp === undefined) {
    throw new Malformed(`its PAX record ${key} is not a time`);
  }
  return timestamp;
}

function size(number: number, entry: string | undefined): number {
  if (Number.isNaN(number) || number < 0) {
    throw new Malformed("its size is negative or no number", entry);
  }
  return number;
}

function finishEntry(entry: AssembledEntry): void {
  const { header } = entry;
  // Before ustar a directory was a file whose name ends in a slash.
  if (header.type === "file" && header.name.endsWith("/")) {
    header.type = "directory";
  }
  switch (header.type) {
    case "file":
    case "unknown":
      return;
    case "directory":
      // Only the GNU incremental kind has a body, a list of names.
      if (header.typeflag !== "D") entry.storedSize = 0;
      break;
    default:
      // Whatever their size field says, these have no body.
      entry.storedSize = 0;
  }
  header.size = 0;
}
