/**
 * Opens nothing but regular files. It uses nothing from around it, so that
 * threads can use it as well (see `Thread`).
 *
 * @module
 */

/** What it takes of `node:fs`; a thread has its own. */
export type FileOpener = Pick<
  typeof import("node:fs"),
  "closeSync" | "constants" | "fstatSync" | "lstatSync" | "openSync"
>;

/**
 * Opens a regular file for reading, without following a symlink.
 *
 * @param fs The module `node:fs`.
 * @param path The file's path.
 * @returns Its descriptor, or undefined where something else stands there.
 * @throws What `node:fs` throws, also where nothing is there.
 */
export function openRegular(
  fs: FileOpener,
  path: string,
): number | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  for (let tries = 0; tries < 100; tries++) {
    // Opening a device can have effects of its own, and under a permission
    // that is scoped Deno follows symlinks whatever the flags.
    const seen = fs.lstatSync(path, { bigint: true });
    if (!seen.isFile()) return undefined;
    const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const opened = fs.fstatSync(fd, { bigint: true });
    if (opened.ino === seen.ino && opened.dev === seen.dev) return fd;
    // Another one was put in its place in between.
    fs.closeSync(fd);
  }
  return undefined;
}
