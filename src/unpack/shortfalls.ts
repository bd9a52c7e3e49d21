/**
 * Decides what may be passed over with a warning, and what may not.
 *
 * @module
 */
import { MissingPermissionError, SystemError } from "../errors.ts";
import type { Shortfalls } from "../host/directory.ts";
import type { UnpackOptions, Warning } from "../options.ts";
import { ROOTLESS_OWNER } from "../rootless_owner.ts";

/** What the host could not keep, told to the caller once for each kind. */
export class UnpackShortfalls implements Shortfalls {
  readonly #options: UnpackOptions;
  readonly #told = new Set<string>();
  /** Whether ids are those of a user namespace, as soon as that is known. */
  inUserNamespace = false;

  /** @param options The caller's options. */
  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  /** Whether the privileges of root are not to be expected. */
  get isUnprivileged(): boolean {
    return this.#options.rootless === true || this.inUserNamespace;
  }

  xattr(name: string, code: string): void {
    if (this.#isMark(name)) {
      if (code === "ENOSYS") {
        throw new MissingPermissionError(
          "--allow-ffi",
          `Cannot keep a layer in the overlayfs format without the xattr ${name}: Deno's own API has no xattrs`,
        );
      }
      throw new SystemError(
        code,
        `Cannot set the xattr ${name}, without which the layer would be another (${code}); set userXattr where the privilege for trusted ones is missing`,
      );
    }
    if (code === "ENOSYS" && name === ROOTLESS_OWNER) {
      return this.#warnOnce(name, {
        code: "owner-unsupported",
        message:
          "Owners were lost, here and elsewhere: the xattr that keeps them takes FFI; run deno with --allow-ffi",
      });
    }
    if (code === "ENOSYS" && this.#options.skipUnsupported === true) {
      return this.#warnOnce("xattrs", {
        code: "xattr-unsupported",
        message:
          "Xattrs were left out: Deno's own API has none; run deno with --allow-ffi",
      });
    }
    if (code === "ENOSYS") {
      throw new MissingPermissionError(
        "--allow-ffi",
        `Cannot set the xattr ${name}: Deno's own API has no xattrs`,
      );
    }
    if (code === "EPERM" && !this.isUnprivileged) {
      throw new SystemError(
        code,
        `Cannot set or remove the xattr ${name}: the operation is not permitted`,
      );
    }
    const reason = code === "EPERM"
      ? "it takes privileges that are not there"
      : "the filesystem does not support it";
    this.#warnOnce(`${code} ${name}`, {
      code: "xattr-unsupported",
      message:
        `The xattr ${name} was left out, here and elsewhere: ${reason} (${code})`,
    });
  }

  time(): void {
    this.#warnOnce("time", {
      code: "time-unsupported",
      message:
        "Times were cut to what Deno's API can set; run deno with --allow-ffi for exact ones",
    });
  }

  /**
   * An owner was lost: symlinks and fifos can have no `user.` xattrs.
   *
   * @param entry Name of the entry.
   */
  owner(entry: string): void {
    this.#options.onWarning?.({
      code: "owner-unsupported",
      message:
        "Its owner was lost: changing it takes root, and it can have no xattr to keep it in",
      entry,
    });
  }

  /**
   * A device or a fifo was left out for lack of FFI.
   *
   * @param entry Name of the entry.
   */
  skipped(entry: string): void {
    this.#options.onWarning?.({
      code: "node-skipped",
      message:
        "It was left out: Deno's own API makes no devices and fifos; run deno with --allow-ffi",
      entry,
    });
  }

  /**
   * A device was replaced by an empty file.
   *
   * @param entry Name of the entry.
   */
  device(entry: string): void {
    this.#options.onWarning?.({
      code: "device-replaced",
      message: "An empty file was made in place of a device, which takes root",
      entry,
    });
  }

  /** Whether the xattr is one of overlayfs's own, and not of the image. */
  #isMark(name: string): boolean {
    const { onDiskFormat } = this.#options;
    return onDiskFormat?.type === "overlayfs" &&
      /^(trusted|user)\.overlay\.(opaque|whiteout)$/.test(name);
  }

  #warnOnce(key: string, warning: Warning): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.onWarning?.(warning);
  }
}
