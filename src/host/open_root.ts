/**
 * Chooses how the disk is reached.
 *
 * @module
 */
import { quoteName } from "../errors.ts";
import { DenoRoot } from "./deno/root.ts";
import type { Access, Root, Shortfalls } from "./directory.ts";
import { openLibrary } from "./libc/library.ts";
import { LibcRoot } from "./libc/root.ts";
import { System } from "./libc/system.ts";
import { isPartlyDenied, requirePermission } from "./permission.ts";

/**
 * Opens a directory as a root: through libc where FFI is allowed on Linux,
 * through Deno's API otherwise. FFI is no way around Deno's permissions: those
 * for the path must be there either way.
 *
 * @param path The directory.
 * @param access Whether things will be changed in it.
 * @param shortfalls Told of what could not be kept.
 * @param capacity How many directories are kept open, where many roots are.
 * @returns The root; dispose of it at the end.
 * @throws {MissingPermissionError} Where Deno does not permit the access.
 * @throws {SystemError} Where there is no such directory.
 */
export function openRoot(
  path: string,
  access: Access,
  shortfalls: Shortfalls,
  capacity?: number,
): Root {
  const purpose = `Cannot open the directory ${quoteName(path)}`;
  requirePermission("read", path, purpose);
  if (access === "write") requirePermission("write", path, purpose);
  // Deno's API alone knows at each call which part of the tree is left out.
  const isPartial = isPartlyDenied("read", path) ||
    (access === "write" && isPartlyDenied("write", path));
  const library = isPartial ? undefined : openLibrary();
  return library === undefined
    ? new DenoRoot(path, access, shortfalls)
    : new LibcRoot(System.of(library), path, access, shortfalls, capacity);
}
