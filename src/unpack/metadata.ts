/**
 * What an entry's header means for the inode on this machine.
 *
 * @module
 */
import { EntryError } from "../errors.ts";
import type { Metadata } from "../host/directory.ts";
import { isHostXattr } from "../host/xattr_policy.ts";
import { toHostId } from "../id_map.ts";
import type { IdMapping, UnpackOptions } from "../options.ts";
import { encodeRootlessOwner, ROOTLESS_OWNER } from "../rootless_owner.ts";
import type { TarHeader } from "../tar/header.ts";

/** What of a header becomes an inode's metadata. */
type Described = Pick<
  TarHeader,
  "name" | "mode" | "uid" | "gid" | "mtime" | "atime" | "xattrs"
>;

/** The kernel takes this id for «leave it as it is». */
const NO_ID = 0xffffffff;

/**
 * Makes an inode's metadata of an entry's.
 *
 * @param header The entry.
 * @param options The caller's options.
 * @returns The metadata, owners mapped to the host's ids, or, where nothing
 * can be chowned, kept in an xattr.
 * @throws {EntryError} Where an owner is no id.
 * @throws {UnmappedIdError} Where the mappings do not cover an owner.
 */
export function toMetadata(
  header: Described,
  options: UnpackOptions,
): Metadata {
  const { mode, mtime, atime = mtime } = header;
  const times = { mode, atime, mtime };
  const xattrs = imageXattrs(header.xattrs);
  if (options.rootless === true) {
    return { owner: undefined, xattrs: withOwner(xattrs, header), ...times };
  }
  const owner = {
    uid: ownerId(header, "uid", options.uidMappings),
    gid: ownerId(header, "gid", options.gidMappings),
  };
  return { owner, xattrs, ...times };
}

/** Adds the owner's xattr, in place of one that the image may have. */
function withOwner(
  xattrs: ReadonlyMap<string, Uint8Array>,
  header: Described,
): ReadonlyMap<string, Uint8Array> {
  const owner = {
    uid: ownerId(header, "uid", undefined),
    gid: ownerId(header, "gid", undefined),
  };
  const isRoots = owner.uid === 0 && owner.gid === 0;
  if (isRoots && !xattrs.has(ROOTLESS_OWNER)) return xattrs;
  const all = new Map(xattrs);
  all.delete(ROOTLESS_OWNER);
  if (!isRoots) all.set(ROOTLESS_OWNER, encodeRootlessOwner(owner));
  return all;
}

/**
 * Makes the metadata of a directory that no entry speaks of: mode 0755, and
 * root's in the container where ids are mapped, else of whoever unpacks.
 *
 * @param name Path of the directory, for messages.
 * @param options The caller's options.
 * @returns The metadata.
 */
export function parentMetadata(
  name: string,
  options: UnpackOptions,
): Metadata {
  const seconds = Math.floor(Date.now() / 1000);
  const mtime = { seconds, nanoseconds: 0 };
  const xattrs = new Map<string, Uint8Array>();
  const parent = { name, mode: 0o755, uid: 0, gid: 0, mtime, xattrs };
  const isMapped = options.uidMappings !== undefined ||
    options.gidMappings !== undefined;
  return toMetadata(parent, isMapped ? options : { rootless: true });
}

function ownerId(
  header: Described,
  kind: "uid" | "gid",
  mappings: IdMapping[] | undefined,
): number {
  const id = header[kind];
  if (id < 0 || id >= NO_ID) {
    throw new EntryError(
      header.name,
      `its ${kind} is ${id}, where 0 to ${NO_ID - 1} are possible`,
    );
  }
  const isMapped = mappings !== undefined && mappings.length > 0;
  return isMapped ? toHostId(id, mappings, kind) : id;
}

function imageXattrs(
  xattrs: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  if (xattrs.size === 0) return xattrs;
  return new Map([...xattrs].filter(([name]) => !isHostXattr(name)));
}
