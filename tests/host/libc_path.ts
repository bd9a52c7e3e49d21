/**
 * The C library's path, as the README says how to find it.
 *
 * @module
 */

/** What a scoped `--allow-ffi` names. */
export const LIBC_PATH = [
  `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`,
  "/lib64/libc.so.6",
  `/lib/libc.musl-${Deno.build.arch}.so.1`,
].find(exists) ?? "/lib/libc.so.6";

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
