/**
 * Lists the entries of a layer as `tar tv` would:
 *
 *     deno run --allow-read examples/list_layer.ts FILE
 *
 * FILE is a tar archive as it is, or compressed with gzip or zstd: a blob of
 * an image layout, for instance.
 *
 * @module
 */
import { type Compression, decompress, readTar } from "@strata/layer";
import { Listing } from "./listing.ts";

/** Tells how a file is compressed by its first bytes. */
async function detectCompression(path: string): Promise<Compression> {
  using file = await Deno.open(path);
  const magic = new Uint8Array(4);
  await file.read(magic);
  if (magic[0] === 0x1f && magic[1] === 0x8b) return "gzip";
  return magic.join() === "40,181,47,253" ? "zstd" : "none";
}

if (import.meta.main) {
  const [path] = Deno.args;
  if (path === undefined) {
    console.error("usage: list_layer.ts FILE");
    Deno.exit(2);
  }
  const compression = await detectCompression(path);
  const file = await Deno.open(path);
  const listing = new Listing();
  for await (const entry of readTar(decompress(file.readable, compression))) {
    console.log(listing.line(entry));
  }
}
