/**
 * One layer onto the disk.
 *
 * @module
 */
import type { ByteReader } from "../compress/byte_reader.ts";
import type { Root } from "../host/directory.ts";
import { onDisk } from "../host/disk_error.ts";
import { openRoot } from "../host/open_root.ts";
import { requirePermission } from "../host/permission.ts";
import { checkMappings } from "../id_map.ts";
import type { UnpackOptions } from "../options.ts";
import { TarParser } from "../tar/parser.ts";
import { type ExtractInternals, Extractor } from "./extractor.ts";
import { UnpackShortfalls } from "./shortfalls.ts";

/**
 * Unpacks one layer into a directory, so that the directory becomes what made
 * the layer, as closely as the caller's privileges allow. Files of the layer
 * replace what is there, whiteouts remove it, and nothing outside the
 * directory is ever touched, whatever names and symlinks the layer holds.
 * Unpacking is not atomic: after an error the directory is half changed.
 * Follows the image-spec's layer.md.
 *
 * Permissions: `--allow-read=<root> --allow-write=<root>` for files,
 * directories and hard links. Devices, fifos, xattrs, exact times, names that
 * are not UTF-8, and symlinks take `--allow-ffi` on Linux; symlinks alone can
 * do with unscoped `--allow-read --allow-write` instead.
 *
 * @param root The directory, made where it is missing.
 * @param layer The layer as a tar stream, not compressed (see `decompress`).
 * It is read to its end.
 * @param options How to unpack it.
 * @throws {TarError} Where the stream is no sound tar archive.
 * @throws {EntryError} Where an entry cannot be put on disk, or must not be.
 * @throws {MissingPermissionError} Where Deno lacks a permission; the error
 * names the flag.
 *
 * @example
 * ```ts
 * import { TarWriter, unpackLayer } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * const owner = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
 * const tar = new TarWriter();
 * const unpacked = unpackLayer(root, tar.readable);
 * await tar.add({ name: "etc/motd", ...owner }, "hello\n");
 * await tar.close();
 * await unpacked;
 *
 * assertEquals(await Deno.readTextFile(`${root}/etc/motd`), "hello\n");
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function unpackLayer(
  root: string,
  layer: ReadableStream<Uint8Array>,
  options: UnpackOptions = {},
): Promise<void> {
  try {
    checkOptions(options);
    const purpose = `Cannot unpack into ${JSON.stringify(root)}`;
    requirePermission("read", root, purpose);
    requirePermission("write", root, purpose);
    onDisk(purpose, () => Deno.mkdirSync(root, { recursive: true }));
    const shortfalls = new UnpackShortfalls(options);
    using opened = openRoot(root, "write", shortfalls);
    const onProgress = options.onProgress;
    const onChunk = onProgress &&
      ((entries: number, bytes: number) =>
        onProgress({
          layerIndex: 0,
          layerCount: 1,
          entries,
          bytesIn: bytes,
          bytesOut: bytes,
        }));
    const reader = layer.getReader();
    try {
      await extractLayer(opened, reader, options, shortfalls, { onChunk });
    } finally {
      reader.releaseLock();
    }
  } finally {
    if (!layer.locked) await layer.cancel().catch(() => {});
  }
}

/** What the caller of `extractLayer` wants to see of its work. */
export interface ExtractObserver {
  /** Told of entries and bytes so far, after each piece. */
  onChunk?: (entries: number, bytes: number) => void;
}

/**
 * Unpacks one layer into an opened root.
 *
 * @param root The root.
 * @param reader The layer as a tar archive; it is read to its end, or
 * cancelled.
 * @param options How to unpack it.
 * @param shortfalls Told of what could not be kept.
 * @param observer What the caller wants to see of the work.
 * @param internals What this package's own callers want beside.
 */
export async function extractLayer(
  root: Root,
  reader: ByteReader,
  options: UnpackOptions,
  shortfalls: UnpackShortfalls,
  observer: ExtractObserver = {},
  internals: ExtractInternals = {},
): Promise<void> {
  const { signal } = options;
  const parser = new TarParser();
  const extractor = new Extractor(root, options, shortfalls, internals);
  // A stream that is silent must not keep an abort waiting.
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", stop);
  let entries = 0;
  let bytes = 0;
  try {
    signal?.throwIfAborted();
    while (true) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) break;
      parser.push(value);
      entries += extractChunk(parser, extractor);
      bytes += value.length;
      observer.onChunk?.(entries, bytes);
    }
    parser.finish();
    extractor.finish();
  } catch (error) {
    extractor.abort();
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * Checks options before anything is done.
 *
 * @param options The caller's options.
 * @throws {StrataError} Where they are malformed.
 */
export function checkOptions(options: UnpackOptions): void {
  checkMappings(options.uidMappings ?? [], "uid");
  checkMappings(options.gidMappings ?? [], "gid");
}

/** Unpacks what a piece of the archive holds; the number of entries in it. */
function extractChunk(parser: TarParser, extractor: Extractor): number {
  let entries = 0;
  while (true) {
    switch (parser.next()) {
      case "more":
        return entries;
      case "entry":
        entries++;
        extractor.entry(parser.entry);
        break;
      case "data":
        extractor.data(parser.data, parser.dataOffset);
        break;
      case "end-of-entry":
        extractor.endOfEntry();
        break;
    }
  }
}
