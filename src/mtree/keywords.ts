/**
 * The keywords of mtree(5): their names, their values, and when two values
 * say the same.
 *
 * @module
 */
import { quoteName, StrataError } from "../errors.ts";
import { unvis, vis } from "./vis.ts";

/** Other names of keywords, and the names go-mtree writes. */
const SYNONYMS = new Map([
  ["md5", "md5digest"],
  ["sha1", "sha1digest"],
  ["rmd160", "ripemd160digest"],
  ["rmd160digest", "ripemd160digest"],
  ["sha256", "sha256digest"],
  ["sha384", "sha384digest"],
  ["sha512", "sha512digest"],
  ["sha512256", "sha512256digest"],
  ["xattrs", "xattr"],
]);

const DECIMAL = /^[0-9]+$/;
const TIME = /^-?[0-9]+(\.[0-9]*)?$/;
const MODE = /^([0-7]{1,7}|[-+=ugoarwxXst,]+)$/;
const DEVICE_NUMBER = /^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Types of inodes, as mtree(5) names them. */
const TYPES = new Set([
  "block",
  "char",
  "dir",
  "fifo",
  "file",
  "link",
  "socket",
]);

/** A kind of values: what they look like, and a form in which equals are equal. */
interface ValueKind {
  what: string;
  accepts: (value: string) => boolean;
  normalize?: (value: string) => string;
}

const DECIMAL_KIND: ValueKind = {
  what: "a decimal number",
  accepts: (value) => DECIMAL.test(value),
  normalize: withoutLeadingZeros,
};

const TIME_KIND: ValueKind = {
  what: "seconds and nanoseconds since 1970",
  accepts: (value) => TIME.test(value),
  normalize: (value) => `${wholeSeconds(value)}.${nanoseconds(value)}`,
};

const TAR_TIME_KIND: ValueKind = { ...TIME_KIND, normalize: wholeSeconds };

const MODE_KIND: ValueKind = {
  what: "an octal or symbolic mode",
  accepts: (value) => MODE.test(value),
  normalize: withoutLeadingZeros,
};

const TYPE_KIND: ValueKind = {
  what: [...TYPES].join(", "),
  accepts: (value) => TYPES.has(value),
};

const DEVICE_KIND: ValueKind = {
  what: "a device number, or a format, a major and a minor number",
  accepts: isDevice,
  normalize: (value) => value.split(",").map(normalizeDeviceField).join(","),
};

const XATTR_KIND: ValueKind = {
  what: "base64",
  accepts: isBase64,
};

function digestKind(digits: number): ValueKind {
  const hex = new RegExp(`^[0-9a-fA-F]{${digits}}$`);
  return {
    what: `${digits} hexadecimal digits`,
    accepts: (value) => hex.test(value),
    normalize: (value) => value.toLowerCase(),
  };
}

/**
 * The keywords whose values are checked, in the order in which a line has
 * them: what umoci asks of go-mtree comes in umoci's order.
 */
const KINDS = new Map<string, ValueKind | undefined>([
  ["size", DECIMAL_KIND],
  ["type", TYPE_KIND],
  ["uid", DECIMAL_KIND],
  ["gid", DECIMAL_KIND],
  ["uname", undefined],
  ["gname", undefined],
  ["mode", MODE_KIND],
  ["link", undefined],
  ["nlink", DECIMAL_KIND],
  ["device", DEVICE_KIND],
  ["flags", undefined],
  ["time", TIME_KIND],
  ["tar_time", TAR_TIME_KIND],
  ["cksum", DECIMAL_KIND],
  ["md5digest", digestKind(32)],
  ["sha1digest", digestKind(40)],
  ["ripemd160digest", digestKind(40)],
  ["sha256digest", digestKind(64)],
  ["sha384digest", digestKind(96)],
  ["sha512digest", digestKind(128)],
  ["sha512256digest", digestKind(64)],
]);

/** The keywords that mtree(5) defines, in the order in which they are written. */
export const KEYWORD_ORDER: readonly string[] = [...KINDS.keys()];

/** Keywords that stand alone. */
const FLAGS = new Set(["optional", "nochange", "ignore"]);

const XATTR_PREFIX = "xattr.";

/**
 * Tells whether a keyword is an extended attribute.
 *
 * @param name The keyword, by its canonical name.
 * @returns Whether it is.
 */
export function isXattr(name: string): boolean {
  return name.startsWith(XATTR_PREFIX);
}

/**
 * Gives a keyword its canonical name.
 *
 * @param name The name as written: `sha256`, `xattrs.user.a\040b`.
 * @returns The name as go-mtree has it, decoded: `sha256digest`,
 * `xattr.user.a b`.
 * @throws {StrataError} Where the encoding of the name is broken.
 */
