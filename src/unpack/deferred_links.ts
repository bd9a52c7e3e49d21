/**
 * Hard links whose target had not come when they did. Archives that list files
 * in an order of their own have them; they are made when the layer ends.
 *
 * @module
 */
import { EntryError, quoteName } from "../errors.ts";

interface DeferredLink {
  /** The entry's name as the archive has it. */
  entry: string;
  /** The entry's path, cleaned. */
  path: string;
  /** The target's path, cleaned. */
  target: string;
}

/** The hard links of one layer that wait for their targets. */
export class DeferredLinks {
  /** By the link's path: a later entry at the same path takes its place. */
  readonly #links = new Map<string, DeferredLink>();

  /**
   * Keeps a link for later.
   *
   * @param entry The entry's name as the archive has it.
   * @param path The entry's path, cleaned.
   * @param target The target's path, cleaned.
   */
  add(entry: string, path: string, target: string): void {
    this.#links.set(path, { entry, path, target });
  }

  /**
   * Drops a link in whose place a later entry has come.
   *
   * @param path The entry's path, cleaned.
   */
  replaced(path: string): void {
    if (this.#links.size > 0) this.#links.delete(path);
  }

  /**
   * Makes the links, those first that others are linked to.
   *
   * @param link Makes one link; false where its target is not there.
   * @throws {EntryError} Where a target never came.
   */
  settle(link: (path: string, target: string) => boolean): void {
    const begun = new Set<DeferredLink>();
    for (const first of this.#links.values()) {
      const chain: DeferredLink[] = [];
      let next: DeferredLink | undefined = first;
      while (next !== undefined && !begun.has(next)) {
        begun.add(next);
        chain.push(next);
        next = this.#links.get(next.target);
      }
      for (const { entry, path, target } of chain.reverse()) {
        if (link(path, target)) continue;
        throw new EntryError(
          entry,
          `it is a hard link to ${
            quoteName(target)
          }, which neither this layer nor one below it holds`,
        );
      }
    }
  }
}
