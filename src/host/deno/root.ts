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
import type { Shortfalls } from "../directory.ts";
import { onDisk } from "../disk_error.ts";
import { DenoDirectory } from "./directory.ts";

/** These are but strings; the bound is for memory, and for removing. */
const KNOWN_DIRECTORIES = 4096;

/** A directory tree, reached through Deno's API. */
export class DenoRoot extends CachedRoot<DenoDirectory> {
  readonly kind = "deno";
  readonly inUserNamespace = false;
  readonly path: string;
  protected readonly top: DenoDirectory;
  /** Told of what could not be kept. */
  readonly shortfalls: Shortfalls;

  /**
   * @param path The root; a symlink to it is followed.
   * @param shortfalls Told of what could not be kept.
   */
  constructor(path: string, shortfalls: Shortfalls) {
    super(KNOWN_DIRECTORIES);
    this.path = path;
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

  protected release(directory: DenoDirectory): void {
    directory.close();
  }
}
