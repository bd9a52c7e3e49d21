/**
 * An image's configuration laid over the default runtime configuration: pure.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/conversion.md
 * @module
 */
import { cleanPath } from "../clean_path.ts";
import { InvalidImageError, quoteName } from "../errors.ts";
import type { ImageConfig } from "../oci/image_spec.ts";
import type { RuntimeSpec } from "../oci/runtime_spec.ts";
import type { MapOptions } from "../options.ts";
import { type CompleteSpec, defaultSpec } from "./default_spec.ts";
import type { ContainerUser } from "./user.ts";

const ANNOTATION = "org.opencontainers.image.";

/**
 * Makes sure that the image is for Linux, as the runtime configuration is.
 *
 * @param image The image's configuration.
 * @throws {InvalidImageError} Where it is for another system.
 */
export function requireLinux(image: ImageConfig): void {
  if (image.os === "linux") return;
  throw new InvalidImageError(
    `Cannot make a runtime configuration for an image whose os is ${
      quoteName(image.os)
    }: only linux images run in such a bundle`,
  );
}

/**
 * Makes a runtime configuration of an image's.
 *
 * @param image The configuration of an image for Linux.
 * @param user Who its `User` is.
 * @param options The id mappings.
 * @returns The runtime configuration.
 * @throws {InvalidImageError} Where its environment is malformed, or a volume
 * is the whole root.
 */
export function convert(
  image: ImageConfig,
  user: ContainerUser,
  options: MapOptions,
): RuntimeSpec {
  const spec = defaultSpec();
  setProcess(spec, image, user);
  spec.annotations = {
    ...automaticAnnotations(image),
    ...image.config?.Labels,
  };
  addVolumes(spec, Object.keys(image.config?.Volumes ?? {}));
  addMappings(spec, options);
  return spec;
}

function setProcess(
  spec: CompleteSpec,
  image: ImageConfig,
  user: ContainerUser,
): void {
  const { process } = spec;
  const config = image.config ?? {};
  const args = [...config.Entrypoint ?? [], ...config.Cmd ?? []];
  if (args.length > 0) process.args = args;
  process.cwd = cleanPath(`/${config.WorkingDir ?? ""}`);
  process.env = environment([...process.env, ...config.Env ?? []], user.home);
  process.user = { uid: user.uid, gid: user.gid };
  if (user.additionalGids.length > 0) {
    process.user.additionalGids = user.additionalGids;
  }
}

/** Has each variable once: its first place, its last value. */
function environment(variables: string[], home: string | undefined): string[] {
  const byName = new Map<string, string>();
  for (const variable of variables) byName.set(nameOf(variable), variable);
  if (!byName.has("HOME") && home !== undefined && home !== "") {
    const variable = `HOME=${home}`;
    byName.set(nameOf(variable), variable);
  }
  return [...byName.values()];
}

/** JSON holds no bytes but UTF-8, and an environment holds no NUL. */
function nameOf(variable: string): string {
  const equals = variable.indexOf("=");
  if (equals < 1 || variable.includes("\0") || !variable.isWellFormed()) {
    throw new InvalidImageError(
      `Cannot set ${
        quoteName(variable)
      } in the environment: it must be a name, an equals sign and a value, in UTF-8 and without NUL`,
    );
  }
  return variable.slice(0, equals);
}

function automaticAnnotations(image: ImageConfig): Record<string, string> {
  const ports = Object.keys(image.config?.ExposedPorts ?? {}).sort();
  const values: [string, string | undefined][] = [
    ["architecture", image.architecture],
    ["author", image.author],
    ["created", image.created],
    ["exposedPorts", ports.join(",")],
    ["os", image.os],
    ["os.features", image["os.features"]?.join(",")],
    ["os.version", image["os.version"]],
    ["stopSignal", image.config?.StopSignal],
    ["variant", image.variant],
  ];
  const annotations: Record<string, string> = {};
  for (const [name, value] of values) {
    if (value !== undefined && value !== "") {
      annotations[ANNOTATION + name] = value;
    }
  }
  return annotations;
}

/** A volume is empty and the container's own: what was in it is the image's. */
function addVolumes(spec: CompleteSpec, volumes: string[]): void {
  const taken = new Set(spec.mounts.map(({ destination }) => destination));
  const destinations = new Set(volumes.map(volumeDestination));
  // Sorted, a volume is mounted before those inside it.
  for (const destination of [...destinations].sort()) {
    if (taken.has(destination)) continue;
    spec.mounts.push({
      destination,
      type: "tmpfs",
      source: "none",
      options: ["rw", "nosuid", "nodev", "noexec", "relatime"],
    });
  }
}

function volumeDestination(volume: string): string {
  const destination = cleanPath(`/${volume}`);
  if (destination !== "/") return destination;
  throw new InvalidImageError(
    `Cannot mount the volume ${
      quoteName(volume)
    }: it would hide the whole root filesystem`,
  );
}

/**
 * Ids of a kind without mappings get none made up: runc refuses such a
 * container, where giving it the host's own groups would be somebody's surprise.
 */
function addMappings(spec: CompleteSpec, options: MapOptions): void {
  const { uidMappings = [], gidMappings = [] } = options;
  if (uidMappings.length === 0 && gidMappings.length === 0) return;
  const { linux } = spec;
  if (uidMappings.length > 0) linux.uidMappings = structuredClone(uidMappings);
  if (gidMappings.length > 0) linux.gidMappings = structuredClone(gidMappings);
  linux.namespaces = [...linux.namespaces ?? [], { type: "user" }];
}
