import type { Shortfalls } from "../host/directory.ts";
import type { RepackOptions } from "../options.ts";

/** What the host could not read, told to the caller once. */
export class PackShortfalls implements Shortfalls {
  readonly #options: RepackOptions;
  #isTold = false;

  /** @param options The caller's options. */
  constructor(options: RepackOptions) {
    this.#options = options;
  }

  xattr(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#options.onWarning?.({
      code: "xattr-unsupported",
      message:
        "Xattrs were left out, as Deno's own API has none; run deno with --allow-ffi",
    });
  }

  time(): void {}
}
