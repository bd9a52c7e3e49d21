/**
 * OCI image layers for Deno: layers into directories and directories into
 * layers, with no daemon and no Docker.
 *
 * @module
 */
export {
  readImageConfig,
  readIndex,
  readManifest,
} from "./src/cas/documents.ts";
export type { BlobInfo, BlobReference, Engine } from "./src/cas/engine.ts";
export { createLayout, openLayout } from "./src/cas/layout.ts";
export type { WantedPlatform } from "./src/cas/platform.ts";
export {
  listReferences,
  type ResolveOptions,
  resolveReference,
} from "./src/cas/reference.ts";
export { cleanPath } from "./src/clean_path.ts";
export { decompress } from "./src/compress/decompress.ts";
export * from "./src/errors.ts";
export type {
  Descriptor,
  Digest,
  History,
  ImageConfig,
  ImageExecutionConfig,
  Index,
  Manifest,
  Platform,
} from "./src/oci/image_spec.ts";
export type {
  LinuxDeviceRule,
  LinuxNamespace,
  Mount,
  ProcessCapabilities,
  ProcessLimit,
  ProcessUser,
  RuntimeLinux,
  RuntimeProcess,
  RuntimeSpec,
} from "./src/oci/runtime_spec.ts";
export type { Compression } from "./src/oci/media_type.ts";
export type {
  IdMapping,
  MapOptions,
  OnDiskFormat,
  Progress,
  UnpackOptions,
  Warning,
} from "./src/options.ts";
export {
  runtimeConfig,
  type RuntimeConfigOptions,
} from "./src/runtime/runtime_config.ts";
export { type TarEntryInput, TarWriteError } from "./src/tar/encode_header.ts";
export type { TarEntryType, TarHeader, Timestamp } from "./src/tar/header.ts";
export { readTar, type TarEntry } from "./src/tar/read_tar.ts";
export { TarWriter } from "./src/tar/tar_writer.ts";
export { toRootless, type ToRootlessOptions } from "./src/to_rootless.ts";
export { unpackLayer } from "./src/unpack/unpack_layer.ts";
export { ROOTFS_NAME, unpackManifest } from "./src/unpack/unpack_manifest.ts";
export { unpackRootfs } from "./src/unpack/unpack_rootfs.ts";
