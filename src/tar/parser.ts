/**
 * The archive parser: bytes in, entries and their data out, no promise and no
 * copy on the way. It is pulled:
 *
 *     parser.push(chunk);
 *     for (let event = parser.next(); event !== "more"; event = parser.next()) {
 *       // "entry": parser.entry; "data": parser.data, parser.dataOffset; "end-of-entry"
 *     }
 *
 * and at the end of the input `parser.finish()` says whether something is
 * missing. Reads v7, ustar, star, PAX and GNU archives.
 *
 * @module
 */
import { decodeUntilNul } from "../byte_string.ts";
import { TarError } from "../errors.ts";
import { EntryAssembler } from "./assemble.ts";
import { GrowingBuffer } from "./growing_buffer.ts";
import {
  BLOCK_SIZE,
  EMPTY_HEADER,
  MAX_EXTENDED_HEADER,
  type TarHeader,
} from "./header.ts";
import { Malformed } from "./malformed.ts";
import { describeCompressed, parseHeader } from "./parse_header.ts";
import {
  checkMap,
  readOldGnuEntries,
  type SparseMap,
  SparseMapReader,
} from "./sparse.ts";

/** What `next` came upon; `more` means that it needs more input. */
export type TarEvent = "entry" | "data" | "end-of-entry" | "more";

type State =
  | "header"
  | "extended-header"
  | "old-sparse-extension"
  | "sparse-map"
  | "body"
  | "padding"
  | "done";

const NO_BYTES = new Uint8Array(0);

/** Parses one archive. */
export class TarParser {
  /** The entry of the last "entry" event. */
  entry: TarHeader = EMPTY_HEADER;
  /** The bytes of the last "data" event; valid until the next `push`. */
  data: Uint8Array = NO_BYTES;
  /** Where in the file the bytes of the last "data" event belong. */
  dataOffset = 0;

  #state: State = "header";
  #chunk: Uint8Array = NO_BYTES;
  #position = 0;
  /** Archive offset of the chunk's first byte. */
  #chunkOffset = 0;
  /** A block that arrives in pieces. */
  readonly #block = new Uint8Array(BLOCK_SIZE);
  #blockFill = 0;

  #assembler = new EntryAssembler();
  #sawZeroBlock = false;
  /** Archive offset of the header that is being worked on. */
  #headerOffset = 0;

  /** An extended header's body, as far as it was read. */
  readonly #extended = new GrowingBuffer();
  #extendedType = "";

  #bodyLeft = 0;
  #paddingLeft = 0;
  #map: SparseMap | undefined;
  #mapIndex = 0;
  #pieceDone = 0;
  #mapReader: SparseMapReader | undefined;

  /** Bytes of the archive that were parsed so far. */
  get offset(): number {
    return this.#chunkOffset + this.#position;
  }

  /** Whether the end-of-archive mark was read; what follows is ignored. */
  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Hands in the next piece of the archive. Call it only when `next` said
   * "more", and leave the bytes alone until it says so again.
   *
   * @param chunk The bytes.
   */
  push(chunk: Uint8Array): void {
    this.#chunkOffset += this.#chunk.length;
    this.#chunk = chunk;
    this.#position = 0;
  }

