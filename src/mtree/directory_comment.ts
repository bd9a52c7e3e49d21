/**
 * The comments above directories, where they are more than comments.
 *
 * go-mtree, and so umoci, writes the path of each directory above its entry as
 * it is. Where a name in it holds a newline, what follows the newline is a
 * line of its own that looks like an entry, and umoci takes it for one: for a
 * directory `a\nb` it puts a whiteout of `b` into the layer. The entry below
 * has the path in full, which tells such lines from entries.
 *
 * @module
 */
import { StrataError } from "../errors.ts";
import { joinPath } from "./hierarchy.ts";
import { splitWords } from "./split_words.ts";
import { unvis } from "./vis.ts";

/** How much is held back to find the entry that a comment belongs to. */
const MAX_HELD_LENGTH = 8192;

/** A line of the manifest with its number, counted from 1. */
export interface NumberedLine {
  number: number;
  text: string;
}

/**
 * A comment that may be a directory's path, and the lines that follow it: all
 * to the directory's entry, or to where it is certain that there is none.
 */
export class DirectoryComment {
  readonly #firstLine: string;
  #held: NumberedLine[] = [];
  #heldLength = 0;

  /** @param firstLine The comment without its `# `. */
  constructor(firstLine: string) {
    this.#firstLine = firstLine;
  }

  /** The lines taken that are no part of the comment, as far as is known. */
  get lines(): readonly NumberedLine[] {
    return this.#held;
  }

  /**
   * Takes a line that follows the comment.
   *
   * @param line The line.
   * @param directory Path of the directory that entries are relative to.
   * @returns Whether it is known now what belongs to the comment.
   */
  ends(line: NumberedLine, directory: string): boolean {
    this.#held.push(line);
    this.#heldLength += line.text.length;
    if (this.#heldLength + directory.length > MAX_HELD_LENGTH) return true;
    const name = directoryName(line.text);
    if (name === undefined) return false;
    const path = name === "." ? directory : joinPath(directory, name);
    const lines = path.split("\n");
    if (!this.#spells(lines)) return false;
    this.#held = this.#held.slice(lines.length - 1);
    return true;
  }

  /** Whether the comment and what follows it begin with these lines. */
  #spells(lines: string[]): boolean {
    return lines.every((line, i) =>
      line === (i === 0 ? this.#firstLine : this.#held[i - 1]?.text)
    );
  }
}

/** The name in a relative entry of a directory, as go-mtree writes it. */
function directoryName(line: string): string | undefined {
  const [name, ...keywords] = splitWords(line);
  if (name === undefined || name.includes("/")) return undefined;
  if (!keywords.includes("type=dir")) return undefined;
  try {
    return unvis(name);
  } catch (error) {
    // The line is held back only, and refused when it is read.
    if (error instanceof StrataError) return undefined;
    throw error;
  }
}
