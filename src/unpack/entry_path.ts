/**
 * Where an entry goes, and whether its name is an order to remove something.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 * @module
 */
import { cleanPath } from "../clean_path.ts";
import { EntryError } from "../errors.ts";

/** What the name of an entry asks for. */
export type EntryRole = "content" | "whiteout" | "opaque" | "skipped";

/** An entry's name taken apart. */
export interface EntryPath {
  /** The directory's path, empty for the root. */
  directory: string;
  /** The name in it, empty for the root itself; a whiteout's without prefix. */
  name: string;
  /** What is to be done there. */
  role: EntryRole;
}

const WHITEOUT_PREFIX = ".wh.";
const AUFS_PREFIX = ".wh..wh.";
const OPAQUE_WHITEOUT = ".wh..wh..opq";

/**
 * Takes an entry's name apart.
 *
 * @param entryName The name as the archive has it.
 * @returns Where the entry goes and what it is there for.
 * @throws {EntryError} Where the name is no name, or a whiteout of nothing.
 */
export function parseEntryPath(entryName: string): EntryPath {
  if (entryName.includes("\0")) {
    throw new EntryError(entryName, "its name holds a NUL");
  }
  const path = relativePath(entryName);
  const [directory, name] = splitPath(path);
  if (!path.includes(WHITEOUT_PREFIX)) {
    return { directory, name, role: "content" };
  }
  return parseWhiteout(entryName, directory, name);
}

/**
 * Cleans a path that is taken from the root of an image.
 *
 * @param path The path, absolute or not.
 * @returns It with no `.`, no `..` and no slash at either end; empty for the
 * root itself.
 */
export function relativePath(path: string): string {
  // Most names have nothing to clean but what tar puts before and behind.
  const rest = path.startsWith("./") ? path.slice(2) : path;
  const isClean = !rest.startsWith("/") && !rest.startsWith(".") &&
    !rest.includes("//") && !rest.includes("/.");
  if (isClean) return rest.endsWith("/") ? rest.slice(0, -1) : rest;
  const cleaned = cleanPath(path);
  if (cleaned === ".") return "";
  return cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
}

/**
 * Parts a path from its last component.
 *
 * @param path The path, cleaned.
 * @returns The directory, empty for the root, and the name in it.
 */
export function splitPath(path: string): [directory: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [slash === -1 ? "" : path.slice(0, slash), path.slice(slash + 1)];
}

function parseWhiteout(
  entryName: string,
  directory: string,
  name: string,
): EntryPath {
  for (const component of directory.split("/")) {
    // AUFS kept its own records in such directories.
    if (component.startsWith(AUFS_PREFIX)) {
      return { directory, name, role: "skipped" };
    }
    if (component.startsWith(WHITEOUT_PREFIX)) {
      throw new EntryError(
        entryName,
        `it lies below ${component}, a whiteout, and a whiteout is no directory`,
      );
    }
  }
  if (name === OPAQUE_WHITEOUT) return { directory, name, role: "opaque" };
  if (name.startsWith(AUFS_PREFIX)) return { directory, name, role: "skipped" };
  if (!name.startsWith(WHITEOUT_PREFIX)) {
    return { directory, name, role: "content" };
  }
  const target = name.slice(WHITEOUT_PREFIX.length);
  if (target === "" || target === "." || target === "..") {
    throw new EntryError(
      entryName,
      "it is a whiteout that names nothing which could be removed",
    );
  }
  return { directory, name: target, role: "whiteout" };
}
