/**
 * The implementations of the host that every test of this suite runs on.
 *
 * @module
 */
import { assertExists } from "@std/assert";
import { DenoRoot } from "../../src/host/deno/root.ts";
import type {
  Directory,
  Metadata,
  MissingDirectory,
  Root,
  Shortfalls,
} from "../../src/host/directory.ts";
import { type Library, openLibrary } from "../../src/host/libc/library.ts";
import { LibcRoot } from "../../src/host/libc/root.ts";
import { System } from "../../src/host/libc/system.ts";

/** An implementation; the second one finds no openat2 in the kernel. */
export type HostName = "libc" | "libc without openat2" | "deno";

export const ALL_HOSTS: readonly HostName[] = [
  "libc",
  "libc without openat2",
  "deno",
];
export const LIBC_BOTH: readonly HostName[] = ["libc", "libc without openat2"];
export const LIBC: readonly HostName[] = ["libc"];
export const IS_ROOT = Deno.uid() === 0;

/** What a root has told of what it could not keep. */
export class Told implements Shortfalls {
  readonly xattrs: string[] = [];
  times = 0;

  xattr(name: string, code: string): void {
    this.xattrs.push(`${name} ${code}`);
  }

  time(): void {
    this.times++;
  }
}

/** Opens a directory as a root of one implementation. */
export function openHost(
  host: HostName,
  path: string,
  shortfalls: Shortfalls = new Told(),
): Root {
  if (host === "deno") return new DenoRoot(path, "write", shortfalls);
  const library = openLibrary();
  assertExists(library, "these tests need FFI");
  const used = host === "libc" ? library : withoutOpenat2(library);
  return new LibcRoot(System.of(used), path, "write", shortfalls);
}

/** The library as an old kernel has it: the call's number is unknown. */
export function withoutOpenat2(library: Library): Library {
  const unknownNumber = 100_000;
  return {
    ...library,
    openat2: (_number, directory, path, how, size) =>
      library.openat2(unknownNumber, directory, path, how, size),
  };
}

/** What a test gets: a root of its own, and a directory beside it. */
export interface Bench {
  readonly host: HostName;
  readonly root: Root;
  /** The root's path on the host. */
  readonly path: string;
  /** A directory outside of the root, which nothing may touch. */
  readonly outside: string;
  readonly told: Told;
  /** The root as a directory. */
  readonly top: Directory;
}

/** Registers a test for each of the implementations. */
export function testHosts(
  name: string,
  run: (bench: Bench) => void,
  { hosts = ALL_HOSTS, needsRoot = false }: {
    hosts?: readonly HostName[];
    needsRoot?: boolean;
  } = {},
): void {
  const isSkipped = needsRoot && !IS_ROOT;
  const reason = isSkipped ? " [skipped: needs root]" : "";
  for (const host of hosts) {
    Deno.test({
      name: `${name} (${host})${reason}`,
      ignore: isSkipped,
      fn: () => withBench(host, run),
    });
  }
}

/** Runs something with a root of its own and takes all of it away again. */
export function withBench(host: HostName, run: (bench: Bench) => void): void {
  const base = Deno.makeTempDirSync({ prefix: "strata-host-" });
  const path = `${base}/root`;
  const outside = `${base}/outside`;
  Deno.mkdirSync(path);
  Deno.mkdirSync(outside);
  const told = new Told();
  try {
    using root = openHost(host, path, told);
    run({ host, root, path, outside, told, top: directory(root, "") });
  } finally {
    makeRemovable(base);
    Deno.removeSync(base, { recursive: true });
  }
}

/** An ordinary user cannot remove what is in a directory without rights. */
function makeRemovable(path: string): void {
  if (IS_ROOT) return;
  Deno.chmodSync(path, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) makeRemovable(`${path}/${name}`);
  }
}

/** A directory that must be there. */
export function directory(
  root: Root,
  path: string,
  onMissing?: MissingDirectory,
): Directory {
  const found = root.directory(path, onMissing);
  assertExists(found, `no directory ${JSON.stringify(path)}`);
  return found;
}

/** Makes a file with the contents and plain metadata. */
export function makeFile(
  parent: Directory,
  name: string,
  contents: string,
  changes: Partial<Metadata> = {},
): void {
  const file = parent.createFile(name);
  assertExists(file, `${name} is taken`);
  const bytes = new TextEncoder().encode(contents);
  file.write(bytes, 0);
  file.finish(bytes.length, metadata(changes));
}

/** Metadata with what a test does not care about filled in. */
export function metadata(changes: Partial<Metadata> = {}): Metadata {
  return {
    owner: undefined,
    mode: 0o644,
    xattrs: new Map(),
    atime: { seconds: 1_000_000_000, nanoseconds: 0 },
    mtime: { seconds: 1_000_000_000, nanoseconds: 0 },
    ...changes,
  };
}
