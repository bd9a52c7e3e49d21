import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ImageConfig, InvalidImageError } from "@strata/layer";
import { convert } from "../../src/runtime/convert.ts";

const PATH =
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ROOT = { uid: 0, gid: 0, additionalGids: [] };
const NO_PERMISSIONS = { permissions: "none" } as const;

function image(
  config: ImageConfig["config"],
  more: Partial<ImageConfig> = {},
): ImageConfig {
  const rootfs = { type: "layers", diff_ids: [] };
  return { os: "linux", architecture: "amd64", config, rootfs, ...more };
}

Deno.test("convert() makes umoci's configuration", NO_PERMISSIONS, () => {
  // Written down from the config.json of umoci 0.4.7 for the same image, with
  // our host name and without the second mount that it puts over /dev/shm.
  const spec = convert(
    image({
      User: "1:2",
      Env: ["A=b"],
      Volumes: { "/data": {}, "/dev/shm": {} },
      Labels: { l: "v" },
      WorkingDir: "/w",
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGTERM",
      Entrypoint: ["/bin/x"],
      Cmd: ["y"],
    }, { author: "me", created: "2026-11-23T20:16:11.205077857Z" }),
    { uid: 1, gid: 2, additionalGids: [] },
    {},
  );
  const capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
  assertEquals(spec, {
    ociVersion: "1.0.0",
    process: {
      terminal: true,
      user: { uid: 1, gid: 2 },
      args: ["/bin/x", "y"],
      env: [PATH, "TERM=xterm", "A=b"],
      cwd: "/w",
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        inheritable: capabilities,
        permitted: capabilities,
        ambient: capabilities,
      },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs" },
    hostname: "strata-default",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
      },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: [
          "nosuid",
          "noexec",
          "newinstance",
          "ptmxmode=0666",
          "mode=0620",
          "gid=5",
        ],
      },
      {
        destination: "/dev/shm",
        type: "tmpfs",
        source: "shm",
        options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
      },
      {
        destination: "/dev/mqueue",
        type: "mqueue",
        source: "mqueue",
        options: ["nosuid", "noexec", "nodev"],
      },
      {
        destination: "/sys",
        type: "sysfs",
        source: "sysfs",
        options: ["nosuid", "noexec", "nodev", "ro"],
      },
      {
        destination: "/sys/fs/cgroup",
        type: "cgroup",
        source: "cgroup",
        options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
      },
      {
        destination: "/data",
        type: "tmpfs",
        source: "none",
        options: ["rw", "nosuid", "nodev", "noexec", "relatime"],
      },
    ],
    annotations: {
      l: "v",
      "org.opencontainers.image.architecture": "amd64",
      "org.opencontainers.image.author": "me",
      "org.opencontainers.image.created": "2026-11-23T20:16:11.205077857Z",
      "org.opencontainers.image.exposedPorts": "80/tcp",
      "org.opencontainers.image.os": "linux",
      "org.opencontainers.image.stopSignal": "SIGTERM",
    },
    linux: {
      resources: { devices: [{ allow: false, access: "rwm" }] },
      namespaces: [
        { type: "pid" },
        { type: "network" },
        { type: "ipc" },
        { type: "uts" },
        { type: "mount" },
      ],
      maskedPaths: [
        "/proc/kcore",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/sys/firmware",
        "/proc/scsi",
      ],
      readonlyPaths: [
        "/proc/asound",
        "/proc/bus",
        "/proc/fs",
        "/proc/irq",
        "/proc/sys",
        "/proc/sysrq-trigger",
      ],
    },
  });
});

Deno.test("convert() puts the command together", NO_PERMISSIONS, () => {
  const args = (config: ImageConfig["config"]) =>
    convert(image(config), ROOT, {}).process?.args;
  assertEquals(args(undefined), ["sh"]);
  assertEquals(args({ Entrypoint: null, Cmd: [] }), ["sh"]);
  assertEquals(args({ Cmd: ["a", "b"] }), ["a", "b"]);
  assertEquals(args({ Entrypoint: ["e"] }), ["e"]);
  assertEquals(args({ Entrypoint: ["e"], Cmd: ["c"] }), ["e", "c"]);
});

