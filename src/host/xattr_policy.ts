/**
 * Xattrs that belong to the machine and not to the image: the SELinux policy
 * labels files by itself, and NFS keeps its ACLs there.
 */
const HOST_XATTRS: ReadonlySet<string> = new Set([
  "security.selinux",
  "system.nfs4_acl",
]);

/**
 * Tells whether an xattr belongs to the machine.
 *
 * @param name The xattr's full name.
 * @returns Whether it is never to be written or read.
 */
export function isHostXattr(name: string): boolean {
  return HOST_XATTRS.has(name);
}

/** The access ACL, which a new inode inherits from its directory. */
export const ACCESS_ACL = "system.posix_acl_access";
/** The ACL that a directory hands down. */
export const DEFAULT_ACL = "system.posix_acl_default";
