/**
 * What a bundle keeps of its tree beside it: umoci's manifest, and an index by
 * which what did not change is neither read nor compared.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path/join";
import { TempFile } from "../cas/temp_file.ts";
import type { Directory, InodeInfo } from "../host/directory.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { removeIfThere } from "../host/remove_if_there.ts";
import { type Change, ChangeFinder } from "../mtree/change_finder.ts";
import { KeywordReader } from "../mtree/inode_keywords.ts";
import type { Keywords } from "../mtree/hierarchy.ts";
import type { KnownFiles } from "../mtree/known_files.ts";
import { ManifestLines, SET_KEYWORDS } from "../mtree/manifest_lines.ts";
import {
  IndexCursor,
  TreeIndex,
  TreeIndexWriter,
} from "../mtree/tree_index.ts";
import { maskPaths } from "../mtree/path_mask.ts";
import { type TreeVisitor, walkInOrder } from "../mtree/tree_walk.ts";
import { Turns } from "../mtree/turns.ts";
import { BUNDLE_KEYWORDS, openWalked } from "../mtree/walk.ts";
import type { Descriptor } from "../oci/image_spec.ts";
import type { Timestamp } from "../tar/header.ts";
import { ROOTFS_NAME } from "../unpack/unpack_manifest.ts";
import { TextFile } from "./text_file.ts";
import { mtreeName } from "./umoci_json.ts";

/** The index in a bundle; umoci leaves it alone. */
export const INDEX_NAME = "strata.index";

/** What need not be read to make a manifest. */
export interface KnownTree {
  /** Files whose contents are known. */
  files?: KnownFiles;
  /** The index of the manifest before. */
  index?: TreeIndex;
}

/**
 * Writes the manifest of a bundle's tree, and the index of its inodes.
 *
 * @param bundle The bundle.
 * @param walk The walk to the image that the tree is.
 * @param known What need not be read.
 * @param signal Stops the work.
 */
export async function writeTree(
  bundle: string,
  walk: readonly Descriptor[],
  known: KnownTree,
  signal: AbortSignal | undefined,
): Promise<void> {
  const begun = filesystemTime(bundle);
  using root = openWalked(join(bundle, ROOTFS_NAME), {});
  using manifest = new TextFile(bundle);
  using index = new TextFile(bundle);
  const turns = new Turns(signal);
  const reader = new KeywordReader(new Set(BUNDLE_KEYWORDS), turns);
  const indexWriter = new TreeIndexWriter(begun, (text) => index.write(text));
  // Deno's own times are too coarse to tell what changed from what did not.
  const isTrusted = root.kind === "libc";
  const writer = new TreeWriter(
    reader,
    isTrusted ? known : {},
    manifest,
    indexWriter,
  );
  await walkInOrder(root, writer, turns);
  indexWriter.finish(manifest.digest(), () => index.digest());
  if (isTrusted) await index.commit(INDEX_NAME);
  else removeIfThere(join(bundle, INDEX_NAME));
  await manifest.commit(mtreeName(walk));
}

/**
 * Reads a bundle's index.
 *
 * @param bundle The bundle.
 * @param walk The walk to the image that the bundle is of.
 * @returns The index, or undefined where there is none of its manifest;
 * dispose of it.
 */
export function readTreeIndex(
  bundle: string,
  walk: readonly Descriptor[],
): TreeIndex | undefined {
  const path = join(bundle, INDEX_NAME);
  return onDisk(`Cannot read ${JSON.stringify(path)}`, () => {
    try {
      const bytes = Deno.readFileSync(path);
      return TreeIndex.parse(bytes, sha256Of(join(bundle, mtreeName(walk))));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
}

/** What does not count when changes are looked for, and who is told. */
export interface ChangeOptions {
  maskPaths: Iterable<string>;
  signal?: AbortSignal;
}

/**
 * Finds what changed in a bundle's tree by its index.
 *
 * @param bundle The bundle.
 * @param walk The walk to the image that the bundle is of.
 * @param options What does not count, and what stops the work.
 * @returns What changed, or undefined where there is no index to tell it.
 */
export async function changesByIndex(
  bundle: string,
  walk: readonly Descriptor[],
  options: ChangeOptions,
): Promise<Change[] | undefined> {
  using index = readTreeIndex(bundle, walk);
  if (index === undefined) return undefined;
  using root = openWalked(join(bundle, ROOTFS_NAME), {});
  if (root.kind !== "libc") return undefined;
  const turns = new Turns(options.signal);
  const reader = new KeywordReader(new Set(BUNDLE_KEYWORDS), turns);
  const mask = maskPaths(options.maskPaths);
  const finder = new ChangeFinder(index, reader, mask);
  await walkInOrder(root, finder, turns);
  return finder.changes;
}

function sha256Of(path: string): string {
  using file = Deno.openSync(path);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1024 * 1024);
  for (
    let length = file.readSync(buffer);
    length !== null;
    length = file.readSync(buffer)
  ) {
    hash.update(buffer.subarray(0, length));
  }
  return hash.digest("hex");
}

/** Writes manifest and index while a tree is walked. */
class TreeWriter implements TreeVisitor {
  readonly #reader: KeywordReader;
  readonly #files: KnownFiles | undefined;
  readonly #old: IndexCursor;
  readonly #manifest: ManifestLines;
  readonly #index: TreeIndexWriter;

  constructor(
    reader: KeywordReader,
    { files, index: old }: KnownTree,
    manifest: TextFile,
    index: TreeIndexWriter,
  ) {
    this.#reader = reader;
    this.#files = files;
    this.#old = new IndexCursor(old);
    this.#manifest = new ManifestLines(
      SET_KEYWORDS,
      (line) => manifest.write(`${line}\n`),
    );
    this.#index = index;
  }

  enter(directory: Directory, info: InodeInfo): void {
    const { path } = directory;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const keywords = this.#reader.ofDirectory(directory, info);
    this.#old.enter(name);
    this.#manifest.enter(path || ".", name || ".", keywords);
    this.#index.enter(name, info, keywords);
  }

  leaf(
    directory: Directory,
    name: string,
    info: InodeInfo,
  ): void | Promise<void> {
    const old = this.#old.directory;
    const keywords = old?.isLeafUnchanged(name, info) === true
      ? old.leafKeywords(name)
      : this.#reader.of(directory, name, info, this.#files?.find(info));
    if (keywords instanceof Promise) {
      return keywords.then((read) => this.#writeLeaf(name, info, read));
    }
    this.#writeLeaf(name, info, keywords);
  }

  below(name: string): boolean {
    this.#index.below(name);
    return true;
  }

  leave(): void {
    this.#old.leave();
    this.#manifest.leave();
    this.#index.leave();
  }

  #writeLeaf(name: string, info: InodeInfo, keywords: Keywords): void {
    this.#manifest.leaf(name, keywords);
    this.#index.leaf(name, info, keywords);
  }
}

/** The present, by the clock that gives the bundle's files their times. */
function filesystemTime(bundle: string): Timestamp {
  using probe = TempFile.create(bundle);
  // Deno's API knows a ctime to the second only; a new file's times are one.
  const { mtime } = onDisk(
    `Cannot look at ${JSON.stringify(probe.path)}`,
    () => Deno.statSync(probe.path),
  );
  const milliseconds = mtime?.getTime() ?? 0;
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 };
}
