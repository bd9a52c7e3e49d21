/**
 * Files that show themselves only when they are whole: written under a
 * temporary name, synced, then renamed. A writer holds a lock on its temporary
 * file, so that a file without a lock is known to be left behind by a dead one.
 *
 * @module
 */
import { join } from "@std/path/join";
import { quoteName, SystemError } from "../errors.ts";
import { diskError, isNotFound, onDisk } from "../host/disk_error.ts";

const TEMP_PREFIX = ".strata-";

/** A temporary file that becomes the real one, or disappears. */
export class TempFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  #open = true;

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /**
   * Creates an empty temporary file and locks it.
   *
   * @param directory Where; a file can be renamed within one filesystem only.
   * @returns The file.
   */
  static create(directory: string): TempFile {
    const purpose = `Cannot write to ${quoteName(directory)}`;
    for (;;) {
      const path = join(directory, TEMP_PREFIX + crypto.randomUUID());
      const file = onDisk(
        purpose,
        () => Deno.openSync(path, { write: true, createNew: true }),
      );
      const temp = new TempFile(file, path);
      let locked = false;
      try {
        locked = onDisk(purpose, () => temp.#lock());
      } finally {
        if (!locked) temp.#discard();
      }
      if (locked) return temp;
    }
  }

  /** Where the file is until it becomes the real one. */
  get path(): string {
    return this.#path;
  }

  /** @param bytes The next bytes. */
  write(bytes: Uint8Array): void {
    onDisk(`Cannot write ${quoteName(this.#path)}`, () => {
      let written = 0;
      while (written < bytes.length) {
        written += this.#file.writeSync(bytes.subarray(written));
      }
    });
  }

  /**
   * Makes the file the real one, in place of any that is there. Once this is
   * done it survives a power failure.
   *
   * @param directory The directory to put it in.
   * @param name The name it gets there.
   */
  async commit(directory: string, name: string): Promise<void> {
    const target = join(directory, name);
    try {
      await this.#file.sync();
      Deno.renameSync(this.#path, target);
      this.#close();
      await syncDirectory(directory);
    } catch (error) {
      throw diskError(error, `Cannot write ${quoteName(target)}`);
    }
  }

  /** Removes the file, unless it was committed. */
  [Symbol.dispose](): void {
    this.#discard();
  }

  /**
   * Between the file's creation and its lock, `removeAbandoned` can take it
   * for one that was left behind: then that holds the lock, or has removed
   * the file already.
   */
  #lock(): boolean {
    return this.#file.tryLockSync(true) && this.#file.statSync().nlink !== 0;
  }

  #discard(): void {
    if (!this.#open) return;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // What cannot be removed now has no lock any more: `clean` removes it.
    }
    this.#close();
  }

  #close(): void {
    this.#open = false;
    this.#file.close();
  }
}

/**
 * Removes the temporary files whose writers are gone. The files of writers
 * that live, in this process or in another, are locked and stay.
 *
 * @param directory Where the temporary files are.
 */
export function removeAbandoned(directory: string): void {
  onDisk(`Cannot clean ${quoteName(directory)}`, () => {
    for (const entry of Deno.readDirSync(directory)) {
      if (entry.isFile && entry.name.startsWith(TEMP_PREFIX)) {
        removeUnlessLocked(join(directory, entry.name));
      }
    }
  });
}

/**
 * Removes a temporary file, unless its writer lives.
 *
 * @param path The file.
 * @returns Whether it is gone.
 */
export function removeUnlessLocked(path: string): boolean {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    if (!file.tryLockSync(true)) return false;
    Deno.removeSync(path);
  } catch (error) {
    // Its writer was faster: the file was committed or discarded.
    if (!isNotFound(error)) throw error;
  }
  return true;
}

/** A rename survives a power failure only once its directory is synced. */
async function syncDirectory(directory: string): Promise<void> {
  if (Deno.build.os === "windows") return; // It opens no directories.
  using handle = Deno.openSync(directory);
  try {
    await handle.sync();
  } catch (error) {
    // Some network filesystems have no such thing as a directory's sync.
    const failure = diskError(error, `Cannot sync ${quoteName(directory)}`);
    const unsupported = failure instanceof SystemError &&
      failure.code === "EINVAL";
    if (!unsupported) throw failure;
  }
}
