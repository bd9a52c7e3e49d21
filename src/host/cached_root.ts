/**
 * Lookups of directories inside a root, for every implementation: components
 * are followed one by one as chroot(2) would, and what was found is kept, so
 * that an entry in a directory that was seen lately costs no lookup.
 *
 * @module
 */
import { quoteName, SystemError } from "../errors.ts";
import type { Directory, MissingDirectory, Root } from "./directory.ts";
import { OriginalModes } from "./original_modes.ts";

/** What stands in the way of entering a directory. */
export type Obstacle = "missing" | "symlink" | "other";

/** As many as the kernel follows. */
const MAX_SYMLINKS = 40;
/** The kernel's limit on a path; deeper trees no program could use. */
const MAX_PATH = 4095;
/** What the two limits above allow at most, roughly. */
const MAX_STEPS = 100_000;

/** An empty component, `.` or `..`. */
const ODD_COMPONENT = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** A root that keeps the directories it has found. */
export abstract class CachedRoot<D extends Directory> implements Root {
  abstract readonly path: string;
  abstract readonly kind: "libc" | "deno";
  abstract readonly isPrivileged: boolean;
  abstract readonly inUserNamespace: boolean;

  /** The modes of directories that are open for the moment. */
  readonly originalModes = new OriginalModes();

  /** Directories by the path they were asked for, the latest last. */
  readonly #found = new Map<string, D>();
  /** Paths of the symlinks that were followed to them. */
  readonly #followed = new Set<string>();
  /** Directories that are in use, the latest last. */
  readonly #inUse = new Set<D>();
  readonly #capacity: number;

  /** @param capacity How many directories are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The root as a directory. */
  protected abstract readonly top: D;

  /**
   * Opens a directory at once, where no symlink is on the way.
   *
   * @returns Undefined where components must be taken one by one.
   */
  protected abstract openAtOnce(path: string): D | undefined;

  /** Opens a directory in a directory, or says what is in the way. */
  protected abstract enter(parent: D, name: string): D | Obstacle;

  /** Gives up a directory. */
  protected abstract close(directory: D): void;

  /** Makes the root itself ready to be used, be it for the first time or not. */
  protected abstract openTop(): void;

  /** Gives the root itself back what was changed to use it. */
  protected abstract closeTop(): void;

  directory(path: string, onMissing?: MissingDirectory): D | undefined {
    this.openTop();
    if (path === "") return this.top;
    const known = this.#known(path);
    if (known !== undefined) return this.#use(known);
    const followed: string[] = [];
    const directory = this.#openPlain(path) ??
      this.#walk(path, followed, onMissing);
    if (directory === undefined || directory === this.top) return directory;
    this.#remember(path, directory);
    for (const symlink of followed) this.#followed.add(symlink);
    return directory;
  }

  directoryAt(path: string): D | undefined {
    this.openTop();
    const shortcut = this.#shortcut(path);
    if (shortcut !== undefined) return shortcut;
    let current = this.top;
    for (const name of path.split("/")) {
      const next = this.#enter(current, name);
      if (typeof next === "string") return undefined;
      current = next;
    }
    return current;
  }

