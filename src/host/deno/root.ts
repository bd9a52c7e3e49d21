/**
 * A root reached through Deno's own API: for where FFI is not allowed, and for
 * systems other than Linux. Lookups stay inside because every component is
 * looked at before it is passed; a program that changes the tree at the same
 * time could get in between, which libc's implementation does not allow.
 *
 * @module
 */
import { quoteName, SystemError } from "../../errors.ts";
import { CachedRoot, type Obstacle } from "../cached_root.ts";
import type { Access, Shortfalls } from "../directory.ts";
import { onDisk } from "../disk_error.ts";
import { READER_MODE, WRITER_MODE } from "../original_modes.ts";
import { DenoDirectory } from "./directory.ts";

/** These are but strings; the bound is for memory, and for removing. */
const KNOWN_DIRECTORIES = 4096;

/** A directory tree, reached through Deno's API. */
export class DenoRoot extends CachedRoot<DenoDirectory> {
  readonly kind = "deno";
  readonly isPrivileged = false;
  readonly inUserNamespace = false;
  readonly path: string;
  protected readonly top: DenoDirectory;
  /** Told of what could not be kept. */
  readonly shortfalls: Shortfalls;
  readonly #needed: number;

  /**
   * @param path The root; a symlink to it is followed.
   * @param access What is done in it.
   * @param shortfalls Told of what could not be kept.
   */
  constructor(path: string, access: Access, shortfalls: Shortfalls) {
    super(KNOWN_DIRECTORIES);
    this.path = path;
    this.#needed = access === "write" ? WRITER_MODE : READER_MODE;
    this.shortfalls = shortfalls;
    this.top = new DenoDirectory(this, "");
    const purpose = `Cannot open the directory ${quoteName(path)}`;
    onDisk(purpose, () => {
      if (Deno.statSync(path).isDirectory) return;
      throw new SystemError("ENOTDIR", `${purpose}: it is no directory`);
    });
  }

  /** Path of something below the root, for the system. */
  hostPath(path: string): string {
    // Joining would cancel a `..` of the caller's against a symlink's name.
    return path === "" ? this.path : `${this.path}/${path}`;
  }

  protected openAtOnce(_path: string): undefined {
    return undefined;
  }

  protected enter(
    parent: DenoDirectory,
    name: string,
  ): DenoDirectory | Obstacle {
    const type = parent.lookup(name)?.type;
    if (type === undefined) return "missing";
    if (type === "symlink") return "symlink";
    if (type !== "directory") return "other";
    return new DenoDirectory(this, parent.pathOf(name));
  }

  /**
   * Opens for the moment the directories that lead to one, and it as well,
   * where their modes keep out their owner.
   *
   * @param path The directory.
   * @returns Whether any of them could be opened.
   */
  openClosed(path: string): boolean {
    let isChanged = false;
    for (const ancestor of withAncestors(path)) {
      const host = this.hostPath(ancestor);
      const { mode, isDirectory } = Deno.lstatSync(host);
      const isClosed = mode !== null && (mode & this.#needed) !== this.#needed;
      if (!isDirectory || !isClosed) continue;
      if (!tryChmod(host, mode & 0o7777 | this.#needed)) return false;
      this.originalModes.note(ancestor, mode & 0o7777);
      isChanged = true;
    }
    return isChanged;
  }

  protected close(directory: DenoDirectory): void {
    directory.close();
  }

  /** What needs to be opened shows itself when it is used. */
  protected openTop(): void {}

  protected closeTop(): void {
    for (const path of this.originalModes.paths()) {
      const mode = this.originalModes.take(path);
      if (mode !== undefined) tryChmod(this.hostPath(path), mode);
    }
  }
}

/** The root, the directories that lead to a path, and the path itself. */
function withAncestors(path: string): string[] {
  const paths = [""];
  for (let slash = path.indexOf("/"); slash !== -1;) {
    paths.push(path.slice(0, slash));
    slash = path.indexOf("/", slash + 1);
  }
  if (path !== "") paths.push(path);
  return paths;
}

/** False where the directory is another's, or gone. */
function tryChmod(host: string, mode: number): boolean {
  try {
    Deno.chmodSync(host, mode);
    return true;
  } catch (error) {
    // Whoever runs this can grant a permission, where another's directory
    // stays as it is.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
