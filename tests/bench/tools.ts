/**
 * The tools that are measured, and how each of them is told what to do.
 *
 * @module
 */
import { run } from "../interop/command.ts";
import { TAG } from "./inputs.ts";
import { STRATA } from "./results.ts";
import { buildUmoci } from "./umoci_source.ts";

/** An input's image where it is measured. */
export interface Image {
  layout: string;
  /** Paths of its layers, the lowest first. */
  layers: string[];
}

/** A program with its arguments. */
export type CommandLine = [program: string, ...args: string[]];

/** A tool, with a command line for each thing that it can do. */
export interface Tool {
  name: string;
  /** The first line of what it says its version is. */
  version: string;
  unpackRootfs?: (image: Image, rootfs: string) => CommandLine;
  unpackBundle?: (image: Image, bundle: string) => CommandLine;
  repack?: (image: Image, newTag: string, bundle: string) => CommandLine;
  list?: (image: Image) => CommandLine;
}

/** Finds the tools. What is left out is said, and why. */
export async function findTools(): Promise<Tool[]> {
  const tools = [await strata(), await umoci("umoci", "umoci")];
  try {
    const { name, program } = await buildUmoci();
    tools.push(await umoci(name, program));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`umoci's main branch was left out: ${reason}`);
  }
  return [...tools, await tar("GNU tar", "tar", "x"), await bsdtar()];
}

async function strata(): Promise<Tool> {
  const script = (name: string, ...args: string[]): CommandLine => [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "--allow-all", // nothing less lets it write to /dev/shm
    new URL(name, import.meta.url).pathname,
    ...args,
  ];
  return {
    name: STRATA,
    version: await versionOf(Deno.execPath()),
    unpackRootfs: ({ layout }, rootfs) =>
      script("strata_unpack_rootfs.ts", layout, TAG, rootfs),
    unpackBundle: ({ layout }, bundle) =>
      script("strata_unpack_bundle.ts", layout, TAG, bundle),
    repack: ({ layout }, newTag, bundle) =>
      script("strata_repack_bundle.ts", layout, newTag, bundle),
    list: ({ layers }) => script("strata_list_layers.ts", ...layers),
  };
}

async function umoci(name: string, program: string): Promise<Tool> {
  return {
    name,
    version: await versionOf(program),
    unpackRootfs: ({ layout }, rootfs) => [
      program,
      "raw",
      "unpack",
      `--image=${layout}:${TAG}`,
      rootfs,
    ],
    unpackBundle: ({ layout }, bundle) => [
      program,
      "unpack",
      `--image=${layout}:${TAG}`,
      bundle,
    ],
    repack: ({ layout }, newTag, bundle) => [
      program,
      "repack",
      `--image=${layout}:${newTag}`,
      bundle,
    ],
  };
}

function bsdtar(): Promise<Tool> {
  return tar("bsdtar", "bsdtar", "xp");
}

/** They know layers and no images: whiteouts are files to them. */
async function tar(
  name: string,
  program: string,
  extract: string,
): Promise<Tool> {
  const unpack =
    `mkdir "$1" && cd "$1" && shift && for layer; do ${program} ${extract}zf "$layer" || exit; done`;
  const list = `for layer; do ${program} tzf "$layer" || exit; done`;
  return {
    name,
    version: await versionOf(program),
    unpackRootfs: ({ layers }, rootfs) => [
      "sh",
      "-c",
      unpack,
      "sh",
      rootfs,
      ...layers,
    ],
    list: ({ layers }) => ["sh", "-c", list, "sh", ...layers],
  };
}

async function versionOf(program: string): Promise<string> {
  const [line = ""] = (await run(program, ["--version"])).split("\n");
  return line;
}
