/**
 * Finds the C library and opens it by FFI: glibc or musl, x86-64 or arm64.
 * Nothing is loaded before it is needed, and permission is looked up, never
 * asked for.
 *
 * @module
 */
import { SystemError } from "../../errors.ts";

/** The functions used, in the types that FFI calls without allocating. */
const SYMBOLS = {
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  renameat: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  linkat: {
    parameters: ["i32", "buffer", "i32", "buffer", "i32"],
    result: "i32",
  },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  readlinkat: {
    parameters: ["i32", "buffer", "buffer", "u32"],
    result: "i32",
  },
  mknodat: { parameters: ["i32", "buffer", "u32", "u64"], result: "i32" },
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  fchownat: {
    parameters: ["i32", "buffer", "u32", "u32", "i32"],
    result: "i32",
  },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  fsetxattr: {
    parameters: ["i32", "buffer", "buffer", "u32", "i32"],
    result: "i32",
  },
  lsetxattr: {
    parameters: ["buffer", "buffer", "buffer", "u32", "i32"],
    result: "i32",
  },
  fgetxattr: {
    parameters: ["i32", "buffer", "buffer", "u32"],
    result: "i32",
  },
  lgetxattr: {
    parameters: ["buffer", "buffer", "buffer", "u32"],
    result: "i32",
  },
  llistxattr: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  flistxattr: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  fremovexattr: { parameters: ["i32", "buffer"], result: "i32" },
  lremovexattr: { parameters: ["buffer", "buffer"], result: "i32" },
  // These have no wrapper in every library: they go by number.
  openat2: {
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "buffer", "u32"],
    result: "i32",
  },
  statx: {
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  getdents64: {
    name: "syscall",
    parameters: ["i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
  syncfs: { parameters: ["i32"], result: "i32" },
  mount: {
    parameters: ["buffer", "buffer", "buffer", "u64", "buffer"],
    result: "i32",
  },
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  memcpy: { parameters: ["buffer", "pointer", "u32"], result: "void" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The opened library. */
export type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const ARCHITECTURE = Deno.build.arch;

/**
 * Where distributions keep the library. With an unscoped grant the loader is
 * asked by name first, which knows best.
 */
const NAMES = ["libc.so.6", `libc.musl-${ARCHITECTURE}.so.1`];
const PATHS = [
  `/lib/${ARCHITECTURE}-linux-gnu/libc.so.6`,
  `/usr/lib/${ARCHITECTURE}-linux-gnu/libc.so.6`,
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/libc.so.6",
  `/lib/libc.musl-${ARCHITECTURE}.so.1`,
  `/lib/ld-musl-${ARCHITECTURE}.so.1`,
];

let opened: Library | undefined;

/**
 * Opens the C library where the system is Linux and FFI is allowed.
 *
 * @returns Its functions, or undefined where it is not to be had.
 */
export function openLibrary(): Library | undefined {
  // The permission is looked up every time: it may have been revoked.
  const candidates = allowedCandidates();
  if (candidates.length === 0) return undefined;
  if (opened !== undefined) return opened;
  for (const candidate of candidates) {
    try {
      opened = Deno.dlopen(candidate, SYMBOLS).symbols;
      return opened;
    } catch {
      // Not the place on this distribution.
    }
  }
  throw new SystemError(
    "ELIBACC",
    "Cannot open the C library: it is in none of the usual places; run deno without --allow-ffi to do without it",
  );
}

function allowedCandidates(): string[] {
  const supported = Deno.build.os === "linux" &&
    (ARCHITECTURE === "x86_64" || ARCHITECTURE === "aarch64");
  if (!supported) return [];
  const isGranted = (path?: string) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
  return isGranted() ? [...NAMES, ...PATHS] : PATHS.filter(isGranted);
}
