/**
 * Reads a file of a rootfs without ever leaving the rootfs.
 *
 * @module
 */
import { quoteName, StrataError } from "../errors.ts";
import type { Root } from "../host/directory.ts";

/** As many as the kernel follows. */
const MAX_SYMLINKS = 40;

/** What a path that ends in it leads to is a directory, or above the root. */
const NOT_A_NAME = ["", ".", ".."];

/**
 * Reads a file, following symlinks as chroot(2) would, in its last component
 * too.
 *
 * @param root The rootfs.
 * @param path The file, taken from the root.
 * @param limit The most bytes it may have.
 * @returns The contents, or undefined where there is no such file.
 * @throws {StrataError} Where it is no regular file, is too large, or is
 * reached through too many symlinks.
 */
export function readInRoot(
  root: Root,
  path: string,
  limit: number,
): Uint8Array | undefined {
  let current = path;
  for (let links = 0; links <= MAX_SYMLINKS; links++) {
    const slash = current.lastIndexOf("/");
    const directory = root.directory(current.slice(0, Math.max(0, slash)));
    const name = current.slice(slash + 1);
    if (directory === undefined) return undefined;
    if (NOT_A_NAME.includes(name)) {
      throw cannotRead(root, path, "it leads to a directory");
    }
    const type = directory.lookup(name)?.type;
    if (type === undefined) return undefined;
    if (type !== "symlink") return directory.readFile(name, limit);
    const target = directory.readLink(name);
    current = target.startsWith("/") ? target : `${directory.path}/${target}`;
  }
  throw cannotRead(root, path, "there are too many symlinks on the way");
}

function cannotRead(root: Root, path: string, reason: string): StrataError {
  return new StrataError(
    `Cannot read ${quoteName(path)} in ${quoteName(root.path)}: ${reason}`,
  );
}
