/**
 * OCI image layers for Deno: layers into directories and directories into
 * layers, with no daemon and no Docker.
 *
 * @module
 */
export {
  refreshBundle,
  repackBundle,
  type RepackBundleOptions,
} from "./src/bundle/repack_bundle.ts";
export {
  unpackBundle,
  type UnpackBundleOptions,
} from "./src/bundle/unpack_bundle.ts";
export {
  readImageConfig,
  readIndex,
  readManifest,
} from "./src/cas/documents.ts";
export type { BlobInfo, BlobReference, Engine } from "./src/cas/engine.ts";
export { gc } from "./src/cas/gc.ts";
export { createLayout, openLayout } from "./src/cas/layout.ts";
export type { WantedPlatform } from "./src/cas/platform.ts";
export {
  listReferences,
  type ResolveOptions,
  resolveReference,
} from "./src/cas/reference.ts";
export {
  deleteReference,
  updateReference,
} from "./src/cas/update_reference.ts";
export { cleanPath } from "./src/clean_path.ts";
export { compress } from "./src/compress/compress.ts";
export { decompress } from "./src/compress/decompress.ts";
export * from "./src/errors.ts";
export {
  generateInsertLayer,
  type InsertOptions,
} from "./src/generate/generate_insert_layer.ts";
export { generateLayer } from "./src/generate/generate_layer.ts";
export { type CompareOptions, compareTrees } from "./src/mtree/compare.ts";
export { formatMtree } from "./src/mtree/format.ts";
export {
  type Hierarchy,
  hierarchyEntries,
  type HierarchyEntry,
  type HierarchyNode,
  type Keywords,
} from "./src/mtree/hierarchy.ts";
export type {
  DeltaType,
  InodeDelta,
  KeyDelta,
} from "./src/mtree/inode_delta.ts";
export { MtreeError } from "./src/mtree/mtree_error.ts";
export { parseMtree } from "./src/mtree/parse.ts";
export {
  type CheckOptions,
  checkTree,
  type WalkOptions,
  walkTree,
} from "./src/mtree/walk.ts";
export {
  type AddLayerOptions,
  type ConfigFields,
  Mutator,
} from "./src/mutate/mutator.ts";
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
  RepackOptions,
  ThreadOptions,
  UnpackOptions,
  Warning,
} from "./src/options.ts";
export {
  mountOverlay,
  type OverlayMount,
  unmountOverlay,
} from "./src/overlay/overlay_mount.ts";
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
