/**
 * Unpacks an image in a process of its own, so that time and memory are those
 * of the unpacking alone.
 *
 * @module
 */
import { unpackRootfs } from "@strata/layer";
import { run } from "./command.ts";
import { peakMemory } from "./peak_memory.ts";
import { withImage } from "./strata_image.ts";

/**
 * Starts this file as a program, and waits for its end.
 *
 * @returns The process's peak memory in bytes.
 */
export async function unpackInProcess(
  layout: string,
  tag: string,
  rootfs: string,
): Promise<number> {
  const printed = await run(Deno.execPath(), [
    "run",
    "--quiet",
    "--no-check",
    "--allow-all",
    import.meta.url,
    layout,
    tag,
    rootfs,
  ]);
  return Number(printed);
}

if (import.meta.main) {
  const [layout = "", tag = "", rootfs = ""] = Deno.args;
  await withImage(
    layout,
    tag,
    (engine, manifest) => unpackRootfs(engine, rootfs, manifest),
  );
  console.log(peakMemory());
}
