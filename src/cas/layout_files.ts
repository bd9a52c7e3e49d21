/**
 * What an image layout consists of: two JSON files and a directory of blobs.
 * None of them may be a symlink, for the reasons in `regular_file.ts`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @module
 */
import { lstatSync } from "node:fs";
import { join } from "@std/path/join";
import { InvalidImageError, quoteName } from "../errors.ts";
import type { Index } from "../oci/image_spec.ts";
import { documentKind } from "../oci/media_type.ts";
import { checkIndex } from "./check_document.ts";
import { onDisk } from "../host/disk_error.ts";
import {
  type JsonField,
  MAX_DOCUMENT_SIZE,
  parseDocument,
} from "./json_field.ts";
import { readRegularFile, regularFileSize } from "./regular_file.ts";

/** Name of the file that tells a layout's version. */
export const LAYOUT_FILE = "oci-layout";
/** Name of the file that holds the top-level index. */
export const INDEX_FILE = "index.json";
/** Name of the directory that holds the blobs. */
export const BLOBS_DIRECTORY = "blobs";
/** The only version of the image layout that there is. */
export const LAYOUT_VERSION = "1.0.0";

/**
 * Makes sure that a directory is an image layout.
 *
 * @param root Absolute path of the directory.
 * @throws {InvalidImageError} Where it is none, or of an unknown version.
 */
export function checkLayout(root: string): void {
  const version = readJsonFile(root, LAYOUT_FILE)
    .required("imageLayoutVersion").string();
  if (version !== LAYOUT_VERSION) {
    throw new InvalidImageError(
      `Cannot open image layout ${quoteName(root)}: its version is ${
        quoteName(version)
      }, and only ${LAYOUT_VERSION} is known`,
    );
  }
  if (!isDirectory(join(root, BLOBS_DIRECTORY))) {
    throw missingPart(root, BLOBS_DIRECTORY);
  }
  if (regularFileSize(join(root, INDEX_FILE)) === undefined) {
    throw missingPart(root, INDEX_FILE);
  }
}

/**
 * Reads a layout's top-level index.
 *
 * @param root Absolute path of the layout.
 * @returns The index.
 * @throws {InvalidImageError} Where it is missing or malformed.
 */
export function readTopIndex(root: string): Index {
  return checkTopIndex(readJsonFile(root, INDEX_FILE));
}

/**
 * Checks a layout's top-level index.
 *
 * @param field The document's root.
 * @returns The index.
 * @throws {InvalidImageError} Where it is malformed.
 */
export function checkTopIndex(field: JsonField): Index {
  const mediaType = field.optional("mediaType")?.string();
  if (mediaType !== undefined && documentKind(mediaType) !== "index") {
    field.required("mediaType").fail(
      `is ${quoteName(mediaType)}, which is no index's`,
    );
  }
  return checkIndex(field);
}

/**
 * Looks for a directory, without following a symlink.
 *
 * @param path Its path.
 * @returns True where it is there, false where nothing is.
 * @throws {InvalidImageError} Where something else stands there.
 */
export function isDirectory(path: string): boolean {
  const info = onDisk(
    `Cannot look up ${quoteName(path)}`,
    () => lstatSync(path, { throwIfNoEntry: false }),
  );
  if (info === undefined) return false;
  if (info.isDirectory()) return true;
  const reason = info.isSymbolicLink()
    ? "it is a symlink, and a layout's directories must be its own; copy the image with its links resolved"
    : "it is not a directory";
  throw new InvalidImageError(`Cannot open ${quoteName(path)}: ${reason}`);
}

function readJsonFile(root: string, name: string): JsonField {
  const path = join(root, name);
  const bytes = readRegularFile(path, MAX_DOCUMENT_SIZE);
  if (bytes === undefined) throw missingPart(root, name);
  return parseDocument(bytes, quoteName(path));
}

function missingPart(root: string, name: string): InvalidImageError {
  return new InvalidImageError(
    `Cannot open image layout ${
      quoteName(root)
    }: there is no "${name}" in it; name the directory of an OCI image layout`,
  );
}
