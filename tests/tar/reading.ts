import { toBytes } from "@std/streams";
import { readTar, type TarHeader } from "@strata/layer";
import { streamOf } from "./raw_archive.ts";

/** What the tests compare of an entry. */
export interface ReadEntry extends TarHeader {
  bytes: Uint8Array;
}

/** Reads an archive with its bodies, in pieces of the given sizes. */
export async function readAll(
  bytes: Uint8Array,
  ...sizes: number[]
): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const { body, ...header } of readTar(streamOf(bytes, ...sizes))) {
    entries.push({ ...header, bytes: await toBytes(body) });
  }
  return entries;
}

/** The defaults of a raw header, as they should be read. */
export function expected(fields: Partial<ReadEntry>): ReadEntry {
  const bytes = fields.bytes ?? new Uint8Array(0);
  return {
    type: "file",
    typeflag: "0",
    name: "file",
    linkName: "",
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    size: bytes.length,
    mtime: { seconds: 0, nanoseconds: 0 },
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
    ...fields,
    bytes,
  };
}
