// @std/tar and Strata read each other's archives alike. JSR is not reached
// everywhere, so that the module is imported by a name TypeScript cannot see.
import { assertEquals } from "@std/assert";
import { toText } from "@std/streams";
import { readTar, TarWriter } from "@strata/layer";
import { interopTest, skippedTest } from "./peers.ts";

/** What this suite uses of `@std/tar`. */
interface StdTar {
  TarStream: new () => TransformStream<StdInput, Uint8Array>;
  UntarStream: new () => TransformStream<Uint8Array, StdEntry>;
}

type StdInput =
  | {
    type: "file";
    path: string;
    size: number;
    readable: ReadableStream<Uint8Array>;
    options: StdOptions;
  }
  | { type: "directory"; path: string; options: StdOptions };

interface StdOptions {
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
}

interface StdEntry {
  path: string;
  header: { mtime: number; typeflag: string };
  readable?: ReadableStream<Uint8Array>;
}

/** What both libraries can say: ids to 262143, names to 256 bytes, ustar. */
const SAMPLES = [
  { path: "directory/", content: "", mode: 0o755, uid: 0, gid: 0, mtime: 0 },
  {
    path: "directory/empty",
    content: "",
    mode: 0o600,
    uid: 1,
    gid: 2,
    mtime: 1,
  },
  {
    path: "directory/file",
    content: "contents\n",
    mode: 0o644,
    uid: 1000,
    gid: 262143,
    mtime: 1500000000,
  },
  {
    path: "directory/block",
    content: "x".repeat(512),
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 8589934591,
  },
  {
    path: `directory/${"d".repeat(90)}/${"f".repeat(90)}`,
    content: "a name in two parts\n",
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 1,
  },
  {
    path: "directory/large",
    content: "0123456789abcdef".repeat(20_000),
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 1,
  },
];

type Sample = (typeof SAMPLES)[number];

/** What Strata must read of a sample. */
function toStrataEntry(sample: Sample) {
  const type = isDirectory(sample) ? "directory" : "file";
  return { ...sample, type };
}

/** `UntarStream` parses ids and modes as decimal: those are left out. */
function toStdEntry({ path, content, mtime }: Sample) {
  const isDir = path.endsWith("/");
  return { path, content, mtime, typeflag: isDir ? "5" : "0" };
}

function isDirectory({ path }: Sample): boolean {
  return path.endsWith("/");
}

function toStdInput(sample: Sample): StdInput {
  const { path, content, ...options } = sample;
  if (isDirectory(sample)) return { type: "directory", path, options };
  const bytes = new TextEncoder().encode(content);
  const readable = ReadableStream.from([bytes]);
  return { type: "file", path, size: bytes.length, readable, options };
}

async function strataReads(archive: ReadableStream<Uint8Array>) {
  const entries = [];
  for await (const entry of readTar(archive)) {
    const { name: path, type, mode, uid, gid } = entry;
    const content = await toText(entry.body);
    const mtime = entry.mtime.seconds;
    entries.push({ path, content, mode, uid, gid, mtime, type });
  }
  return entries;
}

async function stdReads(entries: ReadableStream<StdEntry>) {
  const read = [];
  for await (const { path, header, readable } of entries) {
    const content = readable === undefined ? "" : await toText(readable);
    const { mtime, typeflag } = header;
    read.push({ path, content, mtime, typeflag });
  }
  return read;
}

function strataWrites(): ReadableStream<Uint8Array> {
  const tar = new TarWriter();
  const write = async () => {
    for (const { path, content, mode, uid, gid, mtime } of SAMPLES) {
      const time = { seconds: mtime, nanoseconds: 0 };
      await tar.add({ name: path, mode, uid, gid, mtime: time }, content);
    }
    await tar.close();
  };
  // A failure to write reaches the reader as an error of the stream.
  write().catch(() => {});
  return tar.readable;
}

function declareTests({ TarStream, UntarStream }: StdTar): void {
  const stdWrites = () =>
    ReadableStream.from(SAMPLES.map(toStdInput)).pipeThrough(new TarStream());

  interopTest("readTar: an archive of @std/tar", [], async () => {
    const entries = await strataReads(stdWrites());
    assertEquals(entries, SAMPLES.map(toStrataEntry));
  });

  interopTest("@std/tar: an archive of TarWriter", [], async () => {
    const entries = strataWrites().pipeThrough(new UntarStream());
    assertEquals(await stdReads(entries), SAMPLES.map(toStdEntry));
  });

  interopTest("@std/tar and readTar: both read both", [], async () => {
    const theirs = stdWrites().pipeThrough(new UntarStream());
    assertEquals(await stdReads(theirs), SAMPLES.map(toStdEntry));
    const ours = await strataReads(strataWrites());
    assertEquals(ours, SAMPLES.map(toStrataEntry));
  });
}

const specifier = "@std/tar";
try {
  declareTests(await import(specifier));
} catch (error) {
  const [reason = ""] = String(error).split("\n");
  skippedTest("@std/tar: both read each other's archives", `JSR: ${reason}`);
}
