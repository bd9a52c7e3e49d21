/**
 * Layers as overlayfs has them, seen without the code under test.
 *
 * @module
 */
import { readXattr } from "./read_xattr.ts";
import { readTree, type Tree } from "./snapshot.ts";

/** The marks that everybody may read, root or not. */
export const USER_FORMAT = { type: "overlayfs", userXattr: true } as const;

/** A tree in which directories and devices say what overlayfs makes of them. */
export function readMarks(root: string, prefix = "user.overlay."): Tree {
  const tree = readTree(root);
  for (const [path, what] of Object.entries(tree)) {
    tree[path] = marked(`${root}/${path}`, what, prefix);
  }
  if (opaqueOf(root, prefix) !== undefined) tree[""] = "dir opaque";
  return tree;
}

function marked(path: string, what: string, prefix: string): string {
  if (what === "dir") {
    return opaqueOf(path, prefix) === undefined ? "dir" : "dir opaque";
  }
  return what === "char" && Deno.lstatSync(path).rdev === 0 ? "whiteout" : what;
}

function opaqueOf(path: string, prefix: string): string | undefined {
  const value = readXattr(path, `${prefix}opaque`);
  return value && new TextDecoder().decode(value);
}
