/**
 * What the mount that holds a path allows.
 *
 * @module
 */
import { openLibrary } from "./libc/library.ts";
import { System } from "./libc/system.ts";

/** The flags of statfs(2), by the names that mount options have. */
const FLAGS: readonly [name: string, bit: number][] = [
  ["ro", 0x0001],
  ["nosuid", 0x0002],
  ["nodev", 0x0004],
  ["noexec", 0x0008],
  ["noatime", 0x0400],
  ["nodiratime", 0x0800],
  ["relatime", 0x1000],
];

/**
 * Reads the flags of the mount that holds a path: in a user namespace they are
 * locked, and a bind mount has to repeat them. Only FFI tells them.
 *
 * @param path The path.
 * @returns The flags as mount options; none where they cannot be found out.
 */
export function readMountFlags(path: string): string[] {
  const library = openLibrary();
  if (library === undefined) return [];
  const flags = System.of(library).statfsFlags(path);
  return FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}
