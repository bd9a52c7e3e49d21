/**
 * The directory of a rootfs: made before, and removed after a failure.
 *
 * @module
 */
import { BundleExistsError, StrataError } from "../errors.ts";
import { diskError, onDisk } from "../host/disk_error.ts";
import { openRoot } from "../host/open_root.ts";
import { requirePermission } from "../host/permission.ts";

/**
 * Makes the directory that an image is unpacked into.
 *
 * @param rootfs The directory.
 * @throws {BundleExistsError} Where it is there already.
 */
export function makeRootfs(rootfs: string): void {
  const purpose = `Cannot make the directory ${JSON.stringify(rootfs)}`;
  requirePermission("read", rootfs, purpose);
  requirePermission("write", rootfs, purpose);
  try {
    Deno.mkdirSync(rootfs);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new BundleExistsError(
        `Cannot unpack into ${
          JSON.stringify(rootfs)
        }: it is there already; remove it, or name another directory`,
      );
    }
    throw diskError(error, purpose);
  }
  // Whatever the umask: a container's user must be able to enter its root.
  onDisk(purpose, () => Deno.chmodSync(rootfs, 0o755));
}

/**
 * Removes what was unpacked, however deep it is.
 *
 * @param rootfs The directory.
 * @param cause The error after which it is removed.
 */
export function removeRootfs(rootfs: string, cause: unknown): void {
  try {
    const ignored = { xattr: () => {}, time: () => {} };
    // A layer may have closed it; only its owner gets here without privileges.
    Deno.chmodSync(rootfs, 0o700);
    using root = openRoot(rootfs, "write", ignored);
    const top = root.directory("");
    for (const name of top?.list() ?? []) top?.remove(name);
    Deno.removeSync(rootfs);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StrataError(
      `Cannot remove the half-written ${
        JSON.stringify(rootfs)
      } (${reason}); remove it by hand. It was given up because: ${why}`,
      { cause },
    );
  }
}
