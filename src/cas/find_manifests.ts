/**
 * The manifests below a descriptor, through any indexes in between.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 * @module
 */
import { InvalidImageError } from "../errors.ts";
import type { Descriptor } from "../oci/image_spec.ts";
import { documentKind } from "../oci/media_type.ts";
import { readIndex } from "./documents.ts";
import type { Engine } from "./engine.ts";

/** How many indexes may be nested; tools make two at the most. */
const MAX_DEPTH = 8;

/** A manifest's descriptor and the descriptors of the indexes above it. */
export interface FoundManifest {
  /** The indexes, the outermost first. */
  indexes: Descriptor[];
  /** The manifest. */
  descriptor: Descriptor;
}

/**
 * Finds manifests, those that are nested least first. What is neither manifest
 * nor index is passed over, as image-index.md asks.
 *
 * @param engine The store that holds the indexes.
 * @param roots Where to begin.
 * @returns The manifests, one as often as it is listed.
 * @throws {InvalidImageError} Where an index is malformed, or too many are
 * nested.
 */
export async function findManifests(
  engine: Engine,
  roots: Descriptor[],
): Promise<FoundManifest[]> {
  const found: FoundManifest[] = [];
  // An index that lists another one many times, and so on for a few levels,
  // would otherwise be read more often than anybody can wait for.
  const seen = new Set<string>();
  let level = roots.map((descriptor): FoundManifest => ({
    indexes: [],
    descriptor,
  }));
  while (level.length > 0) {
    const below: FoundManifest[] = [];
    for (const node of level) {
      const { indexes, descriptor } = node;
      const kind = documentKind(descriptor.mediaType);
      if (kind === "manifest") found.push(node);
      if (kind !== "index" || seen.has(descriptor.digest)) continue;
      seen.add(descriptor.digest);
      if (indexes.length === MAX_DEPTH) throw tooDeep(descriptor);
      const path = [...indexes, descriptor];
      for (const child of (await readIndex(engine, descriptor)).manifests) {
        below.push({ indexes: path, descriptor: child });
      }
    }
    level = below;
  }
  return found;
}

function tooDeep(descriptor: Descriptor): InvalidImageError {
  return new InvalidImageError(
    `Cannot read index ${descriptor.digest}: more than ${MAX_DEPTH} indexes are nested; name the manifest in index.json itself`,
  );
}
