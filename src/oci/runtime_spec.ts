/**
 * The runtime-spec's `config.json` as types, in the names JSON uses: what an
 * image is turned into, and what runc and its peers take. Fields that are not
 * named here stay in the object as they were read.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config.md
 * @module
 */
import type { IdMapping } from "../options.ts";

/** The user a process runs as (runtime-spec, config.md). */
export interface ProcessUser {
  /** User id inside the container. */
  uid: number;
  /** Group id inside the container. */
  gid: number;
  /** File mode creation mask. */
  umask?: number;
  /** Supplementary group ids inside the container. */
  additionalGids?: number[];
  /** Name of the user, on Windows. */
  username?: string;
}

/** Sets of capabilities, in names such as `CAP_KILL`. */
export interface ProcessCapabilities {
  /** What the process may ever have. */
  bounding?: string[];
  /** What it may do. */
  effective?: string[];
  /** What it hands to programs it starts, as far as those allow. */
  inheritable?: string[];
  /** What it may make effective. */
  permitted?: string[];
  /** What it hands to programs without capabilities of their own. */
  ambient?: string[];
}

/** A resource limit of a process. */
export interface ProcessLimit {
  /** Which limit, such as `RLIMIT_NOFILE`. */
  type: string;
  /** The ceiling. */
  hard: number;
  /** The limit that is enforced. */
  soft: number;
}

/** The process of a container (runtime-spec, config.md). */
export interface RuntimeProcess {
  /** Whether it has a terminal. */
  terminal?: boolean;
  /** Size of the terminal in characters. */
  consoleSize?: { height: number; width: number };
  /** The user it runs as. */
  user: ProcessUser;
  /** The program and its arguments. */
  args?: string[];
  /** Environment as `NAME=value`. */
  env?: string[];
  /** Directory it starts in, absolute. */
  cwd: string;
  /** Its capabilities. */
  capabilities?: ProcessCapabilities;
  /** Its resource limits. */
  rlimits?: ProcessLimit[];
  /** Whether it and its children are kept from gaining privileges. */
  noNewPrivileges?: boolean;
  /** AppArmor profile. */
  apparmorProfile?: string;
  /** SELinux label. */
  selinuxLabel?: string;
  /** Adjustment for the out-of-memory killer. */
  oomScoreAdj?: number;
  /** How the process is scheduled, such as `{ policy: "SCHED_BATCH" }`. */
  scheduler?: { policy: string; [setting: string]: unknown };
  /** How its reading and writing is scheduled. */
  ioPriority?: { class: string; priority: number };
}

/** A mount in the container (runtime-spec, config.md). */
export interface Mount {
  /** Where, absolute in the container. */
  destination: string;
  /** Filesystem, or `bind`. */
  type?: string;
  /** Device, directory or a name without meaning. */
  source?: string;
  /** Options as mount(8) and the runtime-spec name them. */
  options?: string[];
  /** User id mappings of an id-mapped mount. */
  uidMappings?: IdMapping[];
  /** Group id mappings of an id-mapped mount. */
  gidMappings?: IdMapping[];
}

/** A namespace of the container (runtime-spec, config-linux.md). */
export interface LinuxNamespace {
  /** Which one: `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup`, `time`. */
  type: string;
  /** The namespace to join; a new one is made without it. */
  path?: string;
}

/** Access to devices in a container's cgroup. */
export interface LinuxDeviceRule {
  /** Whether access is given or refused. */
  allow: boolean;
  /** `a`, `c` or `b`. */
  type?: string;
  /** Major number. */
  major?: number;
  /** Minor number. */
  minor?: number;
  /** Some of `r`, `w` and `m`. */
  access?: string;
}

/** What is particular to Linux (runtime-spec, config-linux.md). */
export interface RuntimeLinux {
  /** User ids inside and outside. */
  uidMappings?: IdMapping[];
  /** Group ids inside and outside. */
  gidMappings?: IdMapping[];
  /** Kernel parameters. */
  sysctl?: Record<string, string>;
  /** Limits of the container's cgroup. */
  resources?: { devices?: LinuxDeviceRule[]; [controller: string]: unknown };
  /** Path of the container's cgroup. */
  cgroupsPath?: string;
  /** Namespaces. */
  namespaces?: LinuxNamespace[];
  /** Devices that are made in the container. */
  devices?: {
    /** `c`, `b`, `u` or `p`. */
    type: string;
    path: string;
    major?: number;
    minor?: number;
    fileMode?: number;
    uid?: number;
    gid?: number;
  }[];
  /** Filter of system calls. */
  seccomp?: {
    /** What happens to a call that no rule names, such as `SCMP_ACT_ERRNO`. */
    defaultAction: string;
    defaultErrnoRet?: number;
    /** Such as `SCMP_ARCH_X86_64`. */
    architectures?: string[];
    flags?: string[];
    listenerPath?: string;
    listenerMetadata?: string;
    syscalls?: {
      names: string[];
      action: string;
      errnoRet?: number;
      args?: { index: number; value: number; valueTwo?: number; op: string }[];
    }[];
  };
  /** Propagation of the root mount. */
  rootfsPropagation?: string;
  /** Paths that cannot be read in the container. */
  maskedPaths?: string[];
  /** Paths that cannot be written in the container. */
  readonlyPaths?: string[];
  /** SELinux label of mounts. */
  mountLabel?: string;
  /** Limits of caches and of memory bandwidth, on Intel's processors. */
  intelRdt?: Record<string, unknown>;
  /** The kernel's execution domain. */
  personality?: { domain: string; flags?: string[] };
  /** Offsets of the clocks `monotonic` and `boottime`, in a time namespace. */
  timeOffsets?: Record<string, { secs?: number; nanosecs?: number }>;
}

/** A container's configuration (runtime-spec, config.md). */
export interface RuntimeSpec {
  /** Version of the runtime-spec that this follows. */
  ociVersion: string;
  /** The process. */
  process?: RuntimeProcess;
  /** The root filesystem. */
  root?: { path: string; readonly?: boolean };
  /** Host name inside the container. */
  hostname?: string;
  /** Domain name inside the container. */
  domainname?: string;
  /** Mounts, in the order they are made. */
  mounts?: Mount[];
  /** Programs that the runtime calls, by when it does, as `createRuntime`. */
  hooks?: Record<string, {
    path: string;
    args?: string[];
    env?: string[];
    /** Seconds until it is given up. */
    timeout?: number;
  }[]>;
  /** Free metadata. */
  annotations?: Record<string, string>;
  /** What is particular to Linux. */
  linux?: RuntimeLinux;
}
