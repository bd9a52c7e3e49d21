/**
 * The xattrs by which overlayfs keeps its own state: pure.
 *
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 * @module
 */

/** What overlayfs says with xattrs, for one of the two namespaces. */
export class OverlayXattrs {
  /** What all of them begin with. */
  readonly prefix: string;
  /** Marks a directory that hides what the layers below have in it. */
  readonly opaque: string;
  /** Marks an empty file that stands for a whiteout. */
  readonly whiteout: string;
  /** Names the directory whose contents one has. */
  readonly redirect: string;
  /** Marks a file whose contents are in a lower layer. */
  readonly metacopy: string;
  /** What those of an image begin with, that overlayfs must not take for its own. */
  readonly #escaped: string;

  /**
   * @param isUser Whether the mount has the option `userxattr`, as in a user
   * namespace.
   */
  constructor(isUser: boolean) {
    this.prefix = isUser ? "user.overlay." : "trusted.overlay.";
    this.opaque = `${this.prefix}opaque`;
    this.whiteout = `${this.prefix}whiteout`;
    this.redirect = `${this.prefix}redirect`;
    this.metacopy = `${this.prefix}metacopy`;
    this.#escaped = `${this.prefix}overlay.`;
  }

  /**
   * Keeps an image's own xattrs from being taken for those of overlayfs.
   *
   * @param xattrs The xattrs of an entry.
   * @returns The xattrs as they are kept on disk.
   */
  escape(
    xattrs: ReadonlyMap<string, Uint8Array>,
  ): ReadonlyMap<string, Uint8Array> {
    if (!this.#hasOwn(xattrs)) return xattrs;
    return new Map([...xattrs].map(([name, value]) => [
      name.startsWith(this.prefix)
        ? this.#escaped + name.slice(this.prefix.length)
        : name,
      value,
    ]));
  }

  /**
   * Finds an image's own xattrs in those on disk.
   *
   * @param xattrs The xattrs on disk.
   * @returns Those without what overlayfs keeps for itself.
   */
  unescape(xattrs: Map<string, Uint8Array>): Map<string, Uint8Array> {
    if (!this.#hasOwn(xattrs)) return xattrs;
    const images = new Map<string, Uint8Array>();
    for (const [name, value] of xattrs) {
      if (name.startsWith(this.#escaped)) {
        images.set(this.prefix + name.slice(this.#escaped.length), value);
      } else if (!name.startsWith(this.prefix)) {
        images.set(name, value);
      }
    }
    return images;
  }

  /**
   * Leaves out what overlayfs keeps for itself.
   *
   * @param xattrs The xattrs on disk.
   * @returns The others, as they are on disk.
   */
  withoutOwn(xattrs: Map<string, Uint8Array>): Map<string, Uint8Array> {
    return new Map(
      [...xattrs].filter(([name]) =>
        !name.startsWith(this.prefix) || name.startsWith(this.#escaped)
      ),
    );
  }

  #hasOwn(xattrs: ReadonlyMap<string, Uint8Array>): boolean {
    for (const name of xattrs.keys()) {
      if (name.startsWith(this.prefix)) return true;
    }
    return false;
  }
}
