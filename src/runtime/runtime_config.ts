/**
 * An image's configuration as a runtime's.
 *
 * @module
 */
import { readImageConfig } from "../cas/documents.ts";
import type { Engine } from "../cas/engine.ts";
import { decodeBytes } from "../byte_string.ts";
import { InvalidImageError, quoteName } from "../errors.ts";
import { onDisk } from "../host/disk_error.ts";
import { openRoot } from "../host/open_root.ts";
import { checkMappings } from "../id_map.ts";
import type { Manifest } from "../oci/image_spec.ts";
import type { RuntimeSpec } from "../oci/runtime_spec.ts";
import type { IdMapping, MapOptions } from "../options.ts";
import { toRootless, type ToRootlessOptions } from "../to_rootless.ts";
import { convert, requireLinux } from "./convert.ts";
import { readInRoot } from "./read_in_root.ts";
import { type ContainerUser, lookUpUser } from "./user.ts";

/** How a runtime configuration is made. */
export interface RuntimeConfigOptions extends MapOptions, ToRootlessOptions {
  /**
   * Path of the unpacked rootfs, in whose `/etc/passwd` and `/etc/group` the
   * image's user is looked up. Without it only numbers can be.
   */
  rootfs?: string;
}

/** The largest `/etc/passwd` or `/etc/group` that is read: 4 MiB. */
const MAX_ACCOUNT_FILE = 4 * 1024 * 1024;

/**
 * Makes the `config.json` that a runtime starts an image's container by: the
 * image's configuration laid over umoci's defaults. The user is looked up in
 * the rootfs's own files, and never through a symlink that leaves it. With id
 * mappings the container gets a user namespace, for which runtimes want both
 * kinds. With `rootless` the result is that of `toRootless`; users and groups
 * without a mapping then get one of root to the owner of the rootfs. Follows
 * the image-spec's conversion.md.
 *
 * Permissions: those of the engine, and `--allow-read=<rootfs>`.
 *
 * @param engine The store that holds the image.
 * @param manifest The image's manifest (see `readManifest`).
 * @param options Id mappings, where the rootfs is, and what `toRootless` takes.
 * @returns The runtime configuration.
 * @throws {InvalidImageError} Where the image is not for Linux, its
 * configuration is malformed, or its user cannot be found.
 * @throws {StrataError} Where the mappings are no ranges of ids, or a file in
 * which the user is looked up is no regular file of at most 4 MiB.
 * @throws {SystemError} Where the rootfs cannot be read.
 * @throws {MissingPermissionError} Where Deno lacks a permission.
 *
 * @example
 * ```ts
 * import { createLayout, runtimeConfig } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await using engine = await createLayout(`${directory}/image`);
 * const config = await engine.putBlob(new TextEncoder().encode(JSON.stringify({
 *   os: "linux",
 *   architecture: "amd64",
 *   config: { Entrypoint: ["/bin/ls"], Cmd: ["-l"], User: "1000:100" },
 *   rootfs: { type: "layers", diff_ids: [] },
 * })));
 * const mediaType = "application/vnd.oci.image.config.v1+json";
 *
 * const spec = await runtimeConfig(engine, {
 *   schemaVersion: 2,
 *   config: { mediaType, ...config },
 *   layers: [],
 * });
 * assertEquals(spec.process?.args, ["/bin/ls", "-l"]);
 * assertEquals(spec.process?.user, { uid: 1000, gid: 100 });
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function runtimeConfig(
  engine: Engine,
  manifest: Manifest,
  options: RuntimeConfigOptions = {},
): Promise<RuntimeSpec> {
  const { rootfs } = options;
  if (rootfs === undefined) return await makeConfig(engine, manifest, options);
  return await makeConfig(engine, manifest, options, (path, limit) => {
    const ignored = { xattr: () => {}, time: () => {} };
    using root = openRoot(rootfs, "read", ignored);
    return readInRoot(root, path, limit);
  });
}

/** Reads a file of the image; undefined where it has none of that name. */
export type ReadAccounts = (
  path: string,
  limit: number,
) => Uint8Array | undefined;

/**
 * Makes a `config.json` as `runtimeConfig` does.
 *
 * @param engine The store.
 * @param manifest The image's manifest.
 * @param options The caller's options.
 * @param readAccounts Reads the files that users are looked up in.
 * @returns The configuration.
 */
export async function makeConfig(
  engine: Engine,
  manifest: Manifest,
  options: RuntimeConfigOptions,
  readAccounts?: ReadAccounts,
): Promise<RuntimeSpec> {
  checkMappings(options.uidMappings ?? [], "uid");
  checkMappings(options.gidMappings ?? [], "gid");
  const image = await readImageConfig(engine, manifest);
  requireLinux(image);
  const user = findUser(image.config?.User ?? "", readAccounts);
  if (options.rootless !== true) return convert(image, user, options);
  return toRootless(convert(image, user, withOwnMappings(options)), options);
}

function findUser(user: string, readAccounts?: ReadAccounts): ContainerUser {
  if (readAccounts !== undefined) {
    const read = (path: string) => {
      const bytes = readAccounts(path, MAX_ACCOUNT_FILE);
      return bytes === undefined ? "" : decodeBytes(bytes);
    };
    return lookUpUser(user, read("etc/passwd"), read("etc/group"));
  }
  if (/^(\d+(:\d+)?)?$/.test(user)) return lookUpUser(user, "", "");
  throw new InvalidImageError(
    `Cannot look up user ${
      quoteName(user)
    }: the image's /etc/passwd is needed; pass the option rootfs`,
  );
}

/** A rootless container's root is whoever owns what was unpacked. */
function withOwnMappings(options: RuntimeConfigOptions): MapOptions {
  const { uidMappings = [], gidMappings = [], rootfs } = options;
  if (rootfs === undefined) return { uidMappings, gidMappings };
  const { uid, gid } = onDisk(
    `Cannot look at ${quoteName(rootfs)}`,
    () => Deno.statSync(rootfs),
  );
  return {
    uidMappings: uidMappings.length > 0 ? uidMappings : rootMappedTo(uid),
    gidMappings: gidMappings.length > 0 ? gidMappings : rootMappedTo(gid),
  };
}

function rootMappedTo(hostID: number | null): IdMapping[] {
  return [{ containerID: 0, hostID: hostID ?? 0, size: 1 }];
}
