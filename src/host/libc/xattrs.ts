/**
 * Xattrs by descriptor, or, for what cannot be opened, by a path through
 * /proc/self/fd that begins at the directory's descriptor.
 *
 * @module
 */
import { decodeBytes } from "../../byte_string.ts";
import type { Shortfalls } from "../directory.ts";
import { ACCESS_ACL, isHostXattr } from "../xattr_policy.ts";
import type { LibcDirectory } from "./directory.ts";
import { EACCES, ENODATA, ENOTSUP, EPERM } from "./errno.ts";
import { type System, systemError } from "./system.ts";

/** What the kernel allows all names of an inode's xattrs to take. */
const MAX_LIST = 64 * 1024;

/** An inode whose xattrs are set by its descriptor. */
export class XattrTarget {
  readonly system: System;
  readonly fd: number;
  readonly path: string;
  /** The mode it has been given. */
  readonly mode: number;

  constructor(system: System, fd: number, path: string, mode: number) {
    this.system = system;
    this.fd = fd;
    this.path = path;
    this.mode = mode;
  }

  /** 0, or a negative error number. */
  set(name: string, value: Uint8Array): number {
    return this.#asWriter(() => this.system.fsetxattr(this.fd, name, value));
  }

  /** 0, or a negative error number. */
  remove(name: string): number {
    return this.#asWriter(() => this.system.fremovexattr(this.fd, name));
  }

  /** For `user.` xattrs an owner without the right to write takes it. */
  #asWriter(call: () => number): number {
    const { system, fd, mode } = this;
    const result = call();
    if (result !== -EACCES) return result;
    const opened = system.fchmod(fd, mode | 0o200);
    if (opened < 0) return result;
    const again = call();
    const closed = system.fchmod(fd, mode);
    return closed < 0 ? closed : again;
  }
}

/**
 * Lists an inode's xattrs.
 *
 * @param system The system calls.
 * @param fd Descriptor of the inode.
 * @param path The inode, for messages.
 * @returns The names.
 */
export function listXattrs(
  system: System,
  fd: number,
  path: string,
): string[] {
  let buffer = new Uint8Array(1024);
  let length = system.flistxattr(fd, buffer);
  if (length < 0 && length !== -ENOTSUP) {
    buffer = new Uint8Array(MAX_LIST);
    length = system.flistxattr(fd, buffer);
  }
  if (length === -ENOTSUP || length === 0) return [];
  if (length < 0) throw systemError(length, "list the xattrs of", path);
  return decodeBytes(buffer, 0, length - 1).split("\0");
}

/**
 * Gives a new inode its xattrs, and takes from it the ACL that its directory
 * handed down.
 *
 * @param target The inode.
 * @param xattrs The xattrs.
 * @param shortfalls Told of what could not be set.
 */
export function addXattrs(
  target: XattrTarget,
  xattrs: ReadonlyMap<string, Uint8Array>,
  shortfalls: Shortfalls,
): void {
  const { system, fd, path } = target;
  if (!xattrs.has(ACCESS_ACL)) {
    if (system.fremovexattr(fd, ACCESS_ACL) === 0) {
      const result = system.fchmod(fd, target.mode);
      if (result < 0) throw systemError(result, "change the mode of", path);
    }
  }
  for (const [name, value] of xattrs) {
    check(target.set(name, value), name, path, shortfalls);
  }
}

/**
 * Gives an inode an xattr.
 *
 * @param target The inode.
 * @param name The xattr.
 * @param value Its value.
 * @param shortfalls Told where it could not be set.
 */
export function addXattr(
  target: XattrTarget,
  name: string,
  value: Uint8Array,
  shortfalls: Shortfalls,
): void {
  check(target.set(name, value), name, target.path, shortfalls);
}

/**
 * Makes the xattrs of an inode exactly those given.
 *
 * @param target The inode.
 * @param xattrs The xattrs.
 * @param shortfalls Told of what could not be set or removed.
 */
export function replaceXattrs(
  target: XattrTarget,
  xattrs: ReadonlyMap<string, Uint8Array>,
  shortfalls: Shortfalls,
): void {
  const { system, fd, path } = target;
  for (const name of listXattrs(system, fd, path)) {
    if (isHostXattr(name) || xattrs.has(name)) continue;
    check(target.remove(name), name, path, shortfalls);
  }
  for (const [name, value] of xattrs) {
    check(target.set(name, value), name, path, shortfalls);
  }
}

/**
 * Sets the xattrs of a symlink, a device or a fifo.
 *
 * @param directory Its directory.
 * @param name Its name.
 * @param xattrs The xattrs.
 */
export function setNamedXattrs(
  directory: LibcDirectory,
  name: string,
  xattrs: ReadonlyMap<string, Uint8Array>,
): void {
  const { system, shortfalls } = directory.root;
  // No call takes a directory's descriptor and a name before Linux 6.13.
  const path = `/proc/self/fd/${directory.fd}/${name}`;
  const shown = directory.pathOf(name);
  if (!xattrs.has(ACCESS_ACL)) system.lremovexattr(path, ACCESS_ACL);
  for (const [xattr, value] of xattrs) {
    check(system.lsetxattr(path, xattr, value), xattr, shown, shortfalls);
  }
}

function check(
  result: number,
  name: string,
  path: string,
  shortfalls: Shortfalls,
): void {
  if (result >= 0 || result === -ENODATA) return;
  if (result === -EPERM || result === -ENOTSUP) {
    shortfalls.xattr(name, result === -EPERM ? "EPERM" : "ENOTSUP");
    return;
  }
  throw systemError(result, `set or remove the xattr ${name} of`, path);
}
