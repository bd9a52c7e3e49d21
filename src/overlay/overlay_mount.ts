/**
 * The mount that puts an image's layers on top of each other.
 *
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 * @module
 */
import { MissingPermissionError, quoteName, StrataError } from "../errors.ts";
import { openLibrary } from "../host/libc/library.ts";
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from "../host/libc/constants.ts";
import { System, systemError } from "../host/libc/system.ts";
import { requirePermission } from "../host/permission.ts";

/** What mount(2) needs to make a bundle's rootfs of its layers. */
export interface OverlayMount {
  /** The filesystem. */
  type: "overlay";
  /** What it is called in the list of mounts. */
  source: string;
  /** The bundle's rootfs, as an absolute path. */
  target: string;
  /** The directories of the uppermost layer first, as absolute paths. */
  lowerDirectories: string[];
  /** Where changes go, as an absolute path. */
  upperDirectory: string;
  /** Where overlayfs works, as an absolute path. */
  workDirectory: string;
  /** The mount's options, for `mount -o` behind each other with commas. */
  options: string[];
}

/** mount(2) takes a page of options, NUL included. */
const MAX_DATA = 4095;

/**
 * Makes the mount of an image's layers.
 *
 * @param target The rootfs.
 * @param lowerDirectories The layers, the uppermost first.
 * @param upperDirectory Where changes go.
 * @param workDirectory Where overlayfs works.
 * @param isUser Whether the marks are `user.` xattrs.
 * @returns The mount.
 */
export function overlayMount(
  target: string,
  lowerDirectories: string[],
  upperDirectory: string,
  workDirectory: string,
  isUser: boolean,
): OverlayMount {
  const paths = { target, lowerDirectories, upperDirectory, workDirectory };
  return {
    type: "overlay",
    source: "overlay",
    ...paths,
    options: [
      `lowerdir=${lowerDirectories.map(escapePath).join(":")}`,
      `upperdir=${escapePath(upperDirectory)}`,
      `workdir=${escapePath(workDirectory)}`,
      ...modeOptions(isUser),
    ],
  };
}

/**
 * Mounts an image's layers, so that the bundle's rootfs shows the image.
 * Changes go to the upper directory. It takes the privilege to mount, be it in
 * a user namespace of one's own. Follows the kernel's overlayfs.rst.
 *
 * Permissions: `--allow-read=<target> --allow-write=<target> --allow-ffi`.
 *
 * @param mount The mount, as `unpackManifest` returned it.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 * @throws {SystemError} Where the kernel refuses; EPERM where the privilege is
 * missing.
 *
 * @example
 * ```ts ignore
 * import { mountOverlay, openLayout, readManifest, unpackManifest } from "@strata/layer";
 *
 * const mount = await unpackManifest(engine, "bundle", manifest, {
 *   onDiskFormat: { type: "overlayfs", store: "/var/lib/layers" },
 * });
 * if (mount !== undefined) mountOverlay(mount);
 * ```
 */
export function mountOverlay(mount: OverlayMount): void {
  const { target, source, type, options } = mount;
  const system = openSystem(target, `Cannot mount ${quoteName(target)}`);
  const data = options.join(",");
  const result = data.length <= MAX_DATA
    ? system.mount(source, target, type, data)
    : mountShortly(system, mount);
  if (result < 0) throw systemError(result, "mount an overlay on", target);
}

/**
 * Takes the mount away; what was changed stays in the upper directory.
 *
 * Permissions: `--allow-read=<target> --allow-write=<target> --allow-ffi`.
 *
 * @param mount The mount, or its target.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 * @throws {SystemError} Where the kernel refuses; EBUSY where it is in use.
 *
 * @example
 * ```ts ignore
 * import { unmountOverlay } from "@strata/layer";
 *
 * unmountOverlay(mount);
 * ```
 */
export function unmountOverlay(mount: Pick<OverlayMount, "target">): void {
  const { target } = mount;
  const system = openSystem(target, `Cannot unmount ${quoteName(target)}`);
  const result = system.umount(target);
  if (result < 0) throw systemError(result, "unmount", target);
}

/** By descriptors, whose paths are short, where there are many layers. */
function mountShortly(system: System, mount: OverlayMount): number {
  const opened: number[] = [];
  const shorten = (path: string) => {
    const fd = system.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) throw systemError(fd, "open the directory", path);
    opened.push(fd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const short = overlayMount(
      mount.target,
      mount.lowerDirectories.map(shorten),
      shorten(mount.upperDirectory),
      shorten(mount.workDirectory),
      mount.options.includes("userxattr"),
    );
    const data = short.options.join(",");
    if (data.length > MAX_DATA) {
      throw new StrataError(
        `Cannot mount ${
          quoteName(mount.target)
        }: it has ${mount.lowerDirectories.length} layers, more than one mount takes`,
      );
    }
    return system.mount(mount.source, mount.target, mount.type, data);
  } finally {
    for (const fd of opened) system.close(fd);
  }
}

function openSystem(target: string, purpose: string): System {
  requirePermission("read", target, purpose);
  requirePermission("write", target, purpose);
  const library = openLibrary();
  if (library === undefined) {
    throw new MissingPermissionError("--allow-ffi", purpose);
  }
  return System.of(library);
}

/** Without them a layer could hold renames and files without contents. */
function modeOptions(isUser: boolean): string[] {
  return isUser
    ? ["userxattr"]
    : ["index=off", "metacopy=off", "redirect_dir=off"];
}

/** What parts layers and options must not part paths. */
function escapePath(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&");
}
