/**
 * A directory for a test, and the two hosts a test runs on.
 *
 * @module
 */
import { unpackLayer } from "../../src/unpack/unpack_layer.ts";
import type { UnpackOptions } from "../../src/options.ts";
import { type RawEntry, rawLayer, streamOf } from "./raw_layer.ts";

/** Which implementation of the host a test runs on. */
export type Host = "libc" | "deno";

export const IS_ROOT = Deno.uid() === 0;

/** Grants that make `openRoot` choose the host. */
export const PERMISSIONS: Record<Host, Deno.PermissionOptionsObject> = {
  libc: { read: true, write: true, sys: true, ffi: true },
  deno: { read: true, write: true, sys: true, ffi: false },
};

/** Registers a test on each host. */
export function testOnHosts(
  name: string,
  run: (base: string, host: Host) => void | Promise<void>,
  { needsRoot = false, hosts = ["libc", "deno"] }: {
    needsRoot?: boolean;
    hosts?: readonly Host[];
  } = {},
): void {
  for (const host of hosts) {
    const skipped = needsRoot && !IS_ROOT;
    Deno.test({
      name: `${name} (${host})${skipped ? " [needs root]" : ""}`,
      ignore: skipped,
      permissions: PERMISSIONS[host],
      fn: () => inScratch((base) => run(base, host)),
    });
  }
}

/** Runs something with a directory of its own. */
export async function inScratch(
  run: (base: string) => void | Promise<void>,
): Promise<void> {
  const base = Deno.makeTempDirSync();
  try {
    await run(base);
  } finally {
    Deno.removeSync(base, { recursive: true });
  }
}

/** Unpacks layers one over the other. */
export async function unpack(
  root: string,
  layers: readonly Iterable<RawEntry>[],
  options: UnpackOptions = {},
): Promise<void> {
  for (const entries of layers) {
    await unpackLayer(root, streamOf(rawLayer(entries)), options);
  }
}