  /**
   * Goes on to the next event.
   *
   * @returns What it came upon.
   * @throws {TarError} Where the archive is damaged or beyond the limits.
   */
  next(): TarEvent {
    try {
      return this.#advance();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const entry = this.#assembler.name ?? error.entry;
      throw new TarError(error.message, this.#headerOffset, entry);
    }
  }

  #advance(): TarEvent {
    while (true) {
      switch (this.#state) {
        case "body": {
          if (this.#bodyLeft > 0) {
            return this.#takeData() ? "data" : "more";
          }
          this.#state = "padding";
          return "end-of-entry";
        }
        case "padding":
          if (!this.#skipPadding()) return "more";
          this.#state = "header";
          break;
        case "header": {
          const block = this.#takeBlock();
          if (block === -1) return "more";
          if (this.#readHeader(block)) return "entry";
          break;
        }
        case "extended-header":
          if (!this.#fillExtended()) return "more";
          this.#readExtended();
          break;
        case "old-sparse-extension": {
          const block = this.#takeBlock();
          if (block === -1) return "more";
          if (this.#readOldSparseExtension(block)) return "entry";
          break;
        }
        case "sparse-map": {
          if (this.#bodyLeft < BLOCK_SIZE) {
            this.#fail("its sparse map is longer than its body");
          }
          const block = this.#takeBlock();
          if (block === -1) return "more";
          if (this.#readSparseMapBlock(block)) return "entry";
          break;
        }
        case "done":
          this.#position = this.#chunk.length;
          return "more";
      }
    }
  }

  /**
   * Says that the input has ended.
   *
   * @throws {TarError} Where it ended inside an entry or its headers.
   */
  finish(): void {
    if (this.#state === "done") return;
    if (this.#state === "body" || this.#state === "padding") {
      // Writers may leave out the padding behind the last entry.
      if (this.#bodyLeft > 0) {
        this.#fail(
          `the archive ends ${this.#bodyLeft} bytes before the entry does; it is truncated`,
        );
      }
    } else if (this.#state !== "header" || this.#blockFill > 0) {
      this.#fail(
        describeCompressed(this.#block, 0) ??
          "the archive ends inside a header; it is truncated",
      );
    } else if (this.#assembler.pending) {
      this.#fail("the archive ends between an extended header and its entry");
    }
    this.#state = "done";
  }

  #fail(message: string, entry = this.#assembler.name): never {
    throw new TarError(message, this.offset, entry);
  }

  /**
   * Takes a whole block: where it begins in `#chunk`, or in `#block` where it
   * came in pieces (see `#blockBytes`), or -1 where it is not complete.
   */
  #takeBlock(): number {
    const available = this.#chunk.length - this.#position;
    if (this.#blockFill === 0 && available >= BLOCK_SIZE) {
      const start = this.#position;
      this.#position += BLOCK_SIZE;
      this.#blockBytes = this.#chunk;
      return start;
    }
    const take = Math.min(available, BLOCK_SIZE - this.#blockFill);
    this.#block.set(
      this.#chunk.subarray(this.#position, this.#position + take),
      this.#blockFill,
    );
    this.#position += take;
    this.#blockFill += take;
    if (this.#blockFill < BLOCK_SIZE) return -1;
    this.#blockFill = 0;
    this.#blockBytes = this.#block;
    return 0;
  }

  /** Holds the block that `#takeBlock` found. */
  #blockBytes: Uint8Array = NO_BYTES;

  #readHeader(start: number): boolean {
    this.#headerOffset = this.offset - BLOCK_SIZE;
    // From here on an error is no longer one of the entry before.
    if (!this.#assembler.pending) this.#assembler.name = undefined;
    const bytes = this.#blockBytes;
    const header = parseHeader(bytes, start);
    if (header === undefined) {
      if (this.#assembler.pending) {
        this.#fail("the archive ends between an extended header and its entry");
      }
      if (this.#sawZeroBlock) this.#state = "done";
      this.#sawZeroBlock = true;
      return false;
    }
    if (this.#sawZeroBlock) {
      this.#fail(
        "an entry follows a block of zeros, half the mark of an archive's end",
        header.name,
      );
    }
    if (header.size < 0) this.#fail("its size is negative", header.name);
    switch (header.typeflag) {
      case "x":
      case "X": // Solaris
      case "g":
      case "L":
      case "K":
        this.#beginExtended(header);
        return false;
    }
    const entry = this.#assembler.assemble(header);
    this.entry = entry.header;
    this.#beginBody(entry.storedSize);
    if (header.typeflag === "S") return this.#beginOldSparse(bytes, start);
    if (entry.sparse === "map-in-body") {
      this.#mapReader = new SparseMapReader();
      this.#state = "sparse-map";
      return false;
    }
    if (entry.sparse !== undefined) this.#useMap(entry.sparse);
    return true;
  }

  #beginBody(size: number): void {
    this.#bodyLeft = size;
    this.#paddingLeft = -size & (BLOCK_SIZE - 1);
    this.#map = undefined;
    this.dataOffset = 0;
    this.data = NO_BYTES;
    this.#state = "body";
  }

  #beginExtended(header: TarHeader): void {
    if (header.size > MAX_EXTENDED_HEADER) {
      this.#fail(
        `its extended header has ${header.size} bytes, more than the ${MAX_EXTENDED_HEADER} allowed`,
        header.name,
      );
    }
    this.#extendedType = header.typeflag;
    this.#extended.clear(this.#assembler.pending);
    this.#beginBody(header.size);
    this.#state = "extended-header";
  }

  #fillExtended(): boolean {
    while (this.#bodyLeft > 0) {
      const available = this.#chunk.length - this.#position;
      if (available === 0) return false;
      const take = Math.min(available, this.#bodyLeft);
      const end = this.#position + take;
      this.#extended.add(this.#chunk.subarray(this.#position, end));
      this.#position = end;
      this.#bodyLeft -= take;
    }
    return true;
  }

  #readExtended(): void {
    const body = this.#extended.bytes;
    switch (this.#extendedType) {
      case "L":
        this.#assembler.setLongName(decodeUntilNul(body));
        break;
      case "K":
        this.#assembler.setLongLink(decodeUntilNul(body));
        break;
      case "g":
        this.#assembler.addGlobalRecords(body);
        break;
      default:
        this.#assembler.addRecords(body);
    }
    this.#state = "padding";
  }

