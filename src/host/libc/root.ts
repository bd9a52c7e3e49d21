/**
 * A root whose lookups the kernel keeps inside: a descriptor for every
 * directory, an `*at` call for everything done in it.
 *
 * @module
 */
import { CachedRoot, type Obstacle } from "../cached_root.ts";
import type { Access, Shortfalls } from "../directory.ts";
import { ClosedInodes } from "./closed_inodes.ts";
import { LibcDirectory } from "./directory.ts";
import { EACCES, EINVAL, ELOOP, ENOENT, ENOTDIR } from "./errno.ts";
import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from "./constants.ts";
import { type System, systemError } from "./system.ts";

/** Few enough to leave descriptors for everybody else. */
const OPEN_DIRECTORIES = 64;

/** A directory tree, reached through the C library. */
export class LibcRoot extends CachedRoot<LibcDirectory> {
  readonly kind = "libc";
  readonly path: string;
  protected readonly top: LibcDirectory;
  readonly system: System;
  /** Told of what could not be kept. */
  readonly shortfalls: Shortfalls;
  /** Opens what is closed to its owner. */
  readonly closed: ClosedInodes;
  #isTopOpen = false;
  #inUserNamespace: boolean | undefined;
  #hasOpenat2 = true;

  /**
   * @param system The system calls.
   * @param path The root; a symlink to it is followed.
   * @param access What is done in it.
   * @param shortfalls Told of what could not be kept.
   * @param capacity How many directories are kept open.
   */
  constructor(
    system: System,
    path: string,
    access: Access,
    shortfalls: Shortfalls,
    capacity = OPEN_DIRECTORIES,
  ) {
    super(capacity);
    this.path = path;
    this.shortfalls = shortfalls;
    this.system = system;
    this.closed = new ClosedInodes(this, access);
    const fd = this.system.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) throw systemError(fd, "open the directory", path);
    this.top = new LibcDirectory(this, fd, "");
  }

  get isPrivileged(): boolean {
    return this.system.euid === 0 && !this.inUserNamespace;
  }

  get inUserNamespace(): boolean {
    this.#inUserNamespace ??= readInUserNamespace(this.system);
    return this.#inUserNamespace;
  }

  protected openAtOnce(path: string): LibcDirectory | undefined {
    if (!this.#hasOpenat2) return undefined;
    const flags = O_RDONLY | O_DIRECTORY;
    const fd = this.system.openBeneath(this.top.fd, path, flags);
    if (fd >= 0) return this.#opened(fd, path);
    // Old kernels do not know the call, and some seccomp filters forbid it.
    const isObstacle = fd === -ENOENT || fd === -ELOOP || fd === -ENOTDIR ||
      fd === -EACCES;
    if (!isObstacle) this.#hasOpenat2 = this.#probeOpenat2();
    return undefined;
  }

  protected enter(
    parent: LibcDirectory,
    name: string,
  ): LibcDirectory | Obstacle {
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    const path = parent.pathOf(name);
    let fd = this.system.openat(parent.fd, name, flags);
    if (fd === -EACCES) fd = this.closed.openDirectory(parent, name, flags);
    if (fd >= 0) return this.#opened(fd, path);
    if (fd === -ENOENT) return "missing";
    if (fd !== -ELOOP && fd !== -ENOTDIR) {
      throw systemError(fd, "open the directory", path);
    }
    const link = this.system.readlinkat(parent.fd, name, new Uint8Array(1));
    if (link >= 0) return "symlink";
    if (link === -EINVAL) return "other";
    throw systemError(link, "look up", path);
  }

  protected close(directory: LibcDirectory): void {
    this.closed.restore(directory);
    directory.close();
  }

  protected openTop(): void {
    if (this.#isTopOpen) return;
    this.#isTopOpen = true;
    this.closed.makeUsable(this.top);
  }

  protected closeTop(): void {
    this.#isTopOpen = false;
    this.closed.restore(this.top);
  }

  #opened(fd: number, path: string): LibcDirectory {
    const directory = new LibcDirectory(this, fd, path);
    this.closed.makeUsable(directory);
    return directory;
  }

  #probeOpenat2(): boolean {
    const flags = O_RDONLY | O_DIRECTORY;
    const fd = this.system.openBeneath(this.top.fd, ".", flags);
    if (fd < 0) return false;
    this.system.close(fd);
    return true;
  }
}

/** Outside of any user namespace all ids are mapped to themselves. */
function readInUserNamespace(system: System): boolean {
  const fd = system.openat(AT_FDCWD, "/proc/self/uid_map", O_RDONLY);
  if (fd < 0) return false;
  const bytes = new Uint8Array(4096);
  const length = system.read(fd, bytes);
  system.close(fd);
  const text = new TextDecoder().decode(bytes.subarray(0, Math.max(0, length)));
  return !/^\s*0\s+0\s+4294967295\s*$/.test(text);
}
