/**
 * Removes a directory tree of any depth with two descriptors and no recursion:
 * each directory found in it is moved up to its top before it is emptied.
 *
 * @module
 */
import { decodeBytes } from "../../byte_string.ts";
import { EACCES, EISDIR, ENOENT } from "./errno.ts";
import {
  AT_REMOVEDIR,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
} from "./constants.ts";
import { type System, systemError } from "./system.ts";

/**
 * Removes a directory and all that is below it.
 *
 * @param system The system calls.
 * @param parent Descriptor of the directory that holds it.
 * @param name The directory; a symlink is not followed.
 * @param path The directory, for messages.
 */
export function removeTree(
  system: System,
  parent: number,
  name: string,
  path: string,
): void {
  const check = (result: number): number => {
    if (result < 0 && result !== -ENOENT) {
      throw systemError(result, "remove", path);
    }
    return result;
  };
  const open = (directory: number, child: string): number => {
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    const fd = system.openat(directory, child, flags);
    if (fd !== -EACCES) return check(fd);
    // Its owner may open a closed directory, and it is about to go.
    check(system.lchmodat(directory, child, 0o700));
    return check(system.openat(directory, child, flags));
  };

  const top = open(parent, name);
  if (top < 0) return;
  const moveUp = (directory: number, child: string, name: string): void => {
    const result = system.renameat(directory, child, top, name);
    if (result !== -EACCES) return void check(result);
    // To change its `..` takes the right to write in it.
    check(system.lchmodat(directory, child, 0o700));
    check(system.renameat(directory, child, top, name));
  };
  try {
    const pending = emptyExceptDirectories(system, top, check);
    const taken = new Set(pending);
    let moved = 0;
    for (
      let child = pending.pop();
      child !== undefined;
      child = pending.pop()
    ) {
      const fd = open(top, child);
      if (fd < 0) continue;
      try {
        for (const nested of emptyExceptDirectories(system, fd, check)) {
          let name: string;
          do name = `.strata-removed-${moved++}`; while (taken.has(name));
          moveUp(fd, nested, name);
          pending.push(name);
        }
      } finally {
        system.close(fd);
      }
      check(system.unlinkat(top, child, AT_REMOVEDIR));
    }
  } finally {
    system.close(top);
  }
  check(system.unlinkat(parent, name, AT_REMOVEDIR));
}

/** Removes all but directories, and returns the names of those. */
function emptyExceptDirectories(
  system: System,
  fd: number,
  check: (result: number) => number,
): string[] {
  const names: string[] = [];
  const take = (bytes: Uint8Array, start: number, end: number) => {
    names.push(decodeBytes(bytes, start, end));
  };
  while (check(system.readEntries(fd, take)) > 0);
  let isOpen = false;
  return names.filter((name) => {
    let result = system.unlinkat(fd, name, 0);
    if (result === -EACCES && !isOpen) {
      isOpen = true;
      check(system.fchmod(fd, 0o700));
      result = system.unlinkat(fd, name, 0);
    }
    if (result === -EISDIR) return true;
    check(result);
    return false;
  });
}
