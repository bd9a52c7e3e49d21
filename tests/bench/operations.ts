/**
 * What is measured.
 *
 * @module
 */
import { join } from "@std/path";
import { openLayout, unpackBundle } from "../../mod.ts";
import { run } from "../interop/command.ts";
import { readImage } from "../interop/layout.ts";
import { TAG } from "./inputs.ts";
import type { CommandLine, Image, Tool } from "./tools.ts";

/** Where an operation is measured: on a filesystem in memory. */
export interface Stage {
  image: Image;
  /** An empty directory for what the operation needs. */
  directory: string;
}

/** Something that several tools do. */
export interface Operation {
  name: string;
  /** What it is, for people. */
  title: string;
  /** Makes what it needs, once for all runs. */
  prepare?: (stage: Stage) => Promise<void>;
  /** How a tool does it; undefined where the tool does not. */
  commandOf: (tool: Tool, stage: Stage) => CommandLine | undefined;
  /**
   * Takes away what a run made.
   *
   * @returns Size of the layer in bytes, where it made one.
   */
  cleanUp?: (stage: Stage) => Promise<number | undefined>;
}

/** The operations in the order of a report. */
export const OPERATIONS: Operation[] = [
  {
    name: "unpack",
    title: "Unpack the layers",
    commandOf: (tool, stage) =>
      tool.unpackRootfs?.(stage.image, unpacked(stage)),
    cleanUp: removeUnpacked,
  },
  {
    name: "bundle",
    title: "Unpack a bundle with its manifest",
    commandOf: (tool, stage) =>
      tool.unpackBundle?.(stage.image, unpacked(stage)),
    cleanUp: removeUnpacked,
  },
  {
    name: "repack-one",
    title: "Repack one new file",
    async prepare(stage) {
      const rootfs = await makeBundle(stage);
      await Deno.writeTextFile(join(rootfs, "new-file"), "new\n");
    },
    commandOf: repack,
    cleanUp: removeRepacked,
  },
  {
    name: "repack-all",
    title: "Repack everything as one layer",
    async prepare(stage) {
      const rootfs = await makeBundle(stage);
      const touch = ["touch", "--no-dereference", "--date=2024-01-02"];
      await run("find", [rootfs, "-exec", ...touch, "{}", "+"]);
    },
    commandOf: repack,
    cleanUp: removeRepacked,
  },
  {
    name: "list",
    title: "List the layers",
    commandOf: (tool, { image }) => tool.list?.(image),
  },
];

const NEW_TAG = "repacked";

function unpacked({ directory }: Stage): string {
  return join(directory, "unpacked");
}

async function removeUnpacked(stage: Stage): Promise<undefined> {
  await run("rm", ["-rf", unpacked(stage)]);
}

function bundleOf({ directory }: Stage): string {
  return join(directory, "bundle");
}

/** One bundle for all, with what each tool keeps beside its rootfs. */
async function makeBundle(stage: Stage): Promise<string> {
  const bundle = bundleOf(stage);
  await using engine = await openLayout(stage.image.layout);
  await unpackBundle(engine, TAG, bundle);
  return join(bundle, "rootfs");
}

function repack(tool: Tool, stage: Stage): CommandLine | undefined {
  return tool.repack?.(stage.image, NEW_TAG, bundleOf(stage));
}

async function removeRepacked({ image }: Stage): Promise<number | undefined> {
  const { layout } = image;
  const { layers } = await readImage(layout, NEW_TAG);
  await run("umoci", ["rm", `--image=${layout}:${NEW_TAG}`]);
  await run("umoci", ["gc", "--layout", layout]);
  return layers.at(-1)?.size;
}
