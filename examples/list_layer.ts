/**
 * Lists the entries of a layer as `tar tv` would:
 *
 *     deno run --allow-read examples/list_layer.ts FILE
 *
 * FILE is a tar archive as it is, or compressed with gzip or zstd: a blob of
 * an image layout, for instance.
 *
 * @module
 */
import {
  type Compression,
  decompress,
  readTar,
  type TarEntry,
} from "@strata/layer";

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

/** Tells how a file is compressed by its first bytes. */
async function detectCompression(path: string): Promise<Compression> {
  using file = await Deno.open(path);
  const magic = new Uint8Array(4);
  await file.read(magic);
  if (magic[0] === 0x1f && magic[1] === 0x8b) return "gzip";
  return magic.join() === "40,181,47,253" ? "zstd" : "none";
}

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
class Listing {
  #width = 19;

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

if (import.meta.main) {
  const [path] = Deno.args;
  if (path === undefined) {
    console.error("usage: list_layer.ts FILE");
    Deno.exit(2);
  }
  const compression = await detectCompression(path);
  const file = await Deno.open(path);
  const listing = new Listing();
  for await (const entry of readTar(decompress(file.readable, compression))) {
    console.log(listing.line(entry));
  }
}
