/**
 * Paths that do not count.
 *
 * @module
 */
import { cleanPath } from "../clean_path.ts";

/** The paths that are masked, as a tree of names. */
export interface PathMask {
  /** Whether the path itself, and all that is below it, is masked. */
  masked: boolean;
  /** What is masked below it. */
  children: Map<string, PathMask>;
}

/**
 * Makes a mask. Paths are cleaned lexically, and the root itself masks
 * nothing, as in umoci's `--mask-path`.
 *
 * @param paths The paths, relative to the root of the tree or absolute.
 * @returns The mask of the root.
 */
export function maskPaths(paths: Iterable<string>): PathMask {
  const root: PathMask = { masked: false, children: new Map() };
  for (const path of paths) {
    let mask = root;
    for (const name of cleanPath(`/${path}`).split("/")) {
      if (name === "") continue;
      const child = mask.children.get(name) ??
        { masked: false, children: new Map() };
      mask.children.set(name, child);
      mask = child;
    }
    if (mask !== root) mask.masked = true;
  }
  return root;
}