  /**
   * Forgets where paths lead, if what was removed was on the way.
   *
   * @param removed Path of what was removed, and was no directory.
   */
  forgetName(removed: string): void {
    if (this.#followed.has(removed)) this.#forgetFound();
  }

  /**
   * Forgets where paths lead, for what was removed may have been on the way,
   * and gives up the directories that are gone with it.
   *
   * @param removed Path of the directory that was removed.
   */
  forgetDirectory(removed: string): void {
    this.#forgetFound();
    const below = `${removed}/`;
    for (const directory of this.#inUse) {
      const { path } = directory;
      if (path !== removed && !path.startsWith(below)) continue;
      this.#inUse.delete(directory);
      this.close(directory);
    }
    this.originalModes.dropBelow(removed);
  }

  release(): void {
    this.#forgetFound();
    for (const directory of this.#inUse) this.close(directory);
    this.#inUse.clear();
    this.closeTop();
  }

  [Symbol.dispose](): void {
    this.release();
    this.close(this.top);
  }

  /** Opens at once what is written as a directory's own path would be. */
  #openPlain(path: string): D | undefined {
    if (path.length >= MAX_PATH || ODD_COMPONENT.test(path)) return undefined;
    return this.#useNew(this.openAtOnce(path));
  }

  #walk(
    path: string,
    followed: string[],
    onMissing?: MissingDirectory,
  ): D | undefined {
    // No use beginning what cannot be finished.
    if (path.length > MAX_PATH) throw tooLong(path);
    const pending = path.split("/").reverse();
    let current = this.top;
    let links = 0;
    let steps = 0;
    for (;;) {
      const name = pending.pop();
      if (name === undefined) return current;
      if (++steps > MAX_STEPS) throw tooManySymlinks(path);
      if (name === "" || name === ".") continue;
      if (name === "..") {
        const parent = parentPath(current.path);
        const directory = this.#shortcut(parent);
        if (directory === undefined) pushPath(pending, parent);
        current = directory ?? this.top;
        continue;
      }
      if (current.path.length + name.length >= MAX_PATH) throw tooLong(path);
      const next = this.#enter(current, name);
      if (typeof next !== "string") {
        current = next;
      } else if (next === "symlink") {
        if (++links > MAX_SYMLINKS) throw tooManySymlinks(path);
        followed.push(pathIn(current, name));
        const target = current.readLink(name);
        if (target.startsWith("/")) current = this.top;
        pushPath(pending, target);
      } else {
        const answer = onMissing?.(current, name, next === "other") ?? false;
        if (answer === false) return undefined;
        if (typeof answer === "string") {
          if (++links > MAX_SYMLINKS) throw tooManySymlinks(path);
          followed.push(pathIn(current, name));
          if (answer.startsWith("/")) current = this.top;
          pushPath(pending, answer);
        } else {
          // What was made is entered like anything else.
          pending.push(name);
        }
      }
    }
  }

  #enter(parent: D, name: string): D | Obstacle {
    const path = pathIn(parent, name);
    const known = this.#known(path);
    if (known?.path === path) return this.#use(known);
    const directory = this.enter(parent, name);
    if (typeof directory === "string") return directory;
    this.#useNew(directory);
    this.#remember(path, directory);
    return directory;
  }

  #remember(path: string, directory: D): void {
    // Through symlinks one directory may have any number of paths.
    if (this.#found.size >= 4 * this.#capacity) this.#forgetFound();
    this.#found.set(path, directory);
  }

  #forgetFound(): void {
    this.#found.clear();
    this.#followed.clear();
  }

  /** The directory of a path without symlinks, where it is cheap to get. */
  #shortcut(path: string): D | undefined {
    if (path === "") return this.top;
    const known = this.#known(path);
    if (known?.path === path) return this.#use(known);
    const directory = this.#useNew(this.openAtOnce(path));
    if (directory !== undefined) this.#remember(path, directory);
    return directory;
  }

  /** What was found at a path, unless it was given up since. */
  #known(path: string): D | undefined {
    const known = this.#found.get(path);
    return known !== undefined && this.#inUse.has(known) ? known : undefined;
  }

  #use(directory: D): D {
    this.#inUse.delete(directory);
    this.#inUse.add(directory);
    return directory;
  }

  #useNew(directory: D | undefined): D | undefined {
    if (directory === undefined) return undefined;
    this.#inUse.add(directory);
    if (this.#inUse.size > this.#capacity) this.#releaseOldest();
    return directory;
  }

  #releaseOldest(): void {
    for (const oldest of this.#inUse) {
      this.#inUse.delete(oldest);
      this.close(oldest);
      return;
    }
  }
}

function pathIn(parent: Directory, name: string): string {
  return parent.path === "" ? name : `${parent.path}/${name}`;
}

function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

function pushPath(pending: string[], path: string): void {
  const names = path.split("/");
  for (let i = names.length - 1; i >= 0; i--) pending.push(names[i] ?? "");
}

function tooManySymlinks(path: string): SystemError {
  return new SystemError(
    "ELOOP",
    `Cannot follow ${
      quoteName(path)
    }: there are too many symlinks on the way (ELOOP)`,
  );
}

function tooLong(path: string): SystemError {
  return new SystemError(
    "ENAMETOOLONG",
    `Cannot use ${
      quoteName(path)
    }: the path would be longer than ${MAX_PATH} bytes (ENAMETOOLONG)`,
  );
}
