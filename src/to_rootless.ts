/**
 * The rootless converter: pure.
 *
 * @module
 */
import { cleanPath } from "./clean_path.ts";
import type { Mount, RuntimeSpec } from "./oci/runtime_spec.ts";

/** What the converter cannot know by itself. */
export interface ToRootlessOptions {
  /**
   * Flags of the mount that holds the host's `/etc/resolv.conf`, such as
   * `nosuid` or `nodev`. Inside a user namespace a bind mount must repeat
   * those that are locked, or the kernel refuses it. None unless told.
   */
  resolvConfFlags?: string[];
}

const RESOLV_CONF = "/etc/resolv.conf";

/**
 * Makes a runtime configuration one that an ordinary user can run: options
 * that clash with an unprivileged user namespace are taken out. There is no
 * network namespace, one user namespace, and no supplementary group; `/sys` is
 * bound from the host as a whole, `/etc/resolv.conf` as well; mounts name no
 * owners, and no cgroup limits remain. Id mappings are kept as they are: a
 * rootless container needs one for its own root. Pure: the given
 * configuration is left as it is, and nothing is shared with it. Needs no
 * permission. Follows the runtime-spec's config-linux.md.
 *
 * @param spec The configuration.
 * @param options What the converter cannot know by itself.
 * @returns The rootless configuration.
 *
 * @example
 * ```ts
 * import { type RuntimeSpec, toRootless } from "@strata/layer";
 * import { assertEquals } from "@std/assert";
 *
 * const spec: RuntimeSpec = {
 *   ociVersion: "1.0.2",
 *   linux: { namespaces: [{ type: "mount" }, { type: "network" }] },
 * };
 * assertEquals(toRootless(spec).linux?.namespaces, [
 *   { type: "mount" },
 *   { type: "user" },
 * ]);
 * ```
 */
export function toRootless(
  spec: RuntimeSpec,
  options: ToRootlessOptions = {},
): RuntimeSpec {
  const rootless = structuredClone(spec);
  const linux = rootless.linux ?? {};
  const namespaces = (linux.namespaces ?? []).filter(({ type }) =>
    type !== "network" && type !== "user"
  );
  linux.namespaces = [...namespaces, { type: "user" }];
  delete linux.resources;
  rootless.linux = linux;
  delete rootless.process?.user.additionalGids;
  rootless.mounts = [
    ...(rootless.mounts ?? []).filter(isKept).map(withoutOwners),
    {
      destination: "/sys",
      type: "bind",
      source: "/sys",
      options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
    },
    {
      destination: RESOLV_CONF,
      type: "bind",
      source: RESOLV_CONF,
      options: [...new Set(["rbind", "ro", ...options.resolvConfFlags ?? []])],
    },
  ];
  return rootless;
}

/** What is below /sys cannot be mounted without a network namespace. */
function isKept({ destination }: Mount): boolean {
  const path = cleanPath(`/${destination}`);
  return path !== "/sys" && !path.startsWith("/sys/") && path !== RESOLV_CONF;
}

/** Ids in mount options are those of the host, which are not ours to give. */
function withoutOwners(mount: Mount): Mount {
  if (mount.options === undefined) return mount;
  const options = mount.options.filter((option) =>
    !option.startsWith("uid=") && !option.startsWith("gid=")
  );
  return { ...mount, options };
}
