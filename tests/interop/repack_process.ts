/**
 * Repacks a bundle in a process of its own, which can be killed.
 *
 * @module
 */
import { openLayout, repackBundle } from "@strata/layer";

/** What is repacked. */
export interface Repacking {
  layout: string;
  tag: string;
  bundle: string;
  refresh: boolean;
}

/**
 * Starts this file as a program, and waits until it begins to repack: a delay
 * is then one of the repacking, and not of Deno's start.
 *
 * @returns The process, still at work.
 */
export async function startRepack(
  { layout, tag, bundle, refresh }: Repacking,
): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      import.meta.url,
      layout,
      tag,
      bundle,
      String(refresh),
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return child;
}

if (import.meta.main) {
  const [layout = "", tag = "", bundle = "", refresh] = Deno.args;
  await using engine = await openLayout(layout);
  console.log("begins");
  await repackBundle(engine, tag, bundle, {
    // The same time each time, and so the same digest.
    history: { created: "2020-01-02T03:04:05Z" },
    refresh: refresh === "true",
  });
}
