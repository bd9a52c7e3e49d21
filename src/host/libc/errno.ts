/**
 * Error numbers, the same on x86-64 and arm64.
 *
 * @module
 */
export const EPERM = 1;
export const ENOENT = 2;
export const EACCES = 13;
export const EEXIST = 17;
export const EXDEV = 18;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const EAGAIN = 11;
export const EINTR = 4;
export const ERANGE = 34;
export const ENAMETOOLONG = 36;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;
export const ELOOP = 40;
export const ENODATA = 61;
export const ENOTSUP = 95;

const NAMES: Readonly<Record<number, readonly [string, string]>> = {
  [EPERM]: ["EPERM", "the operation is not permitted"],
  [ENOENT]: ["ENOENT", "there is no such file or directory"],
  [EINTR]: ["EINTR", "the call was interrupted"],
  5: ["EIO", "the disk reports an error"],
  7: ["E2BIG", "it is larger than the kernel allows"],
  9: ["EBADF", "its directory was closed"],
  [EAGAIN]: ["EAGAIN", "the resource is busy"],
  12: ["ENOMEM", "there is not enough memory"],
  [EACCES]: ["EACCES", "permission is denied"],
  16: ["EBUSY", "it is in use"],
  [EEXIST]: ["EEXIST", "it exists already"],
  [EXDEV]: ["EXDEV", "it lies on another filesystem"],
  19: ["ENODEV", "there is no such device"],
  [ENOTDIR]: ["ENOTDIR", "it is no directory"],
  [EISDIR]: ["EISDIR", "it is a directory"],
  [EINVAL]: ["EINVAL", "the filesystem does not take this value"],
  23: ["ENFILE", "the system has too many files open"],
  24: ["EMFILE", "the process has too many files open"],
  27: ["EFBIG", "it is larger than the filesystem allows"],
  28: ["ENOSPC", "the disk is full, or the value too large for it"],
  30: ["EROFS", "the filesystem is read-only"],
  31: ["EMLINK", "it has too many links already"],
  [ERANGE]: ["ERANGE", "the value is out of range"],
  [ENAMETOOLONG]: ["ENAMETOOLONG", "a name in it is too long"],
  [ENOSYS]: ["ENOSYS", "the kernel does not know the call"],
  [ENOTEMPTY]: ["ENOTEMPTY", "the directory is not empty"],
  [ELOOP]: ["ELOOP", "there are too many symlinks on the way"],
  [ENODATA]: ["ENODATA", "there is no such xattr"],
  [ENOTSUP]: ["ENOTSUP", "the filesystem does not support it"],
  122: ["EDQUOT", "the disk quota is used up"],
};

/**
 * Names an error number.
 *
 * @param errno The number.
 * @returns Its name in C, and what it says.
 */
export function describeErrno(errno: number): readonly [string, string] {
  return NAMES[errno] ?? [`errno ${errno}`, `the system reports ${errno}`];
}
