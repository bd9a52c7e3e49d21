/**
 * Reads xattrs: of what is open by its descriptor, of what cannot be opened by
 * a path through /proc/self/fd that begins at the directory's descriptor.
 *
 * @module
 */
import { decodeBytes } from "../../byte_string.ts";
import { isHostXattr } from "../xattr_policy.ts";
import type { LibcDirectory } from "./directory.ts";
import { ENODATA, ENOTSUP, ERANGE } from "./errno.ts";
import { type System, systemError } from "./system.ts";

/** What the kernel allows the names, and one value, to take at most. */
const MAX_SIZE = 64 * 1024;

/** Most inodes have no xattrs, or few and small ones. */
const small = new Uint8Array(4096);

/** The two calls by which an inode's xattrs are read. */
export interface XattrSource {
  list(buffer: Uint8Array): number;
  get(name: string, buffer: Uint8Array): number;
}

/** The xattrs of what is open. */
export function xattrsOf(system: System, fd: number): XattrSource {
  return {
    list: (buffer) => system.flistxattr(fd, buffer),
    get: (name, buffer) => system.fgetxattr(fd, name, buffer),
  };
}

/** The xattrs of a name, which is not followed. */
export function xattrsAt(directory: LibcDirectory, name: string): XattrSource {
  const { system, closed } = directory.root;
  const path = `/proc/self/fd/${directory.fd}/${name}`;
  return {
    list: (buffer) => system.llistxattr(path, buffer),
    get: (xattr, buffer) =>
      closed.whileReadable(
        directory,
        name,
        () => system.lgetxattr(path, xattr, buffer),
      ),
  };
}

/**
 * Reads the xattrs of an inode.
 *
 * @param source The inode.
 * @param path The inode, for messages.
 * @param written Values that were written just now. Those in `user.` cannot be
 * read where the mode keeps out even the owner; others the kernel may change.
 * @returns The xattrs but those of the host's own, in the order of their names.
 */
export function readXattrs(
  source: XattrSource,
  path: string,
  written?: ReadonlyMap<string, Uint8Array>,
): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  const list = readInto(path, (buffer) => source.list(buffer));
  if (list === undefined || list.length === 0) return xattrs;
  const names = decodeBytes(list, 0, list.length - 1).split("\0").sort();
  for (const name of names) {
    if (isHostXattr(name)) continue;
    const known = name.startsWith("user.") ? written?.get(name) : undefined;
    const value = known ??
      readInto(path, (buffer) => source.get(name, buffer));
    // It may have gone since, or be none that can be read.
    if (value !== undefined) xattrs.set(name, value);
  }
  return xattrs;
}

/** What a call puts into a buffer; undefined where there is nothing. */
function readInto(
  path: string,
  call: (buffer: Uint8Array) => number,
): Uint8Array | undefined {
  let buffer: Uint8Array = small;
  let length = call(buffer);
  if (length === -ERANGE) {
    buffer = new Uint8Array(MAX_SIZE);
    length = call(buffer);
  }
  if (length === -ENOTSUP || length === -ENODATA) return undefined;
  if (length < 0) throw systemError(length, "read the xattrs of", path);
  return buffer.slice(0, length);
}
