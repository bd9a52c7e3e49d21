/**
 * A file or a directory of the host as a layer.
 *
 * @module
 */
import { basename } from "@std/path/basename";
import { dirname } from "@std/path/dirname";
import { cleanPath } from "../clean_path.ts";
import { StrataError } from "../errors.ts";
import type { Root } from "../host/directory.ts";
import { onDisk } from "../host/disk_error.ts";
import { requirePermission } from "../host/permission.ts";
import { compareBytes } from "../mtree/byte_order.ts";
import type { RepackOptions } from "../options.ts";
import type { EntryPacker, Located } from "./entry_packer.ts";
import { layerStream, packFrom } from "./layer_stream.ts";

/** How a layer that inserts something is made. */
export interface InsertOptions extends RepackOptions {
  /** Whether what the layers below have in the target directory is hidden. */
  opaque?: boolean;
}

/**
 * Makes a layer that puts a file or a directory of the host into an image, or
 * that removes a path from it. The directories that lead to the target are not
 * part of the layer. Read and made as `generateLayer` does. Follows the
 * image-spec's layer.md.
 *
 * Permissions: `--allow-read=<root>`, and where that is no directory of the
 * one that holds it; for xattrs and names that are not UTF-8 `--allow-ffi`.
 *
 * @param root The file or directory on the host, or undefined to remove the
 * target.
 * @param target Where it goes in the image.
 * @param options How to read it.
 * @returns The layer as a tar stream, not compressed (see `compress`). It ends
 * in an error as that of `generateLayer` does.
 * @throws {StrataError} Where the options are malformed, or nothing but a
 * directory could be put there.
 *
 * @example
 * ```ts
 * import { generateInsertLayer, readTar } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${directory}/motd`, "hello\n");
 * const layer = generateInsertLayer(directory, "/etc/greetings");
 * const names: string[] = [];
 * for await (const entry of readTar(layer)) names.push(entry.name);
 * assertEquals(names, ["etc/greetings/", "etc/greetings/motd"]);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function generateInsertLayer(
  root: string | undefined,
  target: string,
  options: InsertOptions = {},
): ReadableStream<Uint8Array> {
  const path = cleanPath(`/${target}`).slice(1);
  return layerStream(
    options,
    (packer) =>
      root === undefined
        ? packRemoval(packer, path)
        : packSource(packer, root, path, options),
  );
}

function* packRemoval(
  packer: EntryPacker,
  target: string,
): Generator<Uint8Array> {
  if (target === "") {
    throw new StrataError(
      "Cannot remove the root of an image: name a path in it",
    );
  }
  yield* packer.whiteout(target);
}

function* packSource(
  packer: EntryPacker,
  source: string,
  target: string,
  options: InsertOptions,
): Generator<Uint8Array> {
  if (isDirectory(source)) {
    yield* packFrom(
      source,
      options,
      (root) => packTree(root, packer, target, options),
    );
    return;
  }
  const purpose = `Cannot insert ${JSON.stringify(source)}`;
  if (target === "") {
    throw new StrataError(
      `${purpose} at the root of an image: only a directory can be there`,
    );
  }
  if (options.opaque === true) {
    throw new StrataError(
      `${purpose} as an opaque directory: it is none; leave opaque out`,
    );
  }
  // The host knows directories and names in them.
  yield* packFrom(
    dirname(source),
    options,
    (root) => packer.pack(locate(root, basename(source)), target),
  );
}

function isDirectory(path: string): boolean {
  const purpose = `Cannot insert ${JSON.stringify(path)}`;
  requirePermission("read", path, purpose);
  return onDisk(purpose, () => Deno.lstatSync(path).isDirectory);
}

function* packTree(
  root: Root,
  packer: EntryPacker,
  target: string,
  { opaque = false }: InsertOptions,
): Generator<Uint8Array> {
  if (opaque) yield* packer.opaqueWhiteout(target);
  const pending: [source: string, target: string][] = [["", target]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [from, to] = next;
    yield* packer.pack(locate(root, from), to);
    const directory = root.directoryAt(from);
    if (directory === undefined) continue;
    const names = directory.list().sort(compareBytes).reverse();
    for (const name of names) {
      pending.push([join(from, name), join(to, name)]);
    }
  }
}

function locate(root: Root, path: string): Located {
  const slash = path.lastIndexOf("/");
  const directory = root.directoryAt(path.slice(0, Math.max(0, slash)));
  if (directory === undefined) {
    throw new StrataError(
      `Cannot insert ${
        JSON.stringify(path)
      }: its directory is gone; keep others from changing the tree`,
    );
  }
  return { directory, name: path.slice(slash + 1) };
}

function join(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
