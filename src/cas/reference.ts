/**
 * Names of images, and the way from a name to a manifest.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 * @module
 */
import {
  AmbiguousReferenceError,
  quoteName,
  ReferenceNotFoundError,
  type StrataError,
  UnsupportedMediaTypeError,
} from "../errors.ts";
import {
  type Descriptor,
  type Index,
  type Platform,
  REF_NAME_ANNOTATION,
} from "../oci/image_spec.ts";
import { documentKind } from "../oci/media_type.ts";
import { readImageConfig, readManifest } from "./documents.ts";
import type { Engine } from "./engine.ts";
import { findManifests, type FoundManifest } from "./find_manifests.ts";
import {
  formatPlatform,
  hostPlatforms,
  selectPlatform,
  type WantedPlatform,
} from "./platform.ts";

/** How a reference is resolved. */
export interface ResolveOptions {
  /**
   * The platform to choose, in Go's names, such as
   * `{ os: "linux", architecture: "arm64" }`. Without it an image's only
   * manifest is taken, and of several the one for this machine.
   */
  platform?: WantedPlatform;
}

/** A manifest that a name may stand for, and what it was built for. */
interface Candidate extends FoundManifest {
  platform?: Platform;
}

/** Messages name no more candidates than a person can read. */
const MAX_LISTED = 20;

/**
 * Finds the manifest of a name: the descriptor in `index.json` that carries
 * the name as its annotation `org.opencontainers.image.ref.name`, and from
 * there down through indexes to the manifest of the platform.
 *
 * BuildKit's attestations, which stand beside an image as if they were one,
 * are never chosen. Where no descriptor tells of the platform that is asked
 * for, the images' configurations are looked up.
 *
 * Needs the permissions of the engine; for a layout on disk that is
 * `--allow-read` of its path.
 *
 * @param engine The store to search.
 * @param name The image's name in it, such as `latest`.
 * @param options Which platform to choose.
 * @returns The descriptors on the way, the manifest's the last.
 * @throws {ReferenceNotFoundError} Where the store has no such name, or the
 * image nothing for the platform.
 * @throws {AmbiguousReferenceError} Where several manifests suit.
 * @throws {UnsupportedMediaTypeError} Where the name is that of something
 * else than an image.
 * @throws {InvalidImageError} Where an index on the way is malformed.
 *
 * @example
 * ```ts
 * import { createLayout, resolveReference } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const index = await engine.getIndex();
 * index.manifests.push({
 *   mediaType: "application/vnd.oci.image.manifest.v1+json",
 *   annotations: { "org.opencontainers.image.ref.name": "latest" },
 *   ...await engine.putBlob(new TextEncoder().encode("{}")),
 * });
 * await engine.putIndex(index);
 *
 * const path = await resolveReference(engine, "latest");
 * assertEquals(path.at(-1)?.size, 2);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function resolveReference(
  engine: Engine,
  name: string,
  options: ResolveOptions = {},
): Promise<Descriptor[]> {
  const purpose = `Cannot resolve reference ${quoteName(name)}`;
  const index = await engine.getIndex();
  const roots = index.manifests.filter((root) => nameOf(root) === name);
  if (roots.length === 0) {
    throw new ReferenceNotFoundError(
      `${purpose}: the image has ${listed(namesIn(index).map(quoteName))}`,
    );
  }
  const images = (await findManifests(engine, roots))
    .filter(({ descriptor }) => !isAttestation(descriptor))
    .map((found): Candidate => ({
      ...found,
      platform: found.descriptor.platform,
    }));
  if (images.length === 0) throw noImage(roots, purpose);
  const { indexes, descriptor } = options.platform === undefined
    ? chooseForHost(images, purpose)
    : await chooseFor(engine, options.platform, images, purpose);
  return [...indexes, descriptor];
}

/**
 * Lists the names of the images in a store: the annotations
 * `org.opencontainers.image.ref.name` in `index.json`.
 *
 * Needs the permissions of the engine; for a layout on disk that is
 * `--allow-read` of its path.
 *
 * @param engine The store.
 * @returns The names, sorted, each of them once.
 * @throws {InvalidImageError} Where the index is malformed.
 *
 * @example
 * ```ts
 * import { createLayout, listReferences } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * assertEquals(await listReferences(engine), []);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function listReferences(engine: Engine): Promise<string[]> {
  return namesIn(await engine.getIndex());
}

function namesIn(index: Index): string[] {
  const names = index.manifests.map(nameOf).filter((name) =>
    name !== undefined
  );
  return Array.from(new Set(names)).sort();
}

function nameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[REF_NAME_ANNOTATION];
}

function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.["vnd.docker.reference.type"] !== undefined ||
    (platform?.os === "unknown" && platform.architecture === "unknown");
}

function chooseForHost(images: Candidate[], purpose: string): Candidate {
  const [only, ...others] = distinct(images);
  if (only !== undefined && others.length === 0) return only;
  for (const platform of hostPlatforms()) {
    const suiting = distinct(selectPlatform(images, platform));
    const [choice, ...rivals] = suiting;
    if (choice === undefined) continue;
    if (rivals.length === 0) return choice;
    throw ambiguous(suiting, purpose);
  }
  throw ambiguous(images, purpose);
}

async function chooseFor(
  engine: Engine,
  wanted: WantedPlatform,
  images: Candidate[],
  purpose: string,
): Promise<Candidate> {
  let candidates = images;
  if (selectPlatform(candidates, wanted).length === 0) {
    candidates = await askConfigurations(engine, images);
  }
  const suiting = distinct(selectPlatform(candidates, wanted));
  const [choice, ...rivals] = suiting;
  if (choice === undefined) {
    throw new ReferenceNotFoundError(
      `${purpose} for platform ${formatPlatform(wanted)}: the image has ${
        listed(candidates.map(describe))
      }`,
    );
  }
  if (rivals.length > 0) throw ambiguous(suiting, purpose);
  return choice;
}

async function askConfigurations(
  engine: Engine,
  images: Candidate[],
): Promise<Candidate[]> {
  const asked: Candidate[] = [];
  for (const image of images) {
    const platform = image.platform ??
      await configuredPlatform(engine, image.descriptor);
    asked.push({ ...image, platform });
  }
  return asked;
}

/** An artifact that is no image was built for no platform. */
async function configuredPlatform(
  engine: Engine,
  descriptor: Descriptor,
): Promise<Platform | undefined> {
  const manifest = await readManifest(engine, descriptor);
  return documentKind(manifest.config.mediaType) === "config"
    ? await readImageConfig(engine, manifest)
    : undefined;
}

