/**
 * Hard links whose target may come later. Archives that list files in an order
 * of their own have them; they are made, or made anew, when the layer ends.
 *
 * @module
 */
import { EntryError, quoteName } from "../errors.ts";

/** A hard link that waits for its target. */
export interface DeferredLink {
  /** The entry's name as the archive has it. */
  entry: string;
  /** Where the link goes, without symlinks on the way. */
  path: string;
  /** The target's path, cleaned. */
  target: string;
  /** Whether it is linked already, to what a layer below has at the target. */
  isLinked: boolean;
}

/** The hard links of one layer that wait for their targets. */
export class DeferredLinks {
  /** By the link's path: a later entry there takes its place. */
  readonly #links = new Map<string, DeferredLink>();

  /**
   * Keeps a link for later.
   *
   * @param link The link.
   */
  add(link: DeferredLink): void {
    this.#links.set(link.path, link);
  }

  /**
   * Tells whether what is at a path may change when the layer ends.
   *
   * @param path The path, without symlinks on the way.
   * @returns Whether a link waits there.
   */
  has(path: string): boolean {
    return this.#links.has(path);
  }

  /**
   * Drops the link in whose place something else comes.
   *
   * @param path The path, without symlinks on the way.
   */
  replaced(path: string): void {
    // Mostly there are none, and a path has to be hashed to be looked for.
    if (this.#links.size > 0) this.#links.delete(path);
  }

  /**
   * Makes the links, those first that others are linked to.
   *
   * @param resolve Finds a path's own without symlinks on the way.
   * @param link Makes one link; false where its target is not there.
   * @throws {EntryError} Where a target never came.
   */
  settle(
    resolve: (path: string) => string | undefined,
    link: (link: DeferredLink) => boolean,
  ): void {
    const begun = new Set<DeferredLink>();
    for (const first of this.#links.values()) {
      const chain: DeferredLink[] = [];
      let next: DeferredLink | undefined = first;
      while (next !== undefined && !begun.has(next)) {
        begun.add(next);
        chain.push(next);
        next = this.#links.get(resolve(next.target) ?? "");
      }
      for (const deferred of chain.reverse()) {
        if (link(deferred) || deferred.isLinked) continue;
        throw new EntryError(
          deferred.entry,
          `it is a hard link to ${
            quoteName(deferred.target)
          }, which neither this layer nor one below it holds`,
        );
      }
    }
  }
}
