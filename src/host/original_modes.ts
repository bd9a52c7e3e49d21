/**
 * What was opened for the moment. An ordinary user's rootfs may hold
 * directories whose mode keeps even their owner out; they get the rights that
 * the work needs, and their own mode back when it is done.
 *
 * @module
 */

/** The modes of directories that are open for the moment, by their paths. */
export class OriginalModes {
  readonly #modes = new Map<string, number>();

  /**
   * Notes a directory that was opened.
   *
   * @param path Its path, without symlinks on the way.
   * @param mode The mode it had.
   */
  note(path: string, mode: number): void {
    if (!this.#modes.has(path)) this.#modes.set(path, mode);
  }

  /**
   * What a directory's mode is when it is not open for the moment.
   *
   * @param path Its path.
   * @param mode The mode it has now.
   * @returns The mode it had, where it was opened, or else the one it has.
   */
  of(path: string, mode: number): number {
    if (this.#modes.size === 0) return mode;
    return this.#modes.get(path) ?? mode;
  }

  /**
   * Forgets a directory, to give it its mode back or because it has a new one.
   *
   * @param path Its path.
   * @returns The mode it had, where it was opened.
   */
  take(path: string): number | undefined {
    if (this.#modes.size === 0) return undefined;
    const mode = this.#modes.get(path);
    this.#modes.delete(path);
    return mode;
  }

  /**
   * Forgets what was removed.
   *
   * @param removed Path of what was removed.
   */
  dropBelow(removed: string): void {
    if (this.#modes.size === 0) return;
    for (const path of this.#modes.keys()) {
      if (path === removed || path.startsWith(`${removed}/`)) {
        this.#modes.delete(path);
      }
    }
  }

  /** The directories that are open, the innermost first. */
  paths(): string[] {
    return [...this.#modes.keys()].sort().reverse();
  }
}

/** The rights that its owner needs in a directory: to list it and pass it. */
export const READER_MODE = 0o500;
/** The rights that its owner needs in a directory: to change it as well. */
export const WRITER_MODE = 0o700;
