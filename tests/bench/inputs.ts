/**
 * What is unpacked, repacked and listed: images of gzip layers, made once and
 * kept outside the repository.
 *
 * @module
 */
import { join } from "@std/path";
import { cached } from "../interop/cache.ts";
import { run } from "../interop/command.ts";
import { blobPath, readImage } from "../interop/layout.ts";

/** The tag that every input's image has. */
export const TAG = "input";

/** An image to measure with. */
export interface Input {
  name: string;
  /** What it is, for people. */
  title: string;
  /** Writes its layers as archives, not compressed, into an empty directory. */
  writeArchives: (directory: string) => Promise<string[]>;
}

/** The inputs, the one that says most first. */
export const INPUTS: Input[] = [
  {
    name: "rootfs",
    title: "a Debian root filesystem with Python, Perl and git",
    writeArchives: writeRootfs,
  },
  {
    name: "tiny-files",
    title: "a layer of 200,000 tiny files",
    writeArchives: (directory) =>
      writeOne("write_tiny_files.py", directory, "200000"),
  },
  {
    name: "big-files",
    title: "a layer of three files of 1 GB",
    writeArchives: (directory) =>
      writeOne("write_big_files.py", directory, "3", "1000000000"),
  },
  {
    name: "many-layers",
    title: "20 layers that overwrite each other",
    writeArchives: writeOverlappingLayers,
  },
];

/**
 * Makes an input's image, or finds that of an earlier run.
 *
 * @returns Path of its layout, which nobody may change.
 */
export async function inputLayout(input: Input): Promise<string> {
  const recipe = [
    new URL(import.meta.url),
    script("write_tiny_files.py"),
    script("write_big_files.py"),
    script("write_overlapping_layers.py"),
  ];
  const name = `bench-${input.name}`;
  const directory = await cached(name, recipe, async (draft) => {
    console.log(`Making ${input.title} ...`);
    const archives = join(draft, "archives");
    await Deno.mkdir(archives);
    await makeImage(join(draft, "layout"), await input.writeArchives(archives));
    await Deno.remove(archives, { recursive: true });
  });
  return join(directory, "layout");
}

/** Paths of the compressed layers of an input's image, the lowest first. */
export async function layerPaths(layout: string): Promise<string[]> {
  const { layers } = await readImage(layout, TAG);
  return layers.map(({ digest }) => blobPath(layout, digest));
}

/** Path of one of the scripts in `scripts/`. */
export function script(name: string): string {
  return new URL(`scripts/${name}`, import.meta.url).pathname;
}

async function makeImage(layout: string, archives: string[]): Promise<void> {
  const image = `--image=${layout}:${TAG}`;
  await run("umoci", ["init", "--layout", layout]);
  await run("umoci", ["new", image]);
  for (const archive of archives) {
    await run("umoci", ["raw", "add-layer", image, archive]);
  }
  await run("umoci", ["gc", "--layout", layout]);
}

async function writeRootfs(directory: string): Promise<string[]> {
  const rootfs = join(directory, "rootfs");
  await run("debootstrap", [
    "--variant=minbase",
    "--include=python3,perl,git",
    "bookworm",
    rootfs,
  ]);
  // A published image does not carry the packages it was made from.
  await run("chroot", [rootfs, "apt-get", "clean"]);
  const archive = join(directory, "rootfs.tar");
  await run("tar", [
    "--create",
    "--format=pax",
    "--pax-option=delete=atime,delete=ctime",
    "--xattrs",
    "--xattrs-include=*",
    "--numeric-owner",
    "--sort=name",
    `--directory=${rootfs}`,
    `--file=${archive}`,
    ".",
  ]);
  return [archive];
}

async function writeOne(
  name: string,
  directory: string,
  ...args: string[]
): Promise<string[]> {
  const archive = join(directory, "layer.tar");
  await run("python3", [script(name), archive, ...args]);
  return [archive];
}

async function writeOverlappingLayers(directory: string): Promise<string[]> {
  const path = script("write_overlapping_layers.py");
  await run("python3", [path, directory, "20"]);
  return Array.from(
    Deno.readDirSync(directory),
    ({ name }) => join(directory, name),
  ).toSorted();
}