Deno.test(
  "convert() keeps each variable once, in its place",
  NO_PERMISSIONS,
  () => {
    const env = (...Env: string[]) =>
      convert(image({ Env }), { ...ROOT, home: "/root" }, {}).process?.env ??
        [];
    assertEquals(env(), [PATH, "TERM=xterm", "HOME=/root"]);
    assertEquals(env("PATH=/bin", "X=1=2", "X=3"), [
      "PATH=/bin",
      "TERM=xterm",
      "X=3",
      "HOME=/root",
    ]);
    assertEquals(env("HOME="), [PATH, "TERM=xterm", "HOME="]);
    // The name is compared, not its beginning.
    assertEquals(env("HOMER=x", "PAT=y").slice(2), [
      "HOMER=x",
      "PAT=y",
      "HOME=/root",
    ]);
    for (const malformed of ["NAME", "=value", "", "A=\0", "A=\ud800"]) {
      assertThrows(() => env(malformed), InvalidImageError, "environment");
    }
  },
);

Deno.test(
  "convert() makes the working directory absolute",
  NO_PERMISSIONS,
  () => {
    const cwd = (WorkingDir?: string) =>
      convert(image({ WorkingDir }), ROOT, {}).process?.cwd;
    assertEquals(cwd(), "/");
    assertEquals(cwd(""), "/");
    assertEquals(cwd("srv//www/"), "/srv/www");
    assertEquals(cwd("/../../x"), "/x");
  },
);

Deno.test(
  "convert() refuses a home directory that JSON cannot hold",
  NO_PERMISSIONS,
  () => {
    // A byte that is not UTF-8, as decodeBytes gives it; and a NUL.
    for (const home of ["/caf\udce9", "/a\0b"]) {
      const user = { ...ROOT, home };
      assertThrows(
        () => convert(image(undefined), user, {}),
        InvalidImageError,
        "HOME=",
      );
      // The image's own HOME makes the user's irrelevant.
      convert(image({ Env: ["HOME=/"] }), user, {});
    }
  },
);

Deno.test(
  "convert() takes an environment of a hundred thousand names",
  NO_PERMISSIONS,
  () => {
    // 4 MiB of configuration hold more; comparing each with each takes minutes.
    const Env = Array.from({ length: 100_000 }, (_, i) => `V${i}=`);
    const started = performance.now();
    const spec = convert(image({ Env }), ROOT, {});
    assertEquals(spec.process?.env?.length, 100_002);
    assert(performance.now() - started < 2000);
  },
);

Deno.test("convert() lets labels overrule annotations", NO_PERMISSIONS, () => {
  const Labels = { "org.opencontainers.image.os": "mine" };
  const more = {
    variant: "v8",
    "os.version": "6.1",
    "os.features": ["a", "b"],
  };
  const ExposedPorts = { "80/tcp": {}, "53/udp": {} };
  assertEquals(
    convert(image({ Labels, ExposedPorts }, more), ROOT, {}).annotations,
    {
      "org.opencontainers.image.architecture": "amd64",
      "org.opencontainers.image.exposedPorts": "53/udp,80/tcp",
      "org.opencontainers.image.os": "mine",
      "org.opencontainers.image.os.features": "a,b",
      "org.opencontainers.image.os.version": "6.1",
      "org.opencontainers.image.variant": "v8",
    },
  );
});

Deno.test(
  "convert() sorts volumes and mounts nothing twice",
  NO_PERMISSIONS,
  () => {
    const Volumes = {
      "//z": {},
      "/a/b": {},
      "/x/../a/": {},
      "a": {},
      "/proc/": {},
    };
    const spec = convert(image({ Volumes }), ROOT, {});
    const destinations = spec.mounts?.map(({ destination }) => destination);
    assertEquals(destinations?.slice(7), ["/a", "/a/b", "/z"]);
    assertEquals(destinations?.filter((path) => path === "/proc").length, 1);
  },
);

Deno.test(
  "convert() refuses a volume that hides the root filesystem",
  NO_PERMISSIONS,
  () => {
    for (const volume of ["/", "", ".", "/a/.."]) {
      assertThrows(
        () => convert(image({ Volumes: { [volume]: {} } }), ROOT, {}),
        InvalidImageError,
        "whole root filesystem",
      );
    }
  },
);

Deno.test(
  "convert() adds a user namespace where ids are mapped",
  NO_PERMISSIONS,
  () => {
    const uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
    const spec = convert(image(undefined), ROOT, { uidMappings });
    assertEquals(spec.linux?.uidMappings, uidMappings);
    assertEquals(spec.linux?.gidMappings, undefined);
    assertEquals(spec.linux?.namespaces?.at(-1), { type: "user" });
  },
);
