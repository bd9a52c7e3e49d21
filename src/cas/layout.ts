/**
 * Image layouts: an image, or many, in a directory.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @module
 */
import { dirname } from "@std/path/dirname";
import { join } from "@std/path/join";
import { resolve } from "@std/path/resolve";
import { quoteName, StrataError } from "../errors.ts";
import { MEDIA_TYPE_INDEX } from "../oci/media_type.ts";
import { diskError, isNotFound } from "../host/disk_error.ts";
import type { Engine } from "./engine.ts";
import { LayoutEngine } from "./layout_engine.ts";
import {
  BLOBS_DIRECTORY,
  checkLayout,
  INDEX_FILE,
  LAYOUT_FILE,
  LAYOUT_VERSION,
} from "./layout_files.ts";
import { requirePermission } from "../host/permission.ts";
import { TempFile } from "./temp_file.ts";

/**
 * Opens an image layout (image-spec, image-layout.md), such as `skopeo copy`
 * or `umoci init` makes it.
 *
 * Nothing in a layout may be a symlink: whoever made the layout could lead the
 * reader anywhere with it. The path itself may be one.
 *
 * Needs `--allow-read` of the path, and `--allow-write` of it for what writes.
 *
 * @param path The layout's directory.
 * @returns The layout as a content-addressable store.
 * @throws {InvalidImageError} Where it is no image layout of version 1.0.0.
 * @throws {MissingPermissionError} Where a permission is missing; it is never
 * prompted for.
 *
 * @example
 * ```ts
 * import { createLayout, openLayout } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await createLayout(`${directory}/image`);
 *
 * await using engine = await openLayout(`${directory}/image`);
 * const { digest } = await engine.putBlob(new TextEncoder().encode("hello"));
 * const text = await new Response(await engine.getBlob(digest)).text();
 * assertEquals(text, "hello");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function openLayout(path: string): Promise<Engine> {
  return Promise.try(() => {
    const purpose = `Cannot open image layout ${quoteName(path)}`;
    const root = absolutePath(path, purpose);
    requirePermission("read", root, purpose);
    checkLayout(root);
    return new LayoutEngine(root);
  });
}

/**
 * Makes an image layout (image-spec, image-layout.md) with an empty index, and
 * opens it. Missing parents are made too; after a failure nothing of it stays.
 *
 * Needs `--allow-read` and `--allow-write` of the path, and `--allow-write` of
 * the parents that are missing.
 *
 * @param path The new layout's directory; an empty one may be there.
 * @returns The layout as a content-addressable store.
 * @throws {StrataError} Where something else is there already.
 * @throws {SystemError} Where the disk refuses.
 * @throws {MissingPermissionError} Where a permission is missing; it is never
 * prompted for.
 *
 * @example
 * ```ts
 * import { createLayout } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/new/image`);
 * assertEquals((await engine.getIndex()).manifests, []);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function createLayout(path: string): Promise<Engine> {
  const purpose = `Cannot create image layout ${quoteName(path)}`;
  const root = absolutePath(path, purpose);
  requirePermission("read", root, purpose);
  requirePermission("write", root, purpose);
  const made: string[] = [];
  try {
    if (!makeDirectory(root, purpose, made)) requireEmpty(root, purpose);
    await fillLayout(root, made);
  } catch (error) {
    removeAll(made);
    throw diskError(error, purpose);
  }
  return new LayoutEngine(root);
}

function absolutePath(path: string, purpose: string): string {
  try {
    return resolve(path);
  } catch (error) {
    throw diskError(error, purpose);
  }
}

/**
 * Makes a directory and those above it.
 *
 * @returns False where it was there already.
 */
function makeDirectory(path: string, purpose: string, made: string[]): boolean {
  requirePermission("write", path, purpose);
  try {
    Deno.mkdirSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (!isNotFound(error) || dirname(path) === path) throw error;
    makeDirectory(dirname(path), purpose, made);
    Deno.mkdirSync(path);
  }
  made.push(path);
  return true;
}

function requireEmpty(root: string, purpose: string): void {
  const [entry] = Deno.readDirSync(root);
  if (entry === undefined) return;
  throw new StrataError(
    `${purpose}: the directory is not empty, it holds ${
      quoteName(entry.name)
    }; open it with openLayout, or name another one`,
  );
}

/**
 * `blobs` comes first, because of two who make a layout at once only one can
 * make it; `oci-layout` comes last, because only then there is a layout.
 */
async function fillLayout(root: string, made: string[]): Promise<void> {
  const blobs = join(root, BLOBS_DIRECTORY);
  for (const directory of [blobs, join(blobs, "sha256")]) {
    Deno.mkdirSync(directory);
    made.push(directory);
  }
  const files: [string, unknown][] = [
    [INDEX_FILE, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE_INDEX,
      manifests: [],
    }],
    [LAYOUT_FILE, { imageLayoutVersion: LAYOUT_VERSION }],
  ];
  for (const [name, content] of files) {
    made.push(join(root, name));
    using temp = TempFile.create(root);
    temp.write(new TextEncoder().encode(JSON.stringify(content)));
    await temp.commit(root, name);
  }
}

/** The newest first, and never what somebody else has put in since. */
function removeAll(made: string[]): void {
  for (const path of made.toReversed()) {
    try {
      Deno.removeSync(path);
    } catch {
      // The error that is thrown already matters more than a leftover.
    }
  }
}
