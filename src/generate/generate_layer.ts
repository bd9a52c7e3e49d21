/**
 * What changed in a directory, as a layer.
 *
 * @module
 */
import { cleanPath } from "../clean_path.ts";
import { StrataError } from "../errors.ts";
import type { Root } from "../host/directory.ts";
import { compareBytes } from "../mtree/byte_order.ts";
import type { InodeDelta } from "../mtree/inode_delta.ts";
import type { RepackOptions } from "../options.ts";
import type { EntryPacker } from "./entry_packer.ts";
import { layerStream, packFrom } from "./layer_stream.ts";

/**
 * Makes a layer of what changed in a directory. What was modified or added is
 * read from the directory, and what is missing becomes a whiteout. Entries are
 * sorted by path, times are cut to whole seconds, hard links are found by
 * their inode, and the same directory and changes give the same bytes. The
 * stream is pulled: nothing is read ahead of the consumer but the piece at
 * hand, and cancelling it closes what is open. Sparse files are read as zeros.
 * Follows the image-spec's layer.md.
 *
 * Permissions: `--allow-read=<path>`. Xattrs and names that are not UTF-8 need
 * `--allow-ffi`; without it xattrs are left out, and `onWarning` is told. What
 * keeps out its owner is opened for the moment: `--allow-write=<path>`.
 *
 * @param path The directory, such as a bundle's `rootfs`.
 * @param deltas What changed, as `compareTrees` or `checkTree` tell it.
 * @param options How to read it.
 * @returns The layer as a tar stream, not compressed (see `compress`). It ends
 * in an error where something cannot be read (`TarWriteError`), has a name
 * that begins with `.wh.`, changes while it is read, or has an owner without a
 * mapping.
 * @throws {StrataError} Where the options are malformed.
 *
 * @example
 * ```ts
 * import { checkTree, generateLayer, readTar, walkTree } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${root}/old`, "");
 * const before = await walkTree(root);
 * await Deno.remove(`${root}/old`);
 * await Deno.writeTextFile(`${root}/new`, "hello\n");
 *
 * const layer = generateLayer(root, await checkTree(root, before));
 * const names: string[] = [];
 * for await (const entry of readTar(layer)) names.push(entry.name);
 * assertEquals(names.filter((name) => name !== "./"), ["new", ".wh.old"]);
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export function generateLayer(
  path: string,
  deltas: Pick<InodeDelta, "type" | "path">[],
  options: RepackOptions = {},
): ReadableStream<Uint8Array> {
  const changes = deltas
    .map(({ type, path }) => ({
      isMissing: type === "missing",
      path: inRoot(path),
    }))
    .sort((a, b) => compareBytes(a.path, b.path));
  return layerStream(
    options,
    (packer) =>
      packFrom(path, options, (root) => packChanges(root, packer, changes)),
  );
}

interface Change {
  path: string;
  isMissing: boolean;
}

function* packChanges(
  root: Root,
  packer: EntryPacker,
  changes: Change[],
): Generator<Uint8Array> {
  const missing = new Set(
    changes.filter(({ isMissing }) => isMissing).map(({ path }) => path),
  );
  for (const { path, isMissing } of changes) {
    if (!isMissing) {
      yield* packer.pack(locate(root, path), path);
    } else if (!isGoneWithParent(root, missing, path)) {
      yield* packer.whiteout(path);
    }
  }
}

function locate(root: Root, path: string) {
  const slash = path.lastIndexOf("/");
  const directory = root.directoryAt(path.slice(0, Math.max(0, slash)));
  if (directory !== undefined) {
    return { directory, name: path.slice(slash + 1) };
  }
  throw new StrataError(
    `Cannot generate a layer: the directory of ${
      JSON.stringify(path)
    } is not there; keep others from changing the tree`,
  );
}

/** What lay in a directory is gone with it; one whiteout is enough. */
function isGoneWithParent(
  root: Root,
  missing: ReadonlySet<string>,
  path: string,
): boolean {
  for (
    let slash = path.lastIndexOf("/");
    slash !== -1;
    slash = path.lastIndexOf("/", slash - 1)
  ) {
    const parent = path.slice(0, slash);
    if (missing.has(parent)) return true;
    const above = root.directoryAt(
      parent.slice(0, Math.max(0, parent.lastIndexOf("/"))),
    );
    const type = above?.lookup(parent.slice(parent.lastIndexOf("/") + 1))?.type;
    if (type !== undefined && type !== "directory") return true;
    if (type === "directory") return false;
  }
  return false;
}

/** A delta's path as the layer has it: empty for the root. */
function inRoot(path: string): string {
  return cleanPath(`/${path}`).slice(1);
}
