/**
 * Names in an image's index: given, moved and taken away.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 * @module
 */
import { InvalidImageError, quoteName } from "../errors.ts";
import { type Descriptor, REF_NAME_ANNOTATION } from "../oci/image_spec.ts";
import type { Engine } from "./engine.ts";

/** The grammar of `org.opencontainers.image.ref.name`. */
const REF_NAME =
  /^[A-Za-z0-9]+((--|[-._:@+])[A-Za-z0-9]+)*(\/[A-Za-z0-9]+((--|[-._:@+])[A-Za-z0-9]+)*)*$/;

/**
 * Gives a name to a manifest or an index: whatever had that name before loses
 * it. Fields that this package does not know are kept. Two processes that
 * change names of one image at the same time may undo each other's change;
 * what either of them writes is whole. Follows the image-spec's
 * image-layout.md. Needs the permissions of the engine.
 *
 * @param engine The store.
 * @param name The name, letters and digits with single separators of
 * `-._:@+/` between them.
 * @param descriptor What is to have the name: the first of a walk that
 * `resolveReference` or `Mutator.commit` returned.
 * @throws {InvalidImageError} Where the name breaks the image-spec's grammar.
 *
 * @example
 * ```ts
 * import {
 *   createLayout,
 *   listReferences,
 *   updateReference,
 * } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const blob = await engine.putBlob(new TextEncoder().encode("{}"));
 * const mediaType = "application/vnd.oci.image.manifest.v1+json";
 *
 * await updateReference(engine, "v1.0", { mediaType, ...blob });
 * assertEquals(await listReferences(engine), ["v1.0"]);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function updateReference(
  engine: Engine,
  name: string,
  descriptor: Descriptor,
): Promise<void> {
  if (!REF_NAME.test(name)) {
    throw new InvalidImageError(
      `Cannot give the name ${
        quoteName(name)
      }: names are letters and digits with single separators of -._:@+/ between them`,
    );
  }
  const index = await engine.getIndex();
  const annotations = {
    ...descriptor.annotations,
    [REF_NAME_ANNOTATION]: name,
  };
  const manifests = index.manifests.filter((root) => nameOf(root) !== name);
  manifests.push({ ...descriptor, annotations });
  await engine.putIndex({ ...index, manifests });
}

/**
 * Takes a name away. The blobs stay until `gc`. Needs the permissions of the
 * engine.
 *
 * @param engine The store.
 * @param name The name; one that is not there is no error.
 * @returns Whether it was there.
 *
 * @example
 * ```ts
 * import { createLayout, deleteReference } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * assertEquals(await deleteReference(engine, "latest"), false);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function deleteReference(
  engine: Engine,
  name: string,
): Promise<boolean> {
  const index = await engine.getIndex();
  const manifests = index.manifests.filter((root) => nameOf(root) !== name);
  if (manifests.length === index.manifests.length) return false;
  await engine.putIndex({ ...index, manifests });
  return true;
}

function nameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[REF_NAME_ANNOTATION];
}
