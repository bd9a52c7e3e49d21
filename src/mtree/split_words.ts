/**
 * The words of a line.
 *
 * @module
 */

/**
 * Splits a line at blanks and tabs: other white space may be part of a name.
 *
 * @param line The line.
 * @returns Its words.
 */
export function splitWords(line: string): string[] {
  const spaced = line.includes("\t") ? line.replaceAll("\t", " ") : line;
  const words: string[] = [];
  for (let start = 0; start < spaced.length;) {
    const blank = spaced.indexOf(" ", start);
    const end = blank === -1 ? spaced.length : blank;
    if (end > start) words.push(spaced.slice(start, end));
    start = end + 1;
  }
  return words;
}
