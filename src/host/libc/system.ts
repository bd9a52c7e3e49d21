/**
 * System calls through the C library: names as strings in, results or negative
 * error numbers out, and no allocation on the way.
 *
 * @module
 */
import { encodeBytes } from "../../byte_string.ts";
import { quoteName, SystemError } from "../../errors.ts";
import type { Timestamp } from "../../tar/header.ts";
import type { InodeInfo } from "../directory.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_CLOEXEC } from "./constants.ts";
import { encodeInto } from "./encode_name.ts";
import { describeErrno, EAGAIN, EINTR, EINVAL } from "./errno.ts";
import type { Library } from "./library.ts";
import { readStatx, STATX_SIZE } from "./statx.ts";

const IS_ARM = Deno.build.arch === "aarch64";

const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;

const NR_OPENAT2 = 437;
const NR_STATX = IS_ARM ? 291 : 332;
const NR_GETDENTS64 = IS_ARM ? 61 : 217;

const SEEK_SET = 0;

/** The size of struct statfs, and where its flags are, on 64-bit machines. */
const STATFS_SIZE = 120;
const STATFS_FLAGS = 80;

/** Longer names the kernel refuses anyway. */
const NAME_BUFFER = 8192;

const systems = new WeakMap<Library, System>();

/** The system calls, bound to one opened library and one thread. */
export class System {
  readonly #library: Library;
  readonly #errnoLocation: Deno.PointerObject;
  readonly #errno = new Int32Array(1);
  readonly #errnoBytes = new Uint8Array(this.#errno.buffer);
  readonly #name = new Uint8Array(NAME_BUFFER);
  readonly #secondName = new Uint8Array(NAME_BUFFER);
  readonly #times = new Uint32Array(8);
  readonly #timesBytes = new Uint8Array(this.#times.buffer);
  readonly #statx = new Uint32Array(STATX_SIZE / 4);
  readonly #statxBytes = new Uint8Array(this.#statx.buffer);
  readonly #howFlags = new Uint32Array(6);
  readonly #how = new Uint8Array(this.#howFlags.buffer);
  readonly #entries = new Uint8Array(64 * 1024);
  readonly #entriesView = new DataView(this.#entries.buffer);
  readonly #empty = new Uint8Array(1);
  #euid: number | undefined;

  /** The calls of a library, made once for each. */
  static of(library: Library): System {
    const system = systems.get(library) ?? new System(library);
    systems.set(library, system);
    return system;
  }

  /** @param library The opened library. */
  constructor(library: Library) {
    this.#library = library;
    const location = library.__errno_location();
    if (location === null) {
      throw new SystemError("EFAULT", "Cannot find errno in the C library");
    }
    // Errno is the thread's own; a worker opens a library of its own.
    this.#errnoLocation = location;
  }

