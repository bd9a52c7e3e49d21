/**
 * Directories and files whose mode keeps out their owner, who is no root: they
 * are opened for the moment.
 *
 * @module
 */
import { MissingPermissionError, quoteName } from "../../errors.ts";
import type { Access } from "../directory.ts";
import { READER_MODE, WRITER_MODE } from "../original_modes.ts";
import { isGranted } from "../permission.ts";
import type { LibcDirectory } from "./directory.ts";
import { EACCES } from "./errno.ts";
import type { LibcRoot } from "./root.ts";
import { systemError } from "./system.ts";

/** Opens what is closed to its owner in one root. */
export class ClosedInodes {
  readonly #root: LibcRoot;
  readonly #access: Access;
  readonly #needed: number;
  readonly #user: number;

  constructor(root: LibcRoot, access: Access) {
    this.#root = root;
    this.#access = access;
    this.#needed = access === "write" ? WRITER_MODE : READER_MODE;
    this.#user = root.system.euid;
  }

  /**
   * Makes sure that what is in a directory can be worked on.
   *
   * @param directory The directory, just opened.
   */
  makeUsable(directory: LibcDirectory): void {
    if (this.#user === 0) return;
    const { system, originalModes } = this.#root;
    const info = system.stat(directory.fd, "");
    if (typeof info === "number" || info.uid !== this.#user) return;
    if ((info.mode & this.#needed) === this.#needed) return;
    this.#requireWrite(directory.path);
    const result = system.fchmod(directory.fd, info.mode | this.#needed);
    if (result < 0) throw systemError(result, "open", directory.path);
    originalModes.note(directory.path, info.mode);
  }

  /**
   * Opens a directory that could not be opened as it was.
   *
   * @returns The descriptor, or a negative error number.
   */
  openDirectory(parent: LibcDirectory, name: string, flags: number): number {
    const mode = this.#chmod(parent, name, "directory", this.#needed);
    if (mode === undefined) return -EACCES;
    this.#root.originalModes.note(parent.pathOf(name), mode);
    return this.#root.system.openat(parent.fd, name, flags);
  }

  /**
   * Opens a file that could not be opened as it was. Whoever closes it gives
   * it its mode back: xattrs take the right to read even when it is open.
   *
   * @returns The descriptor or a negative error number, and the file's mode.
   */
  openFile(
    parent: LibcDirectory,
    name: string,
    flags: number,
  ): [fd: number, mode: number | undefined] {
    const mode = this.#chmod(parent, name, "file", 0o400);
    if (mode === undefined) return [-EACCES, undefined];
    return [this.#root.system.openat(parent.fd, name, flags), mode];
  }

  /**
   * Does something with a directory's name that takes the right to read it.
   *
   * @param call What to do; a negative error number says that it failed.
   * @returns What the call returned.
   */
  whileReadable(
    parent: LibcDirectory,
    name: string,
    call: () => number,
  ): number {
    const result = call();
    if (result !== -EACCES) return result;
    const mode = this.#chmod(parent, name, "directory", 0o400);
    if (mode === undefined) return result;
    const again = call();
    this.#root.system.lchmodat(parent.fd, name, mode);
    return again;
  }

  /** Gives a directory its own mode back, where it was opened. */
  restore(directory: LibcDirectory): void {
    const mode = this.#root.originalModes.take(directory.path);
    if (mode === undefined) return;
    // Where it is gone meanwhile there is nothing to restore.
    this.#root.system.fchmod(directory.fd, mode);
  }

  /** Adds rights to an inode of the user's own; the mode it had. */
  #chmod(
    parent: LibcDirectory,
    name: string,
    type: "directory" | "file",
    rights: number,
  ): number | undefined {
    const { system } = this.#root;
    const info = system.stat(parent.fd, name);
    const isOwn = typeof info !== "number" && info.type === type &&
      info.uid === this.#user;
    if (!isOwn) return undefined;
    this.#requireWrite(parent.pathOf(name));
    const result = system.lchmodat(parent.fd, name, info.mode | rights);
    return result < 0 ? undefined : info.mode;
  }

  /** A chmod through FFI is a write all the same. */
  #requireWrite(path: string): void {
    const root = this.#root.path;
    if (this.#access === "write" || isGranted("write", root)) return;
    throw new MissingPermissionError(
      `--allow-write=${root}`,
      `Cannot read ${
        quoteName(path)
      }: its mode keeps even its owner out, and to open it for the moment is to change it`,
    );
  }
}
