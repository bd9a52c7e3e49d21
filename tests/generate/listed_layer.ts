/**
 * Layers as the tests of this directory write them down.
 *
 * @module
 */
import { generateLayer } from "../../src/generate/generate_layer.ts";
import type { InodeDelta } from "../../src/mtree/inode_delta.ts";
import type { RepackOptions } from "../../src/options.ts";
import { readTar } from "../../src/tar/read_tar.ts";

/** Changes that added these paths. */
export function extras(...paths: string[]): InodeDelta[] {
  return paths.map((path) => ({ type: "extra", path }));
}

/** A generated layer's entries; see `listLayer`. */
export function list(
  root: string,
  deltas: InodeDelta[],
  options?: RepackOptions,
): Promise<string[]> {
  return listLayer(generateLayer(root, deltas, options));
}

/**
 * A layer's entries, one line each: `NAME`, `NAME = CONTENTS`,
 * `NAME -> TARGET` for a symlink, `NAME == TARGET` for a hard link.
 */
export async function listLayer(
  layer: ReadableStream<Uint8Array>,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const { type, name, linkName, body } of readTar(layer)) {
    const text = await new Response(body).text();
    if (type === "link") lines.push(`${name} == ${linkName}`);
    else if (type === "symlink") lines.push(`${name} -> ${linkName}`);
    else lines.push(text === "" ? name : `${name} = ${text}`);
  }
  return lines;
}
