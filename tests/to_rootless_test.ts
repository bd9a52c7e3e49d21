import { assert, assertEquals } from "@std/assert";
import { type RuntimeSpec, toRootless } from "@strata/layer";
import fc from "fast-check";

const NO_PERMISSIONS = { permissions: "none" } as const;

const SYS = {
  destination: "/sys",
  type: "bind",
  source: "/sys",
  options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
};
const RESOLV_CONF = {
  destination: "/etc/resolv.conf",
  type: "bind",
  source: "/etc/resolv.conf",
  options: ["rbind", "ro"],
};

Deno.test(
  "toRootless() takes out what an ordinary user may not do",
  NO_PERMISSIONS,
  () => {
    const spec: RuntimeSpec = {
      ociVersion: "1.0.2",
      process: {
        user: { uid: 0, gid: 0, additionalGids: [1, 2] },
        cwd: "/",
      },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["nosuid", "mode=0620", "gid=5", "uid=7"],
        },
        { destination: "/sys", type: "sysfs", source: "sysfs" },
        { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" },
        { destination: "//sys/./kernel/", type: "debugfs", source: "debugfs" },
        // Runtimes take a relative destination from the root.
        { destination: "sys/fs/bpf", type: "bpf", source: "bpf" },
        { destination: "/etc//resolv.conf", type: "bind", source: "/x" },
        { destination: "/system", type: "tmpfs", source: "none" },
      ],
      linux: {
        uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
        resources: { devices: [{ allow: false, access: "rwm" }] },
        namespaces: [
          { type: "user", path: "/proc/1/ns/user" },
          { type: "pid" },
          { type: "network" },
          { type: "user" },
        ],
        maskedPaths: ["/proc/kcore"],
      },
    };
    assertEquals(toRootless(spec), {
      ociVersion: "1.0.2",
      process: { user: { uid: 0, gid: 0 }, cwd: "/" },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["nosuid", "mode=0620"],
        },
        { destination: "/system", type: "tmpfs", source: "none" },
        SYS,
        RESOLV_CONF,
      ],
      linux: {
        uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
        namespaces: [{ type: "pid" }, { type: "user" }],
        maskedPaths: ["/proc/kcore"],
      },
    });
  },
);

Deno.test(
  "toRootless() carries the flags that are locked",
  NO_PERMISSIONS,
  () => {
    const options = { resolvConfFlags: ["nodev", "ro", "noexec"] };
    const { mounts } = toRootless({ ociVersion: "1.0.2" }, options);
    assertEquals(mounts?.at(-1)?.options, ["rbind", "ro", "nodev", "noexec"]);
  },
);

Deno.test(
  "toRootless() makes do with an empty configuration",
  NO_PERMISSIONS,
  () => {
    assertEquals(toRootless({ ociVersion: "1.0.2" }), {
      ociVersion: "1.0.2",
      mounts: [SYS, RESOLV_CONF],
      linux: { namespaces: [{ type: "user" }] },
    });
  },
);

const specs: fc.Arbitrary<RuntimeSpec> = fc.record({
  ociVersion: fc.constant("1.0.2"),
  process: fc.record({
    user: fc.record({
      uid: fc.nat(),
      gid: fc.nat(),
      additionalGids: fc.array(fc.nat()),
    }),
    cwd: fc.constant("/"),
  }),
  mounts: fc.array(fc.record({
    destination: fc.constantFrom("/sys", "/sys/x", "/a", "/etc/resolv.conf"),
    options: fc.array(fc.constantFrom("ro", "uid=1", "gid=2", "mode=1")),
  })),
  linux: fc.record({
    namespaces: fc.array(
      fc.record({ type: fc.constantFrom("user", "network", "pid", "mount") }),
    ),
  }),
}, { requiredKeys: ["ociVersion"] });

Deno.test(
  "toRootless() changes nothing the second time",
  NO_PERMISSIONS,
  () => {
    fc.assert(fc.property(specs, (spec) => {
      const once = toRootless(spec);
      assertEquals(toRootless(once), once);
    }));
  },
);

Deno.test(
  "toRootless() leaves the given configuration alone",
  NO_PERMISSIONS,
  () => {
    fc.assert(fc.property(specs, (spec) => {
      const before = JSON.stringify(spec);
      const rootless = toRootless(spec);
      assertEquals(JSON.stringify(spec), before);
      // Nothing is shared: changing the one does not change the other.
      for (const mount of rootless.mounts ?? []) mount.options?.push("changed");
      rootless.linux?.namespaces?.push({ type: "changed" });
      assert(JSON.stringify(spec) === before);
    }));
  },
);
