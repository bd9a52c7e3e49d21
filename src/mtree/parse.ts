/**
 * Reading mtree manifests.
 *
 * @module
 */
import { decodeBytes } from "../byte_string.ts";
import type { Hierarchy } from "./hierarchy.ts";
import { ManifestReader } from "./manifest_reader.ts";

/**
 * Reads an mtree(5) manifest: what go-mtree and umoci write, bsdtar's
 * `--format=mtree`, and the BSDs' mtree. Pure; needs no permission.
 *
 * Names are decoded from any style of vis(3), keywords get the names that
 * go-mtree gives them, and what `/set` says is put into the entries it is for.
 * Keywords that mtree(5) does not define are kept. Several entries of one file
 * add up; in contradictions the last one holds, except over the type.
 *
 * @param manifest The manifest: its text, or a stream of its bytes. The stream
 * is read to its end, and cancelled after an error.
 * @returns The hierarchy; for a stream, a promise of it.
 * @throws {MtreeError} Where the manifest breaks mtree(5): it names the line.
 * A line, with those that continue it, may be 16 MiB long.
 *
 * @example
 * ```ts
 * import { parseMtree } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const { root } = parseMtree(`#mtree
 * /set type=file uid=0 gid=0
 * . type=dir mode=0755
 *     release\\040notes mode=0644 size=1200
 * ..
 * `);
 * assertEquals(root.children?.get("release notes")?.keywords?.get("uid"), "0");
 *
 * const stream = new Blob(["./etc/passwd type=file size=900\n"]).stream();
 * const etc = (await parseMtree(stream)).root.children?.get("etc");
 * assertEquals(etc?.children?.get("passwd")?.keywords?.get("size"), "900");
 * ```
 */
export function parseMtree(manifest: string): Hierarchy;
/**
 * Reads an mtree(5) manifest from a stream of its bytes, as the other overload
 * does from its text. Pure; needs no permission.
 *
 * @param manifest The manifest's bytes.
 * @returns A promise of the hierarchy.
 * @throws {MtreeError} Where the manifest breaks mtree(5).
 */
export function parseMtree(
  manifest: ReadableStream<Uint8Array>,
): Promise<Hierarchy>;
export function parseMtree(
  manifest: string | ReadableStream<Uint8Array>,
): Hierarchy | Promise<Hierarchy> {
  return typeof manifest === "string"
    ? parseText(manifest)
    : parseStream(manifest);
}

function parseText(text: string): Hierarchy {
  const reader = new ManifestReader();
  addLines(reader, text);
  return reader.finish();
}

function addLines(reader: ManifestReader, text: string): void {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    reader.add(text.slice(start, end));
    start = end + 1;
  }
}

async function parseStream(
  stream: ReadableStream<Uint8Array>,
): Promise<Hierarchy> {
  const reader = new ManifestReader();
  /** The beginning of a line whose newline is still to come. */
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end > 0) {
      addBytes(reader, concatenate([...begun, chunk.subarray(0, end)]));
      begun = [];
      length = 0;
    }
    // A copy, for the stream's source may use its buffer again.
    begun.push(chunk.slice(end));
    length += chunk.length - end;
    reader.announce(length);
  }
  addBytes(reader, concatenate(begun));
  return reader.finish();
}

const strictDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/** Adds whole lines: at once, or one by one where some are not UTF-8. */
function addBytes(reader: ManifestReader, bytes: Uint8Array): void {
  const text = decodeStrictly(bytes);
  if (text !== undefined) {
    addLines(reader, text);
    return;
  }
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    reader.add(decodeBytes(bytes, start, end));
    start = end + 1;
  }
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function concatenate(pieces: Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const all = new Uint8Array(
    pieces.reduce((sum, { length }) => sum + length, 0),
  );
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return all;
}
