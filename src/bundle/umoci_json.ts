/**
 * `umoci.json`, by which a bundle knows what it was unpacked from: umoci's own
 * format, version 2, so that either tool takes the other's bundles.
 *
 * @module
 */
import { join } from "@std/path/join";
import { TempFile } from "../cas/temp_file.ts";
import { InvalidImageError, quoteName, StrataError } from "../errors.ts";
import { isNotFound, onDisk } from "../host/disk_error.ts";
import { parseDigest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image_spec.ts";
import type { IdMapping, MapOptions } from "../options.ts";

const FILE_NAME = "umoci.json";
const VERSION = "2";

/** What a bundle was unpacked from, and how. */
export interface BundleMeta {
  /** The walk to the manifest, as `resolveReference` returned it. */
  walk: Descriptor[];
  /** How owners were mapped. */
  mapOptions: MapOptions;
}

/**
 * Reads a bundle's `umoci.json`.
 *
 * @param bundle The bundle.
 * @returns What it says.
 * @throws {StrataError} Where the directory is no bundle of umoci's kind.
 */
export function readBundleMeta(bundle: string): BundleMeta {
  const path = join(bundle, FILE_NAME);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (!isNotFound(error)) {
      return onDisk(`Cannot read ${quoteName(path)}`, () => {
        throw error;
      });
    }
    throw new StrataError(
      `Cannot use ${
        quoteName(bundle)
      } as a bundle: it holds no ${FILE_NAME}; unpack it with unpackBundle or umoci`,
    );
  }
  return parseMeta(text, path);
}

/**
 * Writes a bundle's `umoci.json`, all or nothing.
 *
 * @param bundle The bundle.
 * @param meta What it is to say.
 */
export async function writeBundleMeta(
  bundle: string,
  { walk, mapOptions }: BundleMeta,
): Promise<void> {
  const document = {
    umoci_version: VERSION,
    from_descriptor_path: { descriptor_walk: walk },
    map_options: {
      uid_mappings: mapOptions.uidMappings ?? null,
      gid_mappings: mapOptions.gidMappings ?? null,
      rootless: mapOptions.rootless ?? false,
    },
    // Whiteouts were carried out, and are not on the disk as overlayfs has them.
    whiteout_mode: 0,
  };
  await writeBundleFile(bundle, FILE_NAME, JSON.stringify(document));
}

/**
 * Writes a file of a bundle, all or nothing.
 *
 * @param bundle The bundle.
 * @param name Name of the file.
 * @param text Its contents.
 */
export async function writeBundleFile(
  bundle: string,
  name: string,
  text: string,
): Promise<void> {
  using file = TempFile.create(bundle);
  file.write(new TextEncoder().encode(text));
  await file.commit(bundle, name);
}

/**
 * Names the manifest of a bundle's tree, as umoci does.
 *
 * @param walk The walk to the image's manifest.
 * @returns `<algorithm>_<hex>.mtree`.
 */
export function mtreeName(walk: readonly Descriptor[]): string {
  const { algorithm, hex } = parseDigest(walk[walk.length - 1]?.digest ?? "");
  return `${algorithm}_${hex}.mtree`;
}

function parseMeta(text: string, path: string): BundleMeta {
  const malformed = (what: string) =>
    new InvalidImageError(`Cannot use ${quoteName(path)}: ${what}`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("it is no JSON");
  }
  const version = field(document, "umoci_version");
  if (version !== VERSION) {
    throw malformed(`its version is ${JSON.stringify(version)}, not "2"`);
  }
  const whiteoutMode = field(document, "whiteout_mode");
  if (whiteoutMode !== undefined && whiteoutMode !== 0) {
    throw malformed("its rootfs is kept as overlayfs has it");
  }
  const walk = field(
    field(document, "from_descriptor_path"),
    "descriptor_walk",
  );
  if (!Array.isArray(walk) || walk.length === 0 || !walk.every(isDescriptor)) {
    throw malformed("it does not say which image it was unpacked from");
  }
  const mapOptions = field(document, "map_options");
  return {
    walk,
    mapOptions: {
      uidMappings: toMappings(field(mapOptions, "uid_mappings"), malformed),
      gidMappings: toMappings(field(mapOptions, "gid_mappings"), malformed),
      rootless: field(mapOptions, "rootless") === true,
    },
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

function isDescriptor(value: unknown): value is Descriptor {
  return typeof field(value, "mediaType") === "string" &&
    typeof field(value, "digest") === "string" &&
    typeof field(value, "size") === "number";
}

function toMappings(
  value: unknown,
  malformed: (what: string) => Error,
): IdMapping[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw malformed("its id mappings are no list");
  return value.map((mapping: unknown) => {
    const [containerID, hostID, size] = ["containerID", "hostID", "size"]
      .map((name) => Number(field(mapping, name) ?? NaN));
    if (
      containerID === undefined || hostID === undefined || size === undefined
    ) {
      throw malformed("an id mapping lacks a number");
    }
    return { containerID, hostID, size };
  });
}
