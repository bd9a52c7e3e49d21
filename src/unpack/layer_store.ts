/**
 * Layers in directories of their own, which bundles share. A layer shows
 * itself under its name only when it is whole.
 *
 * @module
 */
import { join } from "@std/path/join";
import {
  removeAbandoned,
  removeUnlessLocked,
  TempFile,
} from "../cas/temp_file.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { openLibrary } from "../host/libc/library.ts";
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from "../host/libc/constants.ts";
import { System } from "../host/libc/system.ts";
import { requirePermission } from "../host/permission.ts";
import { removeRootfs } from "./rootfs_directory.ts";

/** What a layer's directory is called beside its lock, until it is whole. */
const DRAFT_SUFFIX = ".draft";

/** A directory that holds layers by their names. */
export class LayerStore {
  readonly #path: string;

  /**
   * Opens a store, and removes what interrupted unpackings left in it.
   *
   * @param path The store's directory, made where it is missing.
   */
  constructor(path: string) {
    this.#path = path;
    const purpose = `Cannot open the layer store ${JSON.stringify(path)}`;
    requirePermission("read", path, purpose);
    requirePermission("write", path, purpose);
    onDisk(purpose, () => {
      // Layers hold set-id programs, which are not for everybody on the host.
      Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    });
    this.#sweep();
  }

  /**
   * Finds a layer, or adds it.
   *
   * @param name The layer's name.
   * @param fill Unpacks it into an empty directory.
   * @returns The layer's directory, and whether it is new.
   */
  async add(
    name: string,
    fill: (directory: string) => Promise<void>,
  ): Promise<{ path: string; isNew: boolean }> {
    const path = join(this.#path, name);
    if (exists(path)) return { path, isNew: false };
    // Whoever finds the lock free knows that nobody is at work on the draft.
    using lock = TempFile.create(this.#path);
    const draft = lock.path + DRAFT_SUFFIX;
    const purpose = `Cannot add a layer to ${JSON.stringify(this.#path)}`;
    try {
      onDisk(purpose, () => {
        Deno.mkdirSync(draft);
        // Whatever the umask: a container's user must be able to pass.
        Deno.chmodSync(draft, 0o755);
      });
      await fill(draft);
      syncFilesystem(draft);
      return { path, isNew: onDisk(purpose, () => rename(draft, path)) };
    } catch (error) {
      if (exists(draft)) removeRootfs(draft, error);
      throw error;
    }
  }

  #sweep(): void {
    for (const { name } of Deno.readDirSync(this.#path)) {
      if (!name.endsWith(DRAFT_SUFFIX)) continue;
      const draft = join(this.#path, name);
      const lock = draft.slice(0, -DRAFT_SUFFIX.length);
      if (removeUnlessLocked(lock) && exists(draft)) {
        removeRootfs(draft, "its unpacking was interrupted");
      }
    }
    removeAbandoned(this.#path);
  }
}

/** False where another process was faster: its layer is the same. */
function rename(draft: string, path: string): boolean {
  try {
    Deno.renameSync(draft, path);
    return true;
  } catch (error) {
    if (!exists(path)) throw error;
    removeRootfs(draft, error);
    return false;
  }
}

/** A name must not outlive, in a power failure, what it stands for. */
function syncFilesystem(path: string): void {
  const library = openLibrary();
  if (library === undefined) return;
  const system = System.of(library);
  const fd = system.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return;
  system.syncfs(fd);
  system.close(fd);
}

function exists(path: string): boolean {
  return onDisk(`Cannot look at ${JSON.stringify(path)}`, () => {
    try {
      Deno.lstatSync(path);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  });
}