  #beginOldSparse(bytes: Uint8Array, start: number): boolean {
    const map: SparseMap = [];
    const entry = this.entry;
    this.#map = map;
    readOldGnuEntries(map, bytes, start + 386, 4);
    entry.size = this.#assembler.oldGnuRealSize(bytes, start);
    if (bytes[start + 482] !== 0) {
      this.#state = "old-sparse-extension";
      return false;
    }
    this.#useMap(map);
    return true;
  }

  #readOldSparseExtension(start: number): boolean {
    const map = this.#map ?? [];
    const bytes = this.#blockBytes;
    readOldGnuEntries(map, bytes, start, 21);
    if (bytes[start + 504] !== 0) return false;
    this.#state = "body";
    this.#useMap(map);
    return true;
  }

  #readSparseMapBlock(start: number): boolean {
    const reader = this.#mapReader;
    if (reader === undefined) return false;
    this.#bodyLeft -= BLOCK_SIZE;
    const block = this.#blockBytes.subarray(start, start + BLOCK_SIZE);
    if (!reader.read(block)) return false;
    this.#mapReader = undefined;
    this.#state = "body";
    this.#useMap(reader.map);
    return true;
  }

  #useMap(map: SparseMap): void {
    checkMap(map, this.entry.size, this.#bodyLeft);
    this.#map = map;
    this.#mapIndex = 0;
    this.#pieceDone = 0;
  }

  /** Takes as much of the body as the chunk holds in one piece. */
  #takeData(): boolean {
    const available = this.#chunk.length - this.#position;
    if (available === 0) return false;
    let take = Math.min(available, this.#bodyLeft);
    const map = this.#map;
    if (map === undefined) {
      this.dataOffset += this.data.length;
    } else {
      while (this.#pieceDone === (map[this.#mapIndex + 1] ?? -1)) {
        this.#mapIndex += 2;
        this.#pieceDone = 0;
      }
      const length = map[this.#mapIndex + 1] ?? 0;
      take = Math.min(take, length - this.#pieceDone);
      this.dataOffset = (map[this.#mapIndex] ?? 0) + this.#pieceDone;
      this.#pieceDone += take;
    }
    this.data = this.#chunk.subarray(this.#position, this.#position + take);
    this.#position += take;
    this.#bodyLeft -= take;
    return true;
  }

  #skipPadding(): boolean {
    const available = this.#chunk.length - this.#position;
    const skip = Math.min(available, this.#paddingLeft);
    this.#position += skip;
    this.#paddingLeft -= skip;
    return this.#paddingLeft === 0;
  }
}
