/**
 * What a bundle keeps of its tree beside it: umoci's manifest, and an index by
 * which files that did not change are not read again.
 *
 * @module
 */
import { join } from "@std/path";
import { TempFile } from "../cas/temp_file.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { formatMtree } from "../mtree/format.ts";
import { InodeIndex } from "../mtree/inode_index.ts";
import { walkWithIndex } from "../mtree/walk.ts";
import type { Descriptor } from "../oci/image_spec.ts";
import type { Timestamp } from "../tar/header.ts";
import { ROOTFS_NAME } from "../unpack/unpack_manifest.ts";
import { mtreeName, writeBundleFile } from "./umoci_json.ts";

/** The index in a bundle; umoci leaves it alone. */
export const INDEX_NAME = "strata.index";

/**
 * Writes the manifest of a bundle's tree, and the index of its inodes.
 *
 * @param bundle The bundle.
 * @param walk The walk to the image that the tree is.
 * @param known The files that need not be read.
 * @param signal Stops the work.
 */
export async function writeTree(
  bundle: string,
  walk: readonly Descriptor[],
  known: InodeIndex | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const begun = filesystemTime(bundle);
  const noted = new InodeIndex();
  const rootfs = join(bundle, ROOTFS_NAME);
  const hierarchy = await walkWithIndex(rootfs, { signal }, { known, noted });
  await writeBundleFile(bundle, INDEX_NAME, noted.format(begun));
  await writeBundleFile(bundle, mtreeName(walk), formatMtree(hierarchy));
}

/**
 * Reads a bundle's index.
 *
 * @param bundle The bundle.
 * @returns The index; an empty one where there is none.
 */
export function readInodeIndex(bundle: string): InodeIndex {
  const path = join(bundle, INDEX_NAME);
  return onDisk(`Cannot read ${JSON.stringify(path)}`, () => {
    try {
      return InodeIndex.parse(Deno.readTextFileSync(path));
    } catch (error) {
      if (isNotFound(error)) return new InodeIndex();
      throw error;
    }
  });
}

/** The present, by the clock that gives the bundle's files their times. */
function filesystemTime(bundle: string): Timestamp {
  using probe = TempFile.create(bundle);
  // Deno's API knows a ctime to the second only; a new file's times are one.
  const { mtime } = onDisk(
    `Cannot look at ${JSON.stringify(probe.path)}`,
    () => Deno.statSync(probe.path),
  );
  const milliseconds = mtime?.getTime() ?? 0;
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 };
}
