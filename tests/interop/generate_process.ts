/**
 * Makes a layer of a whole tree in a process of its own, so that its cores and
 * its memory are those of the generating alone.
 *
 * @module
 */
import {
  createLayout,
  generateLayer,
  hierarchyEntries,
  type InodeDelta,
  Mutator,
  walkTree,
} from "@strata/layer";
import { run } from "./command.ts";
import { peakMemory } from "./peak_memory.ts";

/** A layer that a process made. */
export interface GeneratedLayer {
  /** Digest of the compressed layer, under which the layout has it. */
  digest: string;
  /** Its size in bytes. */
  size: number;
  /** The process's peak memory in bytes. */
  peak: number;
}

/** How the process is run. */
export interface GenerateProcessOptions {
  sourceDateEpoch?: number;
  /** Run on one core, whatever the machine has. */
  oneCore?: boolean;
}

/**
 * Starts this file as a program, and waits for its end.
 *
 * @param tree The tree that the layer is made of.
 * @param layout The image layout to make, with the layer in it.
 */
export async function generateInProcess(
  tree: string,
  layout: string,
  { sourceDateEpoch, oneCore = false }: GenerateProcessOptions = {},
): Promise<GeneratedLayer> {
  const deno = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "--allow-all",
    import.meta.url,
    tree,
    layout,
    ...sourceDateEpoch === undefined ? [] : [String(sourceDateEpoch)],
  ];
  const [program = "", ...args] = oneCore
    ? ["taskset", "--cpu-list", "0", ...deno]
    : deno;
  return JSON.parse(await run(program, args));
}

/** Every path of a tree, as if nothing had been there before. */
export async function wholeTree(tree: string): Promise<InodeDelta[]> {
  const hierarchy = await walkTree(tree, { keywords: ["type"] });
  return Array.from(
    hierarchyEntries(hierarchy),
    ({ path }): InodeDelta => ({ type: "extra", path }),
  );
}

if (import.meta.main) {
  const [tree = "", layout = "", epoch] = Deno.args;
  const deltas = await wholeTree(tree);
  await using engine = await createLayout(layout);
  const image = Mutator.create(engine, { os: "linux", architecture: "amd64" });
  const layer = generateLayer(tree, deltas, {
    sourceDateEpoch: epoch === undefined ? undefined : Number(epoch),
  });
  const { digest, size } = await image.addLayer(layer, { compression: "gzip" });
  console.log(JSON.stringify({ digest, size, peak: peakMemory() }));
}
