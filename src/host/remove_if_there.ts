/**
 * Removes what may be gone already.
 *
 * @module
 */
import { quoteName } from "../errors.ts";
import { isNotFound, onDisk } from "./disk_error.ts";

/**
 * Removes a file, where there is one.
 *
 * @param path The file.
 * @param purpose What cannot be done if it fails, beginning with "Cannot".
 */
export function removeIfThere(
  path: string,
  purpose = `Cannot remove ${quoteName(path)}`,
): void {
  onDisk(purpose, () => {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
}
