/**
 * The lines of an mtree manifest, in the form in which go-mtree writes them.
 *
 * @module
 */
import { compareBytes } from "./byte_order.ts";
import type { Keywords } from "./hierarchy.ts";
import { formatKeyword, KEYWORD_ORDER } from "./keywords.ts";
import { vis } from "./vis.ts";

/** What go-mtree puts into `/set`, whatever the tree. */
const COMMON_VALUES: [string, string][] = [
  ["type", "file"],
  ["nlink", "1"],
  ["mode", "0664"],
];

/** What go-mtree puts into `/set` as the directory has it. */
const OWNER_KEYWORDS = ["uid", "gid"];

/** The keywords that `/set` may hold, where every single entry has them. */
export const SET_KEYWORDS: readonly string[] = [
  ...COMMON_VALUES.map(([name]) => name),
  ...OWNER_KEYWORDS,
];

/** go-mtree reads no line over 64 KiB, so that longer ones are continued. */
const MAX_LINE_LENGTH = 32 * 1024;

/**
 * Directories with longer paths get no comment: in a deep tree these comments
 * would grow with the square of its size.
 */
const MAX_COMMENT_LENGTH = 512;

/** Writes a manifest line by line, of a tree in the order of `walkInOrder`. */
export class ManifestLines {
  readonly #shared: ReadonlySet<string>;
  readonly #write: (line: string) => void;
  /** What `/set` says, once it was written. */
  #defaults?: Map<string, string>;

  /**
   * @param shared Those of `SET_KEYWORDS` that every single entry has.
   * @param write Takes each line, without its newline.
   */
  constructor(shared: Iterable<string>, write: (line: string) => void) {
    this.#shared = new Set(shared);
    this.#write = write;
    write("#mtree");
  }

  /**
   * Begins a directory.
   *
   * @param path Its path, `.` for the root.
   * @param name Its name.
   * @param keywords What is said of it.
   */
  enter(path: string, name: string, keywords: Keywords): void {
    this.#write("");
    if (path.length <= MAX_COMMENT_LENGTH) this.#write(`# ${vis(path)}`);
    this.#writeDefaults(keywords);
    this.#writeEntry(vis(name), keywords);
  }

  /**
   * Writes what lies in the directory begun last and is none.
   *
   * @param name Its name.
   * @param keywords What is said of it.
   */
  leaf(name: string, keywords: Keywords): void {
    this.#writeEntry(`    ${vis(name)}`, keywords);
  }

  /**
   * Writes what lies in no directory that was begun.
   *
   * @param path Its path.
   * @param keywords What is said of it.
   */
  elsewhere(path: string, keywords: Keywords): void {
    this.#writeEntry(`./${vis(path)}`, keywords);
  }

  /** Ends the directory that was begun last and not ended yet. */
  leave(): void {
    this.#write("..");
  }

  /** Writes `/set` before the first directory, and where the owner changes. */
  #writeDefaults(directory: Keywords): void {
    const owner = OWNER_KEYWORDS.filter((name) => this.#shared.has(name));
    const unchanged = this.#defaults !== undefined &&
      owner.every((name) => this.#defaults?.get(name) === directory.get(name));
    if (unchanged) return;
    this.#defaults = new Map(
      COMMON_VALUES.filter(([name]) => this.#shared.has(name)),
    );
    for (const name of owner) {
      this.#defaults.set(name, directory.get(name) ?? "");
    }
    if (this.#defaults.size === 0) return;
    let line = "/set";
    for (const [name, value] of this.#defaults) {
      line += ` ${formatKeyword(name, value)}`;
    }
    this.#write(line);
  }

  #writeEntry(encodedName: string, keywords: Keywords): void {
    let line = encodedName;
    let written = 0;
    for (const name of KEYWORD_ORDER) {
      const value = keywords.get(name);
      if (value === undefined) continue;
      written++;
      if (this.#defaults?.get(name) === value) continue;
      line += ` ${formatKeyword(name, value)}`;
    }
    if (written < keywords.size) line += formatOthers(keywords);
    // go-mtree takes a backslash at the end for a continuation even where it
    // is an encoded one.
    if (line.endsWith("\\")) line += " ";
    this.#write(continueLine(line));
  }
}

const ORDERED_KEYWORDS = new Set(KEYWORD_ORDER);

/** Formats the keywords that have no place in the order, by name. */
function formatOthers(keywords: Keywords): string {
  const names = [...keywords.keys()]
    .filter((name) => !ORDERED_KEYWORDS.has(name))
    .sort(compareBytes);
  return names
    .map((name) => ` ${formatKeyword(name, keywords.get(name) ?? "")}`)
    .join("");
}

/** Cuts a line into pieces that a backslash at the end joins. */
function continueLine(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  const pieces: string[] = [];
  let start = 0;
  while (line.length - start > MAX_LINE_LENGTH) {
    const end = outsideEscape(line, start, start + MAX_LINE_LENGTH);
    pieces.push(line.slice(start, end));
    start = end;
  }
  pieces.push(line.slice(start));
  return pieces.join("\\\n");
}

/** Moves `end` back where it would come between a backslash and its letter. */
function outsideEscape(line: string, start: number, end: number): number {
  let first = end;
  while (first > start && line.charCodeAt(first - 1) === 0x5c) first--;
  return (end - first) % 2 === 0 ? end : end - 1;
}
