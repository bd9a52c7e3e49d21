/**
 * The options that the operations share.
 *
 * @module
 */
import type { Descriptor, Manifest } from "./oci/image_spec.ts";

/** A range of ids in the container and the range on the host it stands for. */
export interface IdMapping {
  /** First id inside the container, 0 to 4294967294. */
  containerID: number;
  /** First id on the host, 0 to 4294967294. */
  hostID: number;
  /** How many ids, 1 or more. */
  size: number;
}

/** How owners are mapped when image layers are unpacked and generated. */
export interface MapOptions {
  /** User id mappings; without any, ids are taken as they are. */
  uidMappings?: IdMapping[];
  /** Group id mappings; without any, ids are taken as they are. */
  gidMappings?: IdMapping[];
  /** Work as an ordinary user: change no owner, make no device. */
  rootless?: boolean;
}

/** How a layer's state is kept on disk: plainly, or as overlayfs wants it. */
export type OnDiskFormat =
  | { type: "dir" }
  | {
    type: "overlayfs";
    /** Marks in `user.` xattrs, as the mount option `userxattr` wants them. */
    userXattr?: boolean;
    /**
     * Where `unpackManifest` keeps the layers, so that bundles share them;
     * `layers` in the bundle unless told.
     */
    store?: string;
  };

/** Something that could not be done in full, and did not stop the work. */
export interface Warning {
  /** What it is about, for programs. */
  code:
    | "xattr-unsupported"
    | "device-replaced"
    | "node-skipped"
    | "owner-unsupported"
    | "socket-skipped"
    | "mode-unsupported"
    | "time-unsupported";
  /** What was not done, and to which entry, for people. */
  message: string;
  /** Name of the entry, where it is about one. */
  entry?: string;
}

/** How far an unpacking has come. */
export interface Progress {
  /** The layer's descriptor, where an image is unpacked. */
  layer?: Descriptor;
  /** Position of the layer, counted from 0. */
  layerIndex: number;
  /** How many layers there are. */
  layerCount: number;
  /** Entries of this layer that are done. */
  entries: number;
  /** Compressed bytes of this layer that were read. */
  bytesIn: number;
  /** Uncompressed bytes of this layer that were handled. */
  bytesOut: number;
  /** Compressed size of this layer in bytes, where it is known. */
  totalBytes?: number;
}

/** Whether work may be done in threads. */
export interface ThreadOptions {
  /**
   * Give work to threads, where there is more than one core and it is worth
   * it. The result is the same without. True unless told.
   */
  useThreads?: boolean;
}

/** How layers are unpacked. */
export interface UnpackOptions extends MapOptions, ThreadOptions {
  /** How the result is kept on disk, `{ type: "dir" }` unless told. */
  onDiskFormat?: OnDiskFormat;
  /** Keep a symlink to a directory where the layer has a directory. */
  keepDirlinks?: boolean;
  /**
   * Leave out, with a warning, what Deno's own API cannot make where FFI is
   * not allowed: xattrs, devices and fifos. An error unless told.
   */
  skipUnsupported?: boolean;
  /** Called, and awaited, after each layer of a manifest. */
  afterLayerUnpack?: (
    manifest: Manifest,
    layer: Descriptor,
  ) => void | Promise<void>;
  /** The layer to begin with; those below it must be in the rootfs already. */
  startFrom?: Descriptor;
  /** Stops the work; what was begun is removed as after an error. */
  signal?: AbortSignal;
  /** Told of what could not be done in full. */
  onWarning?: (warning: Warning) => void;
  /** Told how far the work has come, at most once per chunk of input. */
  onProgress?: (progress: Progress) => void;
}

/** How layers are generated. */
export interface RepackOptions extends MapOptions {
  /** How the rootfs is kept on disk, `{ type: "dir" }` unless told. */
  onDiskFormat?: OnDiskFormat;
  /** Latest time, in seconds since 1970, that the layer may hold. */
  sourceDateEpoch?: number;
  /** Stops the work. */
  signal?: AbortSignal;
  /** Told of what could not be done in full. */
  onWarning?: (warning: Warning) => void;
  /** Told how far the work has come. */
  onProgress?: (progress: Progress) => void;
}
