/**
 * Pipes an archive that `@std/tar` makes into `unpackLayer`:
 *
 *     deno run --allow-read --allow-write --allow-sys=uid,gid examples/std_tar.ts DIRECTORY
 *
 * Needs JSR, from which `@std/tar` comes. It knows files and directories; for
 * links, devices, xattrs and exact times there is `TarWriter`.
 *
 * @module
 */
import { unpackLayer } from "@strata/layer";

const [directory] = Deno.args;
if (directory === undefined) {
  console.error("usage: std_tar.ts DIRECTORY");
  Deno.exit(2);
}

// Loaded when it is run, so that the rest needs no JSR.
const { TarStream } = await import("@std/tar");
const contents = new TextEncoder().encode("made by @std/tar\n");
const options = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
const archive: ReadableStream<Uint8Array> = ReadableStream.from([
  { type: "directory" as const, path: "etc/", options },
  {
    type: "file" as const,
    path: "etc/motd",
    size: contents.length,
    readable: ReadableStream.from([contents]),
    options,
  },
]).pipeThrough(new TarStream());

await unpackLayer(directory, archive);
console.log(await Deno.readTextFile(`${directory}/etc/motd`));
