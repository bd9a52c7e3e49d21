/**
 * The owners that an ordinary user cannot give to files: umoci and others keep
 * them in an xattr, whose value is a protobuf message of two numbers.
 *
 * @see https://github.com/rootless-containers/proto
 * @see https://protobuf.dev/programming-guides/encoding/
 * @module
 */
import { StrataError } from "./errors.ts";

/** The xattr that owners are kept in. */
export const ROOTLESS_OWNER = "user.rootlesscontainers";

/** Stands for root: the message leaves a field that is 0 out. */
const ROOT_ID = 0xffffffff;

/** Field numbers 1 and 2, both varints. */
const UID_TAG = 0x08;
const GID_TAG = 0x10;

/** An owner inside the container. */
export interface Owner {
  /** User id. */
  uid: number;
  /** Group id. */
  gid: number;
}

/**
 * Encodes an owner as the xattr's value.
 *
 * @param owner The owner inside the container.
 * @returns The message.
 */
export function encodeRootlessOwner({ uid, gid }: Owner): Uint8Array {
  const bytes: number[] = [UID_TAG];
  pushVarint(bytes, uid === 0 ? ROOT_ID : uid);
  bytes.push(GID_TAG);
  pushVarint(bytes, gid === 0 ? ROOT_ID : gid);
  return Uint8Array.from(bytes);
}

/**
 * Decodes the xattr's value.
 *
 * @param bytes The message.
 * @returns The owner inside the container.
 * @throws {StrataError} Where it is no such message.
 */
export function decodeRootlessOwner(bytes: Uint8Array): Owner {
  const owner: Owner = { uid: 0, gid: 0 };
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at];
    const [id, end] = readVarint(bytes, at + 1);
    if (tag === UID_TAG) owner.uid = id;
    else if (tag === GID_TAG) owner.gid = id;
    else throw malformed();
    at = end;
  }
  if (owner.uid === ROOT_ID) owner.uid = 0;
  if (owner.gid === ROOT_ID) owner.gid = 0;
  return owner;
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push(rest % 0x80 + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

function readVarint(bytes: Uint8Array, start: number): [number, number] {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (value > ROOT_ID) throw malformed();
    if ((byte & 0x80) === 0) return [value, at + 1];
  }
  throw malformed();
}

function malformed(): StrataError {
  return new StrataError(
    `Cannot read the owner from the xattr ${ROOTLESS_OWNER}: it is no message of two 32-bit numbers; remove the xattr`,
  );
}
