/**
 * Changes an image: a layer more, another configuration, and the documents
 * that lead to them.
 *
 * @module
 */
import { readImageConfig, readIndex, readManifest } from "../cas/documents.ts";
import type { BlobInfo, Engine } from "../cas/engine.ts";
import { InvalidImageError } from "../errors.ts";
import type {
  Descriptor,
  History,
  ImageConfig,
  ImageExecutionConfig,
  Manifest,
} from "../oci/image_spec.ts";
import {
  type Compression,
  documentKind,
  layerCompression,
  newLayerMediaType,
} from "../oci/media_type.ts";
import type { ThreadOptions } from "../options.ts";
import { storeLayer } from "./store_layer.ts";

/** How a layer is added. */
export interface AddLayerOptions extends ThreadOptions {
  /** How to compress it; `auto`, as the image's last layer, unless told. */
  compression?: Compression | "auto";
  /** The layer's entry in the image's history. */
  history?: History;
  /** The layer's annotations. */
  annotations?: Record<string, string>;
}

/** The fields of a configuration that are no layers and no history. */
export type ConfigFields = Partial<
  Omit<ImageConfig, "rootfs" | "history">
>;

/**
 * Changes an image without unpacking it. The changes are collected, and
 * `commit` writes the configuration, the manifest and each index that leads to
 * it anew; the image they began with stays as it is, and has its name until
 * `updateReference`. Fields that this package does not know are kept. Follows
 * the image-spec's manifest.md and config.md. Needs the permissions of the
 * engine.
 *
 * @example
 * ```ts
 * import {
 *   createLayout,
 *   Mutator,
 *   readImageConfig,
 *   TarWriter,
 * } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 *
 * const tar = new TarWriter();
 * const written = tar.add({ name: "motd" }, "hello\n").then(() => tar.close());
 * const image = Mutator.create(engine, { os: "linux", architecture: "amd64" });
 * await image.addLayer(tar.readable, { history: { created_by: "me" } });
 * image.setConfig({ Cmd: ["cat", "/motd"] });
 * const walk = await image.commit();
 * await written;
 *
 * assertEquals(walk.length, 1);
 * const config = await readImageConfig(engine, image.manifest);
 * assertEquals(config.config?.Cmd, ["cat", "/motd"]);
 * assertEquals(config.history?.length, 2);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export class Mutator {
  readonly #engine: Engine;
  readonly #walk: Descriptor[];
  #manifest: Manifest;
  #config: ImageConfig;
  #isChanged: boolean;

  private constructor(
    engine: Engine,
    walk: Descriptor[],
    manifest: Manifest,
    config: ImageConfig,
    isChanged: boolean,
  ) {
    this.#engine = engine;
    this.#walk = walk;
    this.#manifest = manifest;
    this.#config = config;
    this.#isChanged = isChanged;
  }

  /**
   * Opens an image for changes.
   *
   * @param engine The store that holds it.
   * @param walk What `resolveReference` returned for it.
   * @returns The image.
   * @throws {InvalidImageError} Where its documents are malformed.
   */
  static async open(engine: Engine, walk: Descriptor[]): Promise<Mutator> {
    const descriptor = walk[walk.length - 1];
    if (descriptor === undefined) {
      throw new InvalidImageError(
        "Cannot change an image: the walk to its manifest is empty; resolve a reference first",
      );
    }
    const manifest = await readManifest(engine, descriptor);
    const config = await readImageConfig(engine, manifest);
    return new Mutator(engine, walk, manifest, config, false);
  }

  /**
   * Begins an image without layers.
   *
   * @param engine The store it will be in.
   * @param fields Its configuration, of which `os` and `architecture` must be
   * there.
   * @returns The image.
   */
  static create(
    engine: Engine,
    fields: ConfigFields & Pick<ImageConfig, "os" | "architecture">,
  ): Mutator {
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const config: ImageConfig = {
      ...fields,
      rootfs: { type: "layers", diff_ids: [] },
      history: [],
    };
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType,
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: "",
        size: 0,
      },
      layers: [],
    };
    const root = { mediaType, digest: "", size: 0 };
    return new Mutator(engine, [root], manifest, config, true);
  }

  /** The manifest with the changes so far; its config's digest is set by `commit`. */
  get manifest(): Manifest {
    return structuredClone(this.#manifest);
  }

  /** The configuration with the changes so far. */
  get config(): ImageConfig {
    return structuredClone(this.#config);
  }

  /**
   * Adds a layer on top. Its blob is stored at once.
   *
   * @param layer The layer as a tar stream, not compressed.
   * @param options How to add it.
   * @returns The layer's descriptor.
   */
  async addLayer(
    layer: ReadableStream<Uint8Array>,
    options: AddLayerOptions = {},
  ): Promise<Descriptor> {
    const compression = this.#chooseCompression(options.compression);
    const stored = await storeLayer(
      this.#engine,
      layer,
      compression,
      options,
    );
    const { annotations } = options;
    const descriptor: Descriptor = {
      mediaType: newLayerMediaType(this.#mediaType, compression),
      digest: stored.digest,
      size: stored.size,
      ...(annotations === undefined ? {} : { annotations }),
    };
    const { layers } = this.#manifest;
    this.#manifest = { ...this.#manifest, layers: [...layers, descriptor] };
    const { rootfs } = this.#config;
    const diffIds = [...rootfs.diff_ids, stored.diffId];
    this.#config = {
      ...this.#config,
      rootfs: { ...rootfs, diff_ids: diffIds },
    };
    this.#addHistory({ ...options.history, empty_layer: undefined });
    return descriptor;
  }

  /**
   * Sets fields of the execution configuration; fields that are not given stay
   * as they are, and those given as undefined are taken out.
   *
   * @param fields What to set.
   * @param history The entry in the image's history.
   */
  setConfig(fields: Partial<ImageExecutionConfig>, history?: History): void {
    const config = { ...this.#config.config, ...fields };
    this.#config = { ...this.#config, config };
    this.addHistory(history ?? {});
  }

  /**
   * Sets fields of the configuration beside the execution configuration, such
   * as `author` or `created`.
   *
   * @param fields What to set.
   */
  setConfigFields(fields: ConfigFields): void {
    this.#config = { ...this.#config, ...fields };
    this.#isChanged = true;
  }

  /**
   * Sets the manifest's annotations.
   *
   * @param annotations The annotations; those that were there are replaced.
   */
  setAnnotations(annotations: Record<string, string>): void {
    this.#manifest = { ...this.#manifest, annotations: { ...annotations } };
    this.#isChanged = true;
  }

  /**
   * Adds an entry to the image's history that made no layer.
   *
   * @param history The entry; `created` is now unless it says when.
   */
  addHistory(history: History): void {
    this.#addHistory({ ...history, empty_layer: true });
  }

  /**
   * Writes what was changed: configuration, manifest, and each index that led
   * to it. Without changes nothing is written.
   *
   * @returns The walk to the new manifest. Its first descriptor is what
   * `updateReference` takes.
   */
  async commit(): Promise<Descriptor[]> {
    if (!this.#isChanged) return this.#walk.slice();
    const config = await this.#put(this.#manifest.config, this.#config);
    this.#manifest = { ...this.#manifest, config };
    const walk = this.#walk.slice();
    const last = walk.length - 1;
    let old = descriptorAt(walk, last);
    let replacement = await this.#put(old, this.#manifest);
    walk[last] = replacement;
    for (let i = last - 1; i >= 0; i--) {
      const outer = descriptorAt(walk, i);
      const index = await readIndex(this.#engine, outer);
      const { digest } = old;
      const manifests = index.manifests.map((descriptor) =>
        descriptor.digest === digest
          ? describe(descriptor, replacement)
          : descriptor
      );
      old = outer;
      replacement = await this.#put(outer, { ...index, manifests });
      walk[i] = replacement;
    }
    this.#walk.splice(0, this.#walk.length, ...walk);
    this.#isChanged = false;
    return walk;
  }

  get #mediaType(): string {
    return descriptorAt(this.#walk, this.#walk.length - 1).mediaType;
  }

  #chooseCompression(wanted: Compression | "auto" = "auto"): Compression {
    if (wanted !== "auto") return wanted;
    const { layers } = this.#manifest;
    const last = layers[layers.length - 1];
    return last === undefined ? "gzip" : layerCompression(last.mediaType);
  }

  #addHistory(history: History): void {
    const created = history.created ?? new Date().toISOString();
    const { empty_layer: isEmpty, ...rest } = history;
    const entry: History = { created, ...rest };
    if (isEmpty === true) entry.empty_layer = true;
    const entries = [...this.#config.history ?? [], entry];
    this.#config = { ...this.#config, history: entries };
    this.#isChanged = true;
  }

  /** Stores a document and describes it as the old one was described. */
  async #put(old: Descriptor, document: unknown): Promise<Descriptor> {
    const bytes = new TextEncoder().encode(JSON.stringify(document));
    const blob = await this.#engine.putBlob(bytes);
    return describe(old, blob);
  }
}

function descriptorAt(walk: readonly Descriptor[], i: number): Descriptor {
  const descriptor = walk[i];
  if (
    descriptor !== undefined && documentKind(descriptor.mediaType) !== "other"
  ) {
    return descriptor;
  }
  throw new InvalidImageError(
    `Cannot change the image: the walk to its manifest holds no document at ${i}`,
  );
}

/** Another blob, described as the old one was. */
function describe(old: Descriptor, { digest, size }: BlobInfo): Descriptor {
  // An inlined copy would be one of the old blob.
  const { data: _, ...kept } = old;
  return { ...kept, digest, size };
}
