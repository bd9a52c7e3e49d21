/**
 * The path cleaner: pure, and by POSIX rules whatever the system.
 *
 * @module
 */

/**
 * Cleans a path so that, joined to any directory, it stays below it
 * lexically: `.`, doubled slashes and `..` are resolved, and a `..` that would
 * leave the beginning is dropped. Symlinks are not looked at: on a disk that
 * has them the result alone is no protection. Pure; needs no permission.
 *
 * The rules are those of umoci's `CleanPath`, which are Go's `filepath.Clean`
 * with a relative path taken as if it began at the root. An empty path stays
 * empty.
 *
 * @param path The path, absolute or relative, of any length.
 * @returns The cleaned path: absolute where it was, `.` where a relative one
 * comes to nothing.
 *
 * @example
 * ```ts
 * import { cleanPath } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cleanPath("usr//./bin/../lib/"), "usr/lib");
 * assertEquals(cleanPath("../../etc/passwd"), "etc/passwd");
 * assertEquals(cleanPath("/.."), "/");
 * ```
 */
export function cleanPath(path: string): string {
  if (path === "") return "";
  const kept: string[] = [];
  for (const component of path.split("/")) {
    if (component === "" || component === ".") continue;
    if (component === "..") kept.pop();
    else kept.push(component);
  }
  const cleaned = kept.join("/");
  if (path.startsWith("/")) return `/${cleaned}`;
  return cleaned === "" ? "." : cleaned;
}