export function canonicalKeyword(name: string): string {
  if (KINDS.has(name)) return name;
  const decoded = unvis(name);
  if (decoded.startsWith("xattrs.")) {
    return XATTR_PREFIX + decoded.slice("xattrs.".length);
  }
  return SYNONYMS.get(decoded) ?? decoded;
}

/**
 * Reads a keyword and its value, if it has one.
 *
 * @param word The word as the manifest has it, `name=value` or `name`.
 * @returns The canonical name and the value, decoded.
 * @throws {StrataError} Where the word has no name, its encoding is broken, or
 * the value is none that the keyword can have.
 */
export function parseKeyword(word: string): [name: string, value: string] {
  const equals = endOfName(word);
  const name = canonicalKeyword(word.slice(0, equals));
  if (name === "") {
    throw new StrataError(`Cannot use ${quoteName(word)}: it has no keyword`);
  }
  const value = unvis(word.slice(equals + 1));
  if (name.includes("\0") || value.includes("\0")) {
    throw new StrataError(
      `Cannot use keyword ${quoteName(name)}: it holds a NUL`,
    );
  }
  const kind = kindOf(name);
  if (kind !== undefined && !kind.accepts(value)) {
    throw new StrataError(
      `Cannot use keyword ${quoteName(name)}: its value ${
        quoteName(value)
      } is not ${kind.what}`,
    );
  }
  return [name, value];
}

/** Where the equals sign is that ends the name, or the end of the word. */
function endOfName(word: string): number {
  const first = word.indexOf("=");
  if (first === -1) return word.length;
  if (!word.startsWith("xattr")) return first;
  // go-mtree leaves an equals sign in an attribute's name as it is. One in
  // the value can only be its padding.
  let equals = first;
  while (equals !== -1 && !isBase64(word.slice(equals + 1))) {
    equals = word.indexOf("=", equals + 1);
  }
  return equals === -1 ? first : equals;
}

/**
 * Writes a keyword and its value.
 *
 * @param name The canonical name.
 * @param value The value.
 * @returns The word that `parseKeyword` reads.
 * @throws {StrataError} Where the name is empty, or holds a surrogate that
 * stands for no byte, as may the value.
 */
export function formatKeyword(name: string, value: string): string {
  if (name === "") {
    throw new StrataError("Cannot format a keyword without a name");
  }
  const isPlain = KINDS.has(name);
  const encoded = isPlain ? name : vis(name).replaceAll("=", "\\075");
  if (value === "" && FLAGS.has(name)) return encoded;
  return `${encoded}=${vis(value)}`;
}

/**
 * Tells whether two values of a keyword say the same: leading zeros, the case
 * of hexadecimal digits and, for `tar_time`, parts of seconds do not count.
 *
 * @param name The keyword, by its canonical name.
 * @param a One value.
 * @param b The other.
 * @returns Whether they do.
 */
export function sameValue(name: string, a: string, b: string): boolean {
  if (a === b) return true;
  const kind = kindOf(name);
  if (kind?.normalize === undefined) return false;
  return kind.accepts(a) && kind.accepts(b) &&
    kind.normalize(a) === kind.normalize(b);
}

/**
 * Cuts a time to whole seconds. The part before the period is rounded down
 * already: go-mtree and bsdtar write 1.5 seconds before 1970 as `-2.500000000`.
 *
 * @param time The value of `time` or `tar_time`.
 * @returns The seconds.
 */
export function wholeSeconds(time: string): string {
  const [seconds = ""] = time.split(".", 1);
  if (!seconds.startsWith("-")) return withoutLeadingZeros(seconds);
  const digits = withoutLeadingZeros(seconds.slice(1));
  return digits === "0" ? "0" : `-${digits}`;
}

/** What is behind the period is a number of nanoseconds, no decimal fraction. */
function nanoseconds(time: string): string {
  return withoutLeadingZeros(time.split(".", 2)[1] ?? "");
}

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+(?=.)/, "") || "0";
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && BASE64.test(value);
}

function isDevice(value: string): boolean {
  const [first = "", ...numbers] = value.split(",", 6);
  if (numbers.length === 0) return DEVICE_NUMBER.test(first);
  return numbers.length <= 3 && /^[a-z0-9]+$/.test(first) &&
    numbers.every((number) => DEVICE_NUMBER.test(number));
}

function normalizeDeviceField(field: string): string {
  return DEVICE_NUMBER.test(field) ? BigInt(field).toString() : field;
}

function kindOf(name: string): ValueKind | undefined {
  return isXattr(name) ? XATTR_KIND : KINDS.get(name);
}
