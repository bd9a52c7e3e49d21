/**
 * What takes long to make is made once for each state of its recipe and kept
 * outside the repository.
 *
 * @module
 */
import { join } from "@std/path";

/**
 * Finds a directory that an earlier run made of the same inputs, or makes it.
 * It appears under its name only when it is whole.
 *
 * @param name What is made, a part of the directory's name.
 * @param inputs Files that decide what is made.
 * @param build Fills an empty directory.
 * @returns The directory, which nobody may change.
 */
export async function cached(
  name: string,
  inputs: (string | URL)[],
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const parent = Deno.env.get("TMPDIR") ?? "/tmp";
  const directory = join(
    parent,
    `strata-interop-${name}-${await hashFiles(inputs)}`,
  );
  if (await isOwnDirectory(directory)) return directory;

  const draft = await Deno.makeTempDir({
    dir: parent,
    prefix: `strata-interop-${name}-draft-`,
  });
  try {
    await build(draft);
    await renameUnlessThere(draft, directory);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    throw error;
  }
  return directory;
}

/** A name in a shared directory may have been taken by somebody else. */
async function isOwnDirectory(path: string): Promise<boolean> {
  try {
    const info = await Deno.lstat(path);
    if (info.isDirectory && info.uid === Deno.uid()) return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  throw new Error(
    `Cannot use ${path} as a cache: it belongs to another user; remove it or set TMPDIR`,
  );
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    // Another run was faster: a directory with contents is never replaced.
    if (!await isOwnDirectory(to)) throw error;
    await Deno.remove(from, { recursive: true });
  }
}

async function hashFiles(paths: (string | URL)[]): Promise<string> {
  const texts = await Promise.all(paths.map((path) => Deno.readFile(path)));
  const digest = await crypto.subtle.digest("SHA-256", await joined(texts));
  return new Uint8Array(digest).slice(0, 8).toHex();
}

function joined(parts: Uint8Array<ArrayBuffer>[]): Promise<ArrayBuffer> {
  return new Blob(parts).arrayBuffer();
}
