/**
 * From the lines of a manifest to a hierarchy.
 *
 * @module
 */
import { quoteName, StrataError } from "../errors.ts";
import { DirectoryComment, type NumberedLine } from "./directory_comment.ts";
import {
  type Hierarchy,
  type HierarchyNode,
  isDirectory,
  joinPath,
} from "./hierarchy.ts";
import { canonicalKeyword, parseKeyword } from "./keywords.ts";
import { MtreeError } from "./mtree_error.ts";
import { splitWords } from "./split_words.ts";
import { unvis } from "./vis.ts";

/** How long a line may be, with those that continue it. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/**
 * How many keywords `/set` may hold. Every entry gets all of them, so that a
 * small manifest could otherwise ask for a lot of memory.
 */
const MAX_DEFAULTS = 256;

/** Takes a manifest line by line. */
export class ManifestReader {
  readonly #root: HierarchyNode = {};
  /** The directories entered, the innermost last. */
  readonly #entered: { node: HierarchyNode; path: string }[] = [];
  /** What `/set` says. */
  readonly #defaults = new Map<string, string>();
  /** The line read last. */
  #line = 0;
  /** Whether the line read last is blank. */
  #afterBlank = false;
  /** A comment of which it is not known yet where it ends. */
  #comment?: DirectoryComment;
  /** The line that those after it continue, and what there is of it. */
  #begun?: { line: number; length: number; pieces: string[] };

  /**
   * Takes the next line.
   *
   * @param text The line without its newline.
   * @throws {MtreeError} Where it breaks mtree(5).
   */
  add(text: string): void {
    const line = {
      number: ++this.#line,
      text: text.endsWith("\r") ? text.slice(0, -1) : text,
    };
    const startsComment = this.#afterBlank && line.text.startsWith("# ");
    this.#afterBlank = line.text === "";
    if (startsComment) {
      this.#endComment();
      this.#comment = new DirectoryComment(line.text.slice(2));
    } else if (this.#comment === undefined) {
      this.#addLine(line);
    } else {
      const directory = this.#entered.at(-1)?.path ?? ".";
      if (this.#comment.ends(line, directory)) this.#endComment();
    }
  }

  /**
   * Takes notice of a line that is not complete yet, so that one without an
   * end is refused before it fills the memory.
   *
   * @param length How long it is so far, in bytes.
   * @throws {MtreeError} Where it is too long.
   */
  announce(length: number): void {
    checkLength(this.#line + 1, length);
  }

  /**
   * Ends the manifest.
   *
   * @returns The hierarchy.
   * @throws {MtreeError} Where the last line promises another.
   */
  finish(): Hierarchy {
    this.#endComment();
    if (this.#begun !== undefined) {
      throw new MtreeError(
        this.#begun.line,
        "the manifest ends where a backslash says that the line goes on; it may be truncated",
      );
    }
    return { root: this.#root };
  }

  #endComment(): void {
    const lines = this.#comment?.lines ?? [];
    this.#comment = undefined;
    for (const line of lines) this.#addLine(line);
  }

  #addLine({ number, text }: NumberedLine): void {
    if (this.#begun === undefined && isComment(text)) return;
    if (endsInBackslash(text)) {
      this.#begin(number, text.slice(0, -1));
    } else if (this.#begun === undefined) {
      checkLength(number, text.length);
      this.#logicalLine(number, text);
    } else {
      const { line: first, pieces } = this.#begin(number, text);
      this.#begun = undefined;
      this.#logicalLine(first, pieces.join(""));
    }
  }

  #begin(number: number, piece: string) {
    this.#begun ??= { line: number, length: 0, pieces: [] };
    this.#begun.pieces.push(piece);
    this.#begun.length += piece.length;
    checkLength(this.#begun.line, this.#begun.length);
    return this.#begun;
  }

  #logicalLine(number: number, line: string): void {
    const words = splitWords(line);
    const [first] = words;
    if (first === undefined) return;
    try {
      this.#command(first, words);
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
      throw new MtreeError(number, error.message, { cause: error });
    }
  }

  #command(first: string, words: string[]): void {
    if (first === "/set") this.#set(words);
    else if (first === "/unset") this.#unset(words);
    else if (first.startsWith("/")) {
      throw new StrataError(
        `${
          quoteName(first)
        } is neither /set nor /unset, and the paths of a manifest are relative`,
      );
    } else if (first === "..") this.#leave();
    else if (first.includes("/")) this.#describe(this.#find(first), words);
    else this.#relativeEntry(first, words);
  }

