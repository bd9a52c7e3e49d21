/**
 * Removes blobs that nothing leads to: mark and sweep.
 *
 * @module
 */
import { toBytes } from "@std/streams/to-bytes";
import type { Digest } from "../oci/image_spec.ts";
import type { Engine } from "./engine.ts";
import { MAX_DOCUMENT_SIZE } from "./json_field.ts";

/**
 * Removes every blob that the index does not lead to, and what interrupted
 * writes left behind. Documents of types that this package does not know are
 * followed as well: any descriptor in a reachable JSON document keeps its
 * blob. While another process is adding an image to the same store its blobs
 * are not reachable yet, and would be removed. Needs the permissions of the
 * engine.
 *
 * @param engine The store.
 * @returns The digests of the blobs that were removed, sorted.
 * @throws {VerificationError} Where a document on the way is damaged; nothing
 * is removed then.
 *
 * @example
 * ```ts
 * import { createLayout, gc } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const { digest } = await engine.putBlob(new Uint8Array(1));
 * assertEquals(await gc(engine), [digest]);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function gc(engine: Engine): Promise<Digest[]> {
  const reachable = new Set<Digest>();
  const pending = descriptorsIn(await engine.getIndex());
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reachable.has(next.digest)) continue;
    reachable.add(next.digest);
    if (next.mediaType.endsWith("json")) {
      pending.push(...descriptorsIn(await readJson(engine, next.digest)));
    }
  }
  const removed = (await engine.listBlobs())
    .filter((digest) => !reachable.has(digest));
  for (const digest of removed) await engine.deleteBlob(digest);
  await engine.clean();
  return removed;
}

/** A document; nothing where it is too large for one, or not in the store. */
async function readJson(engine: Engine, digest: Digest): Promise<unknown> {
  const info = await engine.statBlob(digest);
  if (info === undefined || info.size > MAX_DOCUMENT_SIZE) return undefined;
  const bytes = await toBytes(await engine.getBlob(digest));
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Whatever it is, its bytes are what its digest says: it leads nowhere.
    return undefined;
  }
}

interface Link {
  digest: Digest;
  mediaType: string;
}

/** Everything in a document that has a digest, however deep it stands. */
function descriptorsIn(document: unknown): Link[] {
  const links: Link[] = [];
  const pending = [document];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) continue;
    if ("digest" in value && typeof value.digest === "string") {
      const mediaType = "mediaType" in value ? String(value.mediaType) : "";
      links.push({ digest: value.digest, mediaType });
    }
    for (const nested of Object.values(value)) pending.push(nested);
  }
  return links;
}
