/**
 * The image-spec's documents as types: what JSON says, in the names it uses.
 * Fields this package does not know stay in the objects as they were read.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md
 * @module
 */

/** A content digest, `<algorithm>:<hex>`, such as `sha256:e3b0...`. */
export type Digest = string;

/** The annotation that gives a descriptor in `index.json` its name. */
export const REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name";

/** What a manifest in an index was built for (image-spec, image-index.md). */
export interface Platform {
  /** CPU architecture in Go's names, such as `amd64` or `arm64`. */
  architecture: string;
  /** Operating system in Go's names, such as `linux`. */
  os: string;
  /** Version of the operating system. */
  "os.version"?: string;
  /** Features of the operating system that the image needs. */
  "os.features"?: string[];
  /** Variant of the architecture, such as `v7` of `arm`. */
  variant?: string;
}

/** A typed, verifiable reference to a blob (image-spec, descriptor.md). */
export interface Descriptor {
  /** Media type of the blob. */
  mediaType: string;
  /** Digest of the blob's bytes. */
  digest: Digest;
  /** Size of the blob in bytes. */
  size: number;
  /** Places to download the blob from. */
  urls?: string[];
  /** Free metadata. */
  annotations?: Record<string, string>;
  /** The blob itself in base64. */
  data?: string;
  /** The artifact's type, where the descriptor points to an artifact. */
  artifactType?: string;
  /** Platform, in the descriptors of an index. */
  platform?: Platform;
}

/** An image manifest (image-spec, manifest.md). */
export interface Manifest {
  /** Always 2. */
  schemaVersion: number;
  /** Media type of the manifest itself. */
  mediaType?: string;
  /** Type of the artifact, where this is one. */
  artifactType?: string;
  /** The image's configuration. */
  config: Descriptor;
  /** The layers, the base first. */
  layers: Descriptor[];
  /** The manifest this one refers to. */
  subject?: Descriptor;
  /** Free metadata. */
  annotations?: Record<string, string>;
}

/** A list of manifests or of further indexes (image-spec, image-index.md). */
export interface Index {
  /** Always 2. */
  schemaVersion: number;
  /** Media type of the index itself. */
  mediaType?: string;
  /** Type of the artifact, where this is one. */
  artifactType?: string;
  /** What the index lists. */
  manifests: Descriptor[];
  /** The manifest this one refers to. */
  subject?: Descriptor;
  /** Free metadata. */
  annotations?: Record<string, string>;
}

/** How a container of the image is run (image-spec, config.md). */
export interface ImageExecutionConfig {
  /** `user`, `uid`, `user:group`, `uid:gid` and their mixtures. */
  User?: string;
  /** Ports as `port`, `port/tcp` or `port/udp`. */
  ExposedPorts?: Record<string, Record<string, never>>;
  /** Environment as `NAME=value`. */
  Env?: string[] | null;
  /** Words in front of the command. */
  Entrypoint?: string[] | null;
  /** The command, or the default arguments of the entry point. */
  Cmd?: string[] | null;
  /** Paths that hold data of the container's own. */
  Volumes?: Record<string, Record<string, never>> | null;
  /** Directory in which the command starts. */
  WorkingDir?: string;
  /** Free metadata. */
  Labels?: Record<string, string> | null;
  /** Signal that stops the container. */
  StopSignal?: string;
}

/** One step of an image's history (image-spec, config.md). */
export interface History {
  /** When the step was taken, RFC 3339. */
  created?: string;
  /** The command that made the layer. */
  created_by?: string;
  /** Who took the step. */
  author?: string;
  /** Free text. */
  comment?: string;
  /** True where the step made no layer. */
  empty_layer?: boolean;
}

/** An image's configuration (image-spec, config.md). */
export interface ImageConfig extends Platform {
  /** When the image was made, RFC 3339. */
  created?: string;
  /** Who made the image. */
  author?: string;
  /** How a container of the image is run. */
  config?: ImageExecutionConfig;
  /** The layers' contents. */
  rootfs: {
    /** Always `layers`. */
    type: string;
    /** Digests of the uncompressed layers, the base first. */
    diff_ids: Digest[];
  };
  /** What made each layer. */
  history?: History[];
}
