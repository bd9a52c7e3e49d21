/**
 * What the tests of the store have in common.
 *
 * @module
 */
import { createLayout } from "../../src/cas/layout.ts";
import type { Engine } from "../../src/cas/engine.ts";
import type { Descriptor } from "../../src/oci/image_spec.ts";

/** Digest of no bytes at all, as sha256sum prints it. */
export const EMPTY_SHA256 =
  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** Digest of "hello", as sha256sum prints it. */
export const HELLO_SHA256 =
  "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
/** Digest of "hello", as sha512sum prints it. */
export const HELLO_SHA512 =
  "sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043";

/** Media type of an image manifest. */
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** Media type of an image index. */
export const INDEX = "application/vnd.oci.image.index.v1+json";
/** Media type of an image configuration. */
export const CONFIG = "application/vnd.oci.image.config.v1+json";

/** A directory that goes when the test does, and a layout in it. */
export interface Fixture extends AsyncDisposable {
  /** The directory. */
  directory: string;
  /** Path of the layout. */
  path: string;
  /** The layout. */
  engine: Engine;
}

/** Makes a layout in a directory of its own. */
export async function newLayout(): Promise<Fixture> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/image`;
  const engine = await createLayout(path);
  return {
    directory,
    path,
    engine,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A stream of pieces. */
export function streamOf(
  ...pieces: (string | Uint8Array)[]
): ReadableStream<Uint8Array> {
  return ReadableStream.from(
    pieces.map((piece) => typeof piece === "string" ? bytesOf(piece) : piece),
  );
}

/** Stores a JSON document and describes it. */
export async function putDocument(
  engine: Engine,
  mediaType: string,
  document: unknown,
): Promise<Descriptor> {
  const text = typeof document === "string"
    ? document
    : JSON.stringify(document);
  return { mediaType, ...await engine.putBlob(bytesOf(text)) };
}

/** Every path below a directory, sorted, for "nothing else is there". */
export function pathsIn(directory: string, prefix = ""): string[] {
  return Array.from(Deno.readDirSync(directory)).flatMap((entry) => {
    const path = prefix + entry.name;
    return entry.isDirectory
      ? [path, ...pathsIn(`${directory}/${entry.name}`, `${path}/`)]
      : [path];
  }).sort();
}
