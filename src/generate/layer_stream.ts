/**
 * A generator of a layer's pieces as a stream: it goes on when the consumer
 * asks, and its files are closed when the consumer stops.
 *
 * @module
 */
import { MissingPermissionError, StrataError } from "../errors.ts";
import type { Root } from "../host/directory.ts";
import { openRoot } from "../host/open_root.ts";
import { checkMappings } from "../id_map.ts";
import type { OnDiskFormat, RepackOptions } from "../options.ts";
import { EntryPacker } from "./entry_packer.ts";
import { LayerBuffer } from "./layer_buffer.ts";
import { PackShortfalls } from "./pack_shortfalls.ts";

/** Packs the entries of a layer. */
export type PackEntries = (packer: EntryPacker) => Generator<Uint8Array>;

/**
 * Makes a layer's stream.
 *
 * @param options The caller's options.
 * @param pack Packs the entries; nothing is looked at before the consumer asks.
 * @returns The layer as a tar stream.
 */
export function layerStream(
  options: RepackOptions,
  pack: PackEntries,
): ReadableStream<Uint8Array> {
  checkOptions(options);
  const buffer = new LayerBuffer();
  const packer = new EntryPacker(buffer, options);
  const pieces = generate(packer, buffer, pack);
  let bytesOut = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      try {
        options.signal?.throwIfAborted();
        const { done, value } = pieces.next();
        if (done) return controller.close();
        bytesOut += value.length;
        controller.enqueue(value);
      } catch (error) {
        pieces.return(undefined);
        throw error;
      }
      options.onProgress?.({
        layerIndex: 0,
        layerCount: 1,
        entries: packer.entries,
        bytesIn: bytesOut,
        bytesOut,
      });
    },
    cancel() {
      pieces.return(undefined);
    },
  }, { highWaterMark: 0 });
}

function* generate(
  packer: EntryPacker,
  buffer: LayerBuffer,
  pack: PackEntries,
): Generator<Uint8Array, void> {
  yield* pack(packer);
  yield* buffer.finish();
}

/**
 * Opens the directory that entries are read from, as long as they are packed.
 *
 * @param path The directory.
 * @param options The caller's options.
 * @param pack Packs the entries.
 */
export function* packFrom(
  path: string,
  options: RepackOptions,
  pack: (root: Root) => Generator<Uint8Array>,
): Generator<Uint8Array> {
  using root = openRoot(path, "read", new PackShortfalls(options));
  requireMarks(root, options.onDiskFormat);
  yield* pack(root);
}

/** Who cannot read the marks of overlayfs would take a layer for another. */
function requireMarks(root: Root, format: OnDiskFormat | undefined): void {
  if (format?.type !== "overlayfs") return;
  const purpose = `Cannot generate a layer from ${
    JSON.stringify(root.path)
  } as overlayfs has it`;
  if (root.kind === "deno") {
    throw new MissingPermissionError("--allow-ffi", purpose);
  }
  if (format.userXattr !== true && !root.isPrivileged) {
    throw new StrataError(
      `${purpose}: only root of the host can read trusted.overlay xattrs; mount with userxattr, and set userXattr`,
    );
  }
}

function checkOptions(options: RepackOptions): void {
  const { sourceDateEpoch } = options;
  if (sourceDateEpoch !== undefined && !Number.isSafeInteger(sourceDateEpoch)) {
    throw new StrataError(
      `Cannot clamp times to ${sourceDateEpoch}: sourceDateEpoch is a whole number of seconds`,
    );
  }
  checkMappings(options.uidMappings ?? [], "uid");
  checkMappings(options.gidMappings ?? [], "gid");
}
