/**
 * OCI image layers for Deno: layers into directories and directories into
 * layers, with no daemon and no Docker.
 *
 * @module
 */
export { cleanPath } from "./src/clean_path.ts";
export * from "./src/errors.ts";
export type { TarEntryType, TarHeader, Timestamp } from "./src/tar/header.ts";
export { type TarEntryInput, TarWriteError } from "./src/tar/encode_header.ts";
export { readTar, type TarEntry } from "./src/tar/read_tar.ts";
export { TarWriter } from "./src/tar/tar_writer.ts";
export { decompress } from "./src/compress/decompress.ts";
export type { Compression } from "./src/oci/media_type.ts";
export type {
  IdMapping,
  MapOptions,
  OnDiskFormat,
  Progress,
  RepackOptions,
  UnpackOptions,
  Warning,
} from "./src/options.ts";
export { unpackLayer } from "./src/unpack/unpack_layer.ts";
