/**
 * Lines such as those of `tar tv`.
 *
 * @module
 */
import type { TarEntry } from "@strata/layer";

const TYPE_LETTERS = {
  "file": "-",
  "directory": "d",
  "symlink": "l",
  "link": "h",
  "character-device": "c",
  "block-device": "b",
  "fifo": "p",
  "unknown": "?",
};

function formatMode(mode: number): string {
  const letters = [..."rwxrwxrwx"].map((letter, i) =>
    (mode >> (8 - i) & 1) === 1 ? letter : "-"
  );
  const special = (bit: number, at: number, letter: string) => {
    if ((mode & bit) === 0) return;
    letters[at] = letters[at] === "x" ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, "s");
  special(0o2000, 5, "s");
  special(0o1000, 8, "t");
  return letters.join("");
}

/** Minutes in local time, as tar shows them. */
function formatTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  const two = (number: number) => String(number).padStart(2, "0");
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  const minutes = [time.getHours(), time.getMinutes()];
  return `${date.map(two).join("-")} ${minutes.map(two).join(":")}`;
}

/** Escapes what would upset a terminal, and bytes that are not UTF-8. */
function formatName(name: string): string {
  const octal = (byte: number) => `\\${byte.toString(8).padStart(3, "0")}`;
  return name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
    // deno-lint-ignore no-control-regex -- those are the ones to be escaped
    .replaceAll(/[\x00-\x1f\x7f]/g, (char) => octal(char.charCodeAt(0)))
    .replaceAll(
      /[\udc80-\udcff]/gu,
      (char) => octal(char.charCodeAt(0) - 0xdc00),
    );
}

/** Lines up owners and sizes as tar does: the column only ever grows. */
export class Listing {
  #width = 19;

  /**
   * Formats one entry.
   *
   * @param entry The entry.
   * @returns A line as `tar tv` prints it.
   */
  line(entry: TarEntry): string {
    const { userName, uid, groupName, gid, linkName, size } = entry;
    const isDevice = entry.type.endsWith("-device");
    const amount = isDevice
      ? `${entry.deviceMajor},${entry.deviceMinor}`
      : String(size);
    const owner = `${userName || uid}/${groupName || gid}`;
    this.#width = Math.max(this.#width, owner.length + 1 + amount.length);
    const arrow = entry.type === "link"
      ? ` link to ${formatName(linkName)}`
      : entry.type === "symlink"
      ? ` -> ${formatName(linkName)}`
      : "";
    return [
      TYPE_LETTERS[entry.type] + formatMode(entry.mode),
      owner + amount.padStart(this.#width - owner.length),
      formatTime(entry.mtime.seconds),
      formatName(entry.name) + arrow,
    ].join(" ");
  }
}
