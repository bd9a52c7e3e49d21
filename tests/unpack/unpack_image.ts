/**
 * Unpacks the images of tests, and looks at how they fail.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { LayerError } from "../../src/errors.ts";
import type { UnpackOptions } from "../../src/options.ts";
import { unpackRootfs } from "../../src/unpack/unpack_rootfs.ts";
import type { Image, LayerInput } from "./image_builder.ts";

/** A layer of one file. */
export const LAYER: LayerInput = { tar: [{ name: "f", body: "x" }] };

/** A layer whose second entry is refused. */
export const BROKEN: LayerInput = { tar: [{ name: "a" }, { name: ".wh.b/c" }] };

/** Unpacks an image beside its layout, and closes the store. */
export async function unpackImage(
  base: string,
  image: Image,
  options?: UnpackOptions,
): Promise<void> {
  await using engine = image.engine;
  await unpackRootfs(engine, `${base}/rootfs`, image.manifest, options);
}

/** Unpacks an image that must fail; the error, once nothing remains of it. */
export async function failToUnpack(
  base: string,
  image: Image,
  options?: UnpackOptions,
): Promise<unknown> {
  const error = await unpackImage(base, image, options)
    .then(() => undefined, (error: unknown) => error);
  assert(error !== undefined, "it was unpacked, and must not be");
  assertEquals([...Deno.readDirSync(base)].map((entry) => entry.name), [
    "image",
  ]);
  return error;
}

/** The error of a layer; it must name the layer. */
export async function failInLayer(
  base: string,
  image: Image,
  index: number,
): Promise<unknown> {
  const error = await failToUnpack(base, image);
  assertInstanceOf(error, LayerError);
  assertEquals(error.index, index);
  assertEquals(error.digest, image.layers[index]?.digest);
  assert(error.message.includes(error.digest), error.message);
  return error.cause;
}
