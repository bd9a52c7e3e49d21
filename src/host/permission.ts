/**
 * Deno's permissions, looked up before the disk is touched: a library must
 * not make a prompt appear in the middle of somebody's program.
 *
 * @module
 */
import { MissingPermissionError } from "../errors.ts";

/**
 * Tells whether a permission leaves out something below a path.
 *
 * @param name The permission.
 * @param path The path.
 * @returns Whether a `--deny-read` or `--deny-write` is about a part of it.
 */
export function isPartlyDenied(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).partial;
}

/**
 * Tells whether a permission is granted already.
 *
 * @param name The permission.
 * @param path The absolute path it must cover.
 * @returns Whether it is.
 */
export function isGranted(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

/**
 * Makes sure that a permission is granted already.
 *
 * @param name The permission.
 * @param path The absolute path it must cover.
 * @param purpose What cannot be done without it, beginning with "Cannot".
 * @throws {MissingPermissionError} Where it is not granted.
 */
export function requirePermission(
  name: "read" | "write",
  path: string,
  purpose: string,
): void {
  if (!isGranted(name, path)) {
    throw new MissingPermissionError(`--allow-${name}=${path}`, purpose);
  }
}