  #set(words: string[]): void {
    for (let i = 1; i < words.length; i++) {
      this.#defaults.set(...parseKeyword(words[i] ?? ""));
    }
    if (this.#defaults.size > MAX_DEFAULTS) {
      throw new StrataError(`/set holds more than ${MAX_DEFAULTS} keywords`);
    }
  }

  /** BSD's `/unset` names keywords or `all`; go-mtree's names none, for all. */
  #unset(words: string[]): void {
    const names = words.slice(1);
    if (names.length === 0 || names.includes("all")) this.#defaults.clear();
    for (const name of names) this.#defaults.delete(canonicalKeyword(name));
  }

  #leave(): void {
    if (this.#entered.pop() === undefined) {
      throw new StrataError(
        "'..' leaves the directory that the manifest is of",
      );
    }
  }

  #relativeEntry(word: string, words: string[]): void {
    const directory = this.#entered.at(-1) ?? { node: this.#root, path: "." };
    const name = unvis(word);
    const entry = name === "." ? directory : {
      node: childOf(directory.node, name),
      path: joinPath(directory.path, name),
    };
    this.#describe(entry.node, words);
    if (isDirectory(entry.node)) this.#entered.push(entry);
  }

  /** Finds the node of a path such as `./usr/share`, or makes it. */
  #find(path: string): HierarchyNode {
    let node = this.#root;
    for (const component of path.split("/")) {
      const name = unvis(component);
      if (name !== "." && component !== "") node = childOf(node, name);
    }
    return node;
  }

  #describe(node: HierarchyNode, words: string[]): void {
    if (node.keywords !== undefined) {
      this.#describeAgain(node.keywords, words);
      return;
    }
    const keywords = new Map<string, string>();
    for (const [name, value] of this.#defaults) keywords.set(name, value);
    for (let i = 1; i < words.length; i++) {
      keywords.set(...parseKeyword(words[i] ?? ""));
    }
    node.keywords = keywords;
  }

  /** Several entries of one file add up, but `/set` replaces nothing said. */
  #describeAgain(keywords: Map<string, string>, words: string[]): void {
    const known = keywords.get("type");
    for (const [name, value] of this.#defaults) {
      if (!keywords.has(name)) keywords.set(name, value);
    }
    for (let i = 1; i < words.length; i++) {
      const [name, value] = parseKeyword(words[i] ?? "");
      if (name === "type" && known !== undefined && known !== value) {
        throw new StrataError(
          `an earlier line says that ${
            quoteName(words[0] ?? "")
          } is of type ${known}, and not ${value}`,
        );
      }
      keywords.set(name, value);
    }
  }
}

function checkLength(line: number, length: number): void {
  if (length <= MAX_LINE_LENGTH) return;
  throw new MtreeError(line, `it is longer than ${MAX_LINE_LENGTH} bytes`);
}

function isComment(line: string): boolean {
  return /^[ \t]*#/.test(line);
}

/** Whether the last backslash is one of its own, and not an encoded one. */
function endsInBackslash(line: string): boolean {
  let start = line.length;
  while (line.charCodeAt(start - 1) === 0x5c) start--;
  return (line.length - start) % 2 === 1;
}

function childOf(directory: HierarchyNode, name: string): HierarchyNode {
  if (name === "" || name === ".." || /[/\0]/.test(name)) {
    throw new StrataError(`${quoteName(name)} is no name that a file can have`);
  }
  directory.children ??= new Map();
  let child = directory.children.get(name);
  if (child === undefined) {
    child = {};
    directory.children.set(name, child);
  }
  return child;
}
