/**
 * What a tar archive says of an entry, whatever the format it says it in.
 *
 * @module
 */

/** What an entry is. `link` is a hard link, `unknown` any other typeflag. */
export type TarEntryType =
  | "file"
  | "directory"
  | "symlink"
  | "link"
  | "character-device"
  | "block-device"
  | "fifo"
  | "unknown";

/** A point in time, before or after 1970. */
export interface Timestamp {
  /** Whole seconds since 1970, rounded down. */
  seconds: number;
  /** Nanoseconds on top of the seconds, 0 to 999999999. */
  nanoseconds: number;
}

/** An entry's metadata. */
export interface TarHeader {
  /** What the entry is. */
  type: TarEntryType;
  /** The typeflag byte as a character, such as `0` or `5`. */
  typeflag: string;
  /**
   * The name as the archive has it. A byte that is not UTF-8 is kept as the
   * lone surrogate U+DC00 + byte.
   */
  name: string;
  /** The target of a symlink or a hard link, empty for other types. */
  linkName: string;
  /** Permission, set-id and sticky bits, 0 to 0o7777. */
  mode: number;
  /** The owner's user id. */
  uid: number;
  /** The owner's group id. */
  gid: number;
  /** The owner's user name, empty where there is none. */
  userName: string;
  /** The owner's group name, empty where there is none. */
  groupName: string;
  /** Size of a file in bytes, holes included; 0 for other types. */
  size: number;
  /** When the contents changed last. */
  mtime: Timestamp;
  /** When the entry was last read, where the archive says it. */
  atime?: Timestamp;
  /** When the inode changed last, where the archive says it. */
  ctime?: Timestamp;
  /** Major number of a device. */
  deviceMajor: number;
  /** Minor number of a device. */
  deviceMinor: number;
  /** Extended attributes by full name, such as `user.comment`. */
  xattrs: ReadonlyMap<string, Uint8Array>;
}

/** Archives consist of blocks of this many bytes. */
export const BLOCK_SIZE = 512;

/**
 * The most bytes an entry's extended header (PAX records, GNU long name,
 * sparse map) may have, and all global records together: 8 MiB.
 */
export const MAX_EXTENDED_HEADER = 8 * 1024 * 1024;

/** The typeflag of each type of entry, as it is written. */
export const TYPEFLAGS: Readonly<
  Record<Exclude<TarEntryType, "unknown">, string>
> = {
  "file": "0",
  "link": "1",
  "symlink": "2",
  "character-device": "3",
  "block-device": "4",
  "directory": "5",
  "fifo": "6",
};

/**
 * Finds the type of entry a typeflag stands for.
 *
 * @param typeflag The typeflag.
 * @returns The type, `unknown` for all that POSIX and GNU do not define.
 */
export function entryType(typeflag: string): TarEntryType {
  switch (typeflag) {
    case "0":
    case "\0": // v7
    case "7": // contiguous, which nobody tells from a file
    case "S": // old GNU sparse
      return "file";
    case "1":
      return "link";
    case "2":
      return "symlink";
    case "3":
      return "character-device";
    case "4":
      return "block-device";
    case "5":
    case "D": // GNU incremental directory; its body lists names
      return "directory";
    case "6":
      return "fifo";
    default:
      return "unknown";
  }
}

/** What there is before the first header. */
export const EMPTY_HEADER: TarHeader = {
  type: "unknown",
  typeflag: "",
  name: "",
  linkName: "",
  mode: 0,
  uid: 0,
  gid: 0,
  userName: "",
  groupName: "",
  size: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
};
