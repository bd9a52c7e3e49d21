/**
 * An image as Strata opens it.
 *
 * @module
 */
import {
  type Engine,
  type Manifest,
  openLayout,
  readManifest,
  resolveReference,
} from "@strata/layer";

/** Opens a layout for the work, with the manifest that the tag names. */
export async function withImage<T>(
  layout: string,
  tag: string,
  work: (engine: Engine, manifest: Manifest) => Promise<T>,
): Promise<T> {
  await using engine = await openLayout(layout);
  const descriptor = (await resolveReference(engine, tag)).at(-1);
  if (descriptor === undefined) {
    throw new Error(`Cannot find ${tag}: the walk to its manifest is empty`);
  }
  return await work(engine, await readManifest(engine, descriptor));
}
