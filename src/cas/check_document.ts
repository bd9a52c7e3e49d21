/**
 * The image-spec's documents, checked field by field as far as this package
 * uses them. What it does not know stays as it was read.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md
 * @module
 */
import { InvalidImageError } from "../errors.ts";
import type { ImageConfig, Index, Manifest } from "../oci/image_spec.ts";
import type { JsonField } from "./json_field.ts";

/**
 * Fields that only another kind of document has. A document with the fields
 * of two kinds would be one thing to us and another to somebody else, under
 * one digest (CVE-2021-41190).
 */
const FOREIGN_FIELDS = {
  index: ["config", "layers", "fslayers", "history"],
  manifest: ["manifests", "fslayers", "history"],
};

/**
 * Checks an index.
 *
 * @param root The document's root.
 * @returns The index.
 * @throws {InvalidImageError} Where a field is missing or malformed.
 */
export function checkIndex(root: JsonField): Index {
  checkKind(root, "index");
  root.list("manifests").forEach(checkDescriptor);
  checkCommonFields(root);
  return root.value as Index; // Checked above, as the type cannot say.
}

/**
 * Checks a manifest.
 *
 * @param root The document's root.
 * @returns The manifest.
 * @throws {InvalidImageError} Where a field is missing or malformed.
 */
export function checkManifest(root: JsonField): Manifest {
  checkKind(root, "manifest");
  checkDescriptor(root.required("config"));
  root.list("layers").forEach(checkDescriptor);
  checkCommonFields(root);
  return root.value as Manifest; // Checked above, as the type cannot say.
}

/**
 * Checks an image configuration.
 *
 * @param root The document's root.
 * @returns The configuration.
 * @throws {InvalidImageError} Where a field is missing or malformed.
 */
export function checkImageConfig(root: JsonField): ImageConfig {
  checkPlatform(root);
  root.optional("created")?.string();
  root.optional("author")?.string();
  const rootfs = root.required("rootfs");
  if (rootfs.required("type").string() !== "layers") {
    rootfs.required("type").fail(`must be "layers"`);
  }
  rootfs.list("diff_ids").forEach((diffID) => diffID.digest());
  root.optional("history")?.items().forEach(checkHistory);
  const config = root.optional("config");
  if (config !== undefined) checkExecutionConfig(config);
  return root.value as ImageConfig; // Checked above, as the type cannot say.
}

function checkKind(root: JsonField, kind: "index" | "manifest"): void {
  const fields = Object.keys(root.object()).map((name) => name.toLowerCase());
  if (fields.includes("fslayers")) {
    throw new InvalidImageError(
      `Cannot read ${root.document}: it is a manifest of Docker schema 1, which is not supported; convert the image to OCI first`,
    );
  }
  // Go's decoder does not tell upper from lower case, so neither must this.
  const foreign = fields.find((name) => FOREIGN_FIELDS[kind].includes(name));
  if (foreign !== undefined) {
    throw new InvalidImageError(
      `Cannot read ${root.document}: it has the field ${foreign}, which no ${kind} has`,
    );
  }
  if (root.required("schemaVersion").value !== 2) {
    root.required("schemaVersion").fail("must be 2");
  }
}

function checkCommonFields(root: JsonField): void {
  root.optional("mediaType")?.string();
  root.optional("artifactType")?.string();
  root.optional("annotations")?.stringMap();
  const subject = root.optional("subject");
  if (subject !== undefined) checkDescriptor(subject);
}

function checkDescriptor(descriptor: JsonField): void {
  descriptor.required("mediaType").string();
  descriptor.required("digest").digest();
  descriptor.required("size").size();
  descriptor.optional("urls")?.stringList();
  descriptor.optional("annotations")?.stringMap();
  descriptor.optional("data")?.string();
  descriptor.optional("artifactType")?.string();
  const platform = descriptor.optional("platform");
  if (platform !== undefined) checkPlatform(platform);
}

function checkPlatform(platform: JsonField): void {
  platform.required("architecture").string();
  platform.required("os").string();
  platform.optional("variant")?.string();
  platform.optional("os.version")?.string();
  platform.optional("os.features")?.stringList();
}

function checkHistory(step: JsonField): void {
  step.optional("created")?.string();
  step.optional("created_by")?.string();
  step.optional("author")?.string();
  step.optional("comment")?.string();
  step.optional("empty_layer")?.boolean();
}

function checkExecutionConfig(config: JsonField): void {
  config.optional("User")?.string();
  config.optional("ExposedPorts")?.objectMap();
  config.optional("Env")?.stringList();
  config.optional("Entrypoint")?.stringList();
  config.optional("Cmd")?.stringList();
  config.optional("Volumes")?.objectMap();
  config.optional("WorkingDir")?.string();
  config.optional("Labels")?.stringMap();
  config.optional("StopSignal")?.string();
}
