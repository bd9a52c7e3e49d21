/**
 * An image's configuration laid over the default runtime configuration: pure.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/conversion.md
 * @module
 */
import { cleanPath } from "../clean_path.ts";
import { InvalidImageError } from "../errors.ts";
import type { ImageConfig } from "../oci/image_spec.ts";
import type { RuntimeSpec } from "../oci/runtime_spec.ts";
import type { MapOptions } from "../options.ts";
import { type CompleteSpec, defaultSpec } from "./default_spec.ts";
import type { ContainerUser } from "./user.ts";

const ANNOTATION = "org.opencontainers.image.";

/**
 * Makes a runtime configuration of an image's.
 *
 * @param image The image's configuration.
 * @param user Who its `User` is.
 * @param options The id mappings.
 * @returns The runtime configuration.
 * @throws {InvalidImageError} Where the image is not for Linux, or its
 * environment is malformed.
 */
export function convert(
  image: ImageConfig,
  user: ContainerUser,
  options: MapOptions,
): RuntimeSpec {
  if (image.os !== "linux") {
    throw new InvalidImageError(
      `Cannot make a runtime configuration for an image whose os is ${
        JSON.stringify(image.os)
      }: only linux images run in such a bundle`,
    );
  }
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
  for (const variable of config.Env ?? []) setVariable(process.env, variable);
  const hasHome = process.env.some((variable) => variable.startsWith("HOME="));
  if (!hasHome && user.home !== undefined && user.home !== "") {
    process.env.push(`HOME=${user.home}`);
  }
  process.user = { uid: user.uid, gid: user.gid };
  if (user.additionalGids.length > 0) {
    process.user.additionalGids = user.additionalGids;
  }
}

/** Sets a variable in the place it has already, or at the end. */
function setVariable(environment: string[], variable: string): void {
  const equals = variable.indexOf("=");
  if (equals < 1 || variable.includes("\0")) {
    throw new InvalidImageError(
      `Cannot set ${
        JSON.stringify(variable)
      } in the environment: it must be a name, an equals sign and a value`,
    );
  }
  const prefix = variable.slice(0, equals + 1);
  const at = environment.findIndex((other) => other.startsWith(prefix));
  if (at === -1) environment.push(variable);
  else environment[at] = variable;
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
  for (const volume of volumes.toSorted()) {
    const destination = cleanPath(`/${volume}`);
    if (taken.has(destination)) continue;
    taken.add(destination);
    spec.mounts.push({
      destination,
      type: "tmpfs",
      source: "none",
      options: ["rw", "nosuid", "nodev", "noexec", "relatime"],
    });
  }
}

function addMappings(spec: CompleteSpec, options: MapOptions): void {
  const { uidMappings = [], gidMappings = [] } = options;
  if (uidMappings.length === 0 && gidMappings.length === 0) return;
  spec.linux.uidMappings = structuredClone(uidMappings);
  spec.linux.gidMappings = structuredClone(gidMappings);
  spec.linux.namespaces?.push({ type: "user" });
}
