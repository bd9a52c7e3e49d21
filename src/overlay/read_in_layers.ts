/**
 * Reads a file as overlayfs would show it.
 *
 * @module
 */
import { quoteName, StrataError } from "../errors.ts";
import type { LowerLayers } from "./lower_layers.ts";

/** As many as the kernel follows. */
const MAX_SYMLINKS = 40;

/**
 * Reads a file of an image, following symlinks as chroot(2) would.
 *
 * @param layers The image's layers.
 * @param path The file, taken from the root.
 * @param limit The most bytes it may have.
 * @returns The contents, or undefined where there is no such file.
 * @throws {StrataError} Where it is reached through too many symlinks, or is
 * no regular file.
 */
export function readInLayers(
  layers: LowerLayers,
  path: string,
  limit: number,
): Uint8Array | undefined {
  const pending = path.split("/").reverse();
  const current: string[] = [];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      current.pop();
      continue;
    }
    const found = layers.lookup([...current, name].join("/"));
    if (found === undefined) return undefined;
    if (found.info.type !== "symlink") {
      current.push(name);
      continue;
    }
    if (++links > MAX_SYMLINKS) {
      throw new StrataError(
        `Cannot read ${
          quoteName(path)
        }: there are too many symlinks on the way`,
      );
    }
    const target = found.directory.readLink(found.name);
    if (target.startsWith("/")) current.length = 0;
    pending.push(...target.split("/").reverse());
  }
  const file = layers.lookup(current.join("/"));
  return file?.directory.readFile(file.name, limit);
}