  /** The result, or the negative error number where it is -1. */
  #check(result: number): number {
    return result === -1 ? -this.#readErrno() : result;
  }

  /**
   * Not through `Deno.UnsafePointerView`: that wants `--allow-ffi` for all
   * libraries, where a grant for this one is enough for its functions.
   */
  #readErrno(): number {
    this.#library.memcpy(this.#errnoBytes, this.#errnoLocation, 4);
    return this.#errno[0] ?? 0;
  }

  /**
   * Opens a directory or file below a directory, passing no symlink and never
   * leaving it.
   */
  openBeneath(directory: number, path: string, flags: number): number {
    this.#howFlags[0] = flags | O_CLOEXEC;
    this.#howFlags[4] = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
      RESOLVE_BENEATH;
    const name = this.#encode(path);
    for (let tries = 0;; tries++) {
      const fd = this.#check(
        this.#library.openat2(NR_OPENAT2, directory, name, this.#how, 24),
      );
      // The kernel asks to try again where something was renamed meanwhile.
      if (fd !== -EAGAIN || tries === 100) return fd;
    }
  }

  openat(directory: number, name: string, flags: number, mode = 0): number {
    return this.#check(
      this.#library.openat(
        directory,
        this.#encode(name),
        flags | O_CLOEXEC,
        mode,
      ),
    );
  }

  close(fd: number): void {
    this.#library.close(fd);
  }

  /** The flags of the mount that holds a path; 0 where there are none. */
  statfsFlags(path: string): number {
    const statfs = new DataView(new ArrayBuffer(STATFS_SIZE));
    const bytes = new Uint8Array(statfs.buffer);
    const result = this.#library.statfs(this.#encode(path), bytes);
    return result < 0 ? 0 : statfs.getUint32(STATFS_FLAGS, true);
  }

  /** Writes to the device what was written to a filesystem. */
  syncfs(fd: number): number {
    return this.#check(this.#library.syncfs(fd));
  }

  /** Mounts a filesystem whose options are its own. */
  mount(source: string, target: string, type: string, data: string): number {
    const text = encodeBytes(`${type}\0${source}\0${data}\0`);
    const dataStart = type.length + source.length + 2;
    return this.#check(
      this.#library.mount(
        text.subarray(type.length + 1),
        this.#encode(target),
        text,
        0n,
        text.subarray(dataStart),
      ),
    );
  }

  umount(target: string): number {
    return this.#check(this.#library.umount2(this.#encode(target), 0));
  }

  /** The user id that the process acts as; Deno has no way to change it. */
  get euid(): number {
    this.#euid ??= this.#library.geteuid();
    return this.#euid;
  }

  read(fd: number, bytes: Uint8Array): number {
    return this.#check(this.#library.read(fd, bytes, bytes.length));
  }

  /** Writes all of the bytes; 0, or a negative error number. */
  writeAll(fd: number, bytes: Uint8Array): number {
    let written = this.#check(this.#library.write(fd, bytes, bytes.length));
    while (written !== bytes.length) {
      if (written < 0 && written !== -EINTR) return written;
      const rest = bytes.subarray(Math.max(0, written));
      const more = this.#check(this.#library.write(fd, rest, rest.length));
      if (more < 0 && more !== -EINTR) return more;
      written = Math.max(0, written) + Math.max(0, more);
    }
    return 0;
  }

  seek(fd: number, offset: number): number {
    const result = this.#library.lseek(fd, BigInt(offset), SEEK_SET);
    return result < 0 ? -this.#readErrno() : 0;
  }

  truncate(fd: number, size: number): number {
    return this.#check(this.#library.ftruncate(fd, BigInt(size)));
  }

  mkdirat(directory: number, name: string, mode: number): number {
    return this.#check(
      this.#library.mkdirat(directory, this.#encode(name), mode),
    );
  }

  unlinkat(directory: number, name: string, flags: number): number {
    return this.#check(
      this.#library.unlinkat(directory, this.#encode(name), flags),
    );
  }

  renameat(from: number, name: string, to: number, newName: string): number {
    const second = this.#encodeSecond(newName);
    return this.#check(
      this.#library.renameat(from, this.#encode(name), to, second),
    );
  }

  linkat(from: number, name: string, to: number, newName: string): number {
    const second = this.#encodeSecond(newName);
    return this.#check(
      this.#library.linkat(from, this.#encode(name), to, second, 0),
    );
  }

  symlinkat(target: string, directory: number, name: string): number {
    const second = this.#encodeSecond(target);
    return this.#check(
      this.#library.symlinkat(second, directory, this.#encode(name)),
    );
  }

  /** Reads a symlink's target into `buffer`; its length, or an error. */
  readlinkat(directory: number, name: string, buffer: Uint8Array): number {
    return this.#check(
      this.#library.readlinkat(
        directory,
        this.#encode(name),
        buffer,
        buffer.length,
      ),
    );
  }

  mknodat(
    directory: number,
    name: string,
    mode: number,
    major: number,
    minor: number,
  ): number {
    // The kernel has 12 and 20 bits for them, and musl cuts off what is more.
    if (major > 0xfff || minor > 0xfffff) return -EINVAL;
    const device = (minor & 0xff) + (major & 0xfff) * 0x100 +
      (minor - (minor & 0xff)) * 0x1000;
    return this.#check(
      this.#library.mknodat(
        directory,
        this.#encode(name),
        mode,
        BigInt(device),
      ),
    );
  }

  fchown(fd: number, uid: number, gid: number): number {
    return this.#check(this.#library.fchown(fd, uid, gid));
  }

  lchownat(directory: number, name: string, uid: number, gid: number): number {
    return this.#check(
      this.#library.fchownat(
        directory,
        this.#encode(name),
        uid,
        gid,
        AT_SYMLINK_NOFOLLOW,
      ),
    );
  }

  fchmod(fd: number, mode: number): number {
    return this.#check(this.#library.fchmod(fd, mode));
  }

  lchmodat(directory: number, name: string, mode: number): number {
    return this.#check(
      this.#library.fchmodat(
        directory,
        this.#encode(name),
        mode,
        AT_SYMLINK_NOFOLLOW,
      ),
    );
  }

  futimens(fd: number, atime: Timestamp, mtime: Timestamp): number {
    return this.#check(
      this.#library.futimens(fd, this.#encodeTimes(atime, mtime)),
    );
  }

  lutimensat(
    directory: number,
    name: string,
    atime: Timestamp,
    mtime: Timestamp,
  ): number {
    return this.#check(
      this.#library.utimensat(
        directory,
        this.#encode(name),
        this.#encodeTimes(atime, mtime),
        AT_SYMLINK_NOFOLLOW,
      ),
    );
  }

  fsetxattr(fd: number, name: string, value: Uint8Array): number {
    return this.#check(
      this.#library.fsetxattr(
        fd,
        this.#encode(name),
        value.length === 0 ? this.#empty : value,
        value.length,
        0,
      ),
    );
  }

  lsetxattr(path: string, name: string, value: Uint8Array): number {
    const second = this.#encodeSecond(name);
    return this.#check(
      this.#library.lsetxattr(
        this.#encode(path),
        second,
        value.length === 0 ? this.#empty : value,
        value.length,
        0,
      ),
    );
  }

  /** Reads the names of xattrs into `buffer`; their length, or an error. */
  flistxattr(fd: number, buffer: Uint8Array): number {
    return this.#check(this.#library.flistxattr(fd, buffer, buffer.length));
  }

  /** Reads the names of xattrs into `buffer`; their length, or an error. */
  llistxattr(path: string, buffer: Uint8Array): number {
    return this.#check(
      this.#library.llistxattr(this.#encode(path), buffer, buffer.length),
    );
  }

  /** Reads an xattr into `buffer`; its length, or an error. */
  fgetxattr(fd: number, name: string, buffer: Uint8Array): number {
    return this.#check(
      this.#library.fgetxattr(fd, this.#encode(name), buffer, buffer.length),
    );
  }

  /** Reads an xattr into `buffer`; its length, or an error. */
  lgetxattr(path: string, name: string, buffer: Uint8Array): number {
    const second = this.#encodeSecond(name);
    return this.#check(
      this.#library.lgetxattr(
        this.#encode(path),
        second,
        buffer,
        buffer.length,
      ),
    );
  }

  fremovexattr(fd: number, name: string): number {
    return this.#check(this.#library.fremovexattr(fd, this.#encode(name)));
  }

  lremovexattr(path: string, name: string): number {
    const second = this.#encodeSecond(name);
    return this.#check(
      this.#library.lremovexattr(this.#encode(path), second),
    );
  }

  /**
   * Reads what an inode is; a symlink is not followed.
   *
   * @param directory The descriptor of a directory, or of the inode itself.
   * @param name The name, empty for the descriptor's own inode.
   * @returns What it is, or a negative error number.
   */
  stat(directory: number, name: string): InodeInfo | number {
    const result = this.#check(
      this.#library.statx(
        NR_STATX,
        directory,
        this.#encode(name),
        AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH,
        0x7ff,
        this.#statxBytes,
      ),
    );
    if (result < 0) return result;
    return readStatx(this.#statx);
  }

  /**
   * Reads the next names of an open directory as raw records.
   *
   * @param fd The directory.
   * @param take Called with each name's bytes, `.` and `..` left out.
   * @returns Bytes read, 0 at the end, or a negative error number.
   */
  readEntries(
    fd: number,
    take: (bytes: Uint8Array, start: number, end: number) => void,
  ): number {
    const bytes = this.#entries;
    const length = this.#check(
      this.#library.getdents64(NR_GETDENTS64, fd, bytes, bytes.length),
    );
    for (let at = 0; at < length;) {
      const next = at + this.#entriesView.getUint16(at + 16, true);
      const start = at + 19;
      const end = bytes.indexOf(0, start);
      const isDots = bytes[start] === 0x2e &&
        (end === start + 1 || (end === start + 2 && bytes[start + 1] === 0x2e));
      if (!isDots) take(bytes, start, end);
      at = next;
    }
    return length;
  }

  #encode(name: string): Uint8Array<ArrayBuffer> {
    return encodeInto(name, this.#name);
  }

  #encodeSecond(name: string): Uint8Array<ArrayBuffer> {
    return encodeInto(name, this.#secondName);
  }

  #encodeTimes(atime: Timestamp, mtime: Timestamp): Uint8Array<ArrayBuffer> {
    const times = this.#times;
    times[0] = atime.seconds;
    times[1] = Math.floor(atime.seconds / 0x100000000);
    times[2] = atime.nanoseconds;
    times[4] = mtime.seconds;
    times[5] = Math.floor(mtime.seconds / 0x100000000);
    times[6] = mtime.nanoseconds;
    return this.#timesBytes;
  }
}

/**
 * Makes the error of a failed call.
 *
 * @param result The negative error number.
 * @param action What could not be done, such as `make a directory`.
 * @param path To what.
 * @returns The error.
 */
export function systemError(
  result: number,
  action: string,
  path: string,
): SystemError {
  const [code, meaning] = describeErrno(-result);
  return new SystemError(
    code,
    `Cannot ${action} ${quoteName(path)}: ${meaning} (${code})`,
  );
}
