/**
 * Removes what the layers below left and keeps what this layer added.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 * @module
 */
import type { Directory, Root } from "../host/directory.ts";
import type { LayerChanges } from "./layer_changes.ts";

/**
 * Removes a name, as a whiteout of it asks.
 *
 * @param root The root.
 * @param changes What this layer has done so far.
 * @param directory The directory that holds the name.
 * @param name The name.
 */
export function removeLower(
  root: Root,
  changes: LayerChanges,
  directory: Directory,
  name: string,
): void {
  if (!changes.hasAdded(directory.path, name)) {
    if (directory.lookup(name) === undefined) return;
    changes.touch(directory);
    directory.remove(name);
    return;
  }
  if (directory.lookup(name)?.type !== "directory") return;
  const { path } = directory;
  removeLowerChildren(root, changes, path === "" ? name : `${path}/${name}`);
}

/**
 * Removes everything in a directory, as an opaque whiteout in it asks.
 *
 * @param root The root.
 * @param changes What this layer has done so far.
 * @param path Path of the directory, without symlinks.
 */
export function removeLowerChildren(
  root: Root,
  changes: LayerChanges,
  path: string,
): void {
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const directory = root.directoryAt(next);
    if (directory === undefined) continue;
    for (const name of directory.list()) {
      if (!changes.hasAdded(next, name)) {
        changes.touch(directory);
        directory.remove(name);
      } else if (directory.lookup(name)?.type === "directory") {
        pending.push(next === "" ? name : `${next}/${name}`);
      }
    }
  }
}