/** One manifest may be listed twice, say for two variants that it runs on. */
function distinct(candidates: Candidate[]): Candidate[] {
  const byDigest = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { digest } = candidate.descriptor;
    if (!byDigest.has(digest)) byDigest.set(digest, candidate);
  }
  return Array.from(byDigest.values());
}

function noImage(roots: Descriptor[], purpose: string): StrataError {
  const foreign = roots.map(({ mediaType }) => mediaType).find((mediaType) => {
    const kind = documentKind(mediaType);
    return kind !== "index" && kind !== "manifest";
  });
  return foreign === undefined
    ? new ReferenceNotFoundError(`${purpose}: there is no image in its index`)
    : new UnsupportedMediaTypeError(
      foreign,
      `${purpose}: its media type ${
        quoteName(foreign)
      } is neither a manifest's nor an index's, of OCI or of Docker schema 2`,
    );
}

function ambiguous(
  candidates: Candidate[],
  purpose: string,
): AmbiguousReferenceError {
  return new AmbiguousReferenceError(
    `${purpose}: it may be ${
      listed(candidates.map(describe))
    }; say which with the option platform, or give the manifest a name of its own`,
  );
}

function describe({ descriptor, platform }: Candidate): string {
  const built = platform === undefined
    ? "no platform"
    : formatPlatform(platform);
  return `${descriptor.digest} (${built})`;
}

function listed(items: string[]): string {
  if (items.length === 0) return "none at all";
  const rest = items.length - MAX_LISTED;
  const shown = items.slice(0, MAX_LISTED).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
