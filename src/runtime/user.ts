/**
 * Who a container runs as: an image's `User` looked up in the image's own
 * `/etc/passwd` and `/etc/group`, with the rules that runc and umoci follow.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/conversion.md#configuser
 * @module
 */
import { InvalidImageError, quoteName } from "../errors.ts";

/** Who a container runs as. */
export interface ContainerUser {
  uid: number;
  gid: number;
  /** Supplementary groups, where the image names no group. */
  additionalGids: number[];
  /** The home directory, where `/etc/passwd` knows one. */
  home?: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/** The last id there is stands for «no id». */
const MAX_ID = 0xfffffffe;

/**
 * Looks an image's user up.
 *
 * @param user `user`, `uid`, `user:group`, `uid:gid` and their mixtures; empty
 * for root.
 * @param passwd The image's `/etc/passwd`, empty where it has none.
 * @param group The image's `/etc/group`, empty where it has none.
 * @returns The ids.
 * @throws {InvalidImageError} Where a name is in neither file, or a number is
 * no id.
 */
export function lookUpUser(
  user: string,
  passwd: string,
  group: string,
): ContainerUser {
  const colon = user.indexOf(":");
  const userPart = colon === -1 ? user : user.slice(0, colon);
  const groupPart = colon === -1 ? "" : user.slice(colon + 1);
  const uid = userPart === "" ? 0 : parseId(userPart, "user");
  const entry = parsePasswd(passwd).find((candidate) =>
    uid === undefined ? candidate.name === userPart : candidate.uid === uid
  );
  const foundUid = entry?.uid ?? uid;
  if (foundUid === undefined) throw unknownName("user", userPart, "passwd");
  const groups = parseGroup(group);
  const found = { uid: foundUid, home: entry?.home };
  if (groupPart !== "") {
    return {
      ...found,
      gid: lookUpGroup(groupPart, groups),
      additionalGids: [],
    };
  }
  const additionalGids = entry === undefined ? [] : groups
    .filter(({ members }) => members.includes(entry.name))
    .map(({ gid }) => gid);
  return { ...found, gid: entry?.gid ?? 0, additionalGids };
}

function lookUpGroup(name: string, groups: GroupEntry[]): number {
  const gid = parseId(name, "group") ??
    groups.find((candidate) => candidate.name === name)?.gid;
  if (gid === undefined) throw unknownName("group", name, "group");
  return gid;
}

function unknownName(
  kind: string,
  name: string,
  file: string,
): InvalidImageError {
  return new InvalidImageError(
    `Cannot run the image as ${kind} ${
      quoteName(name)
    }: its /etc/${file} has no such name`,
  );
}

/** The id that a text spells, or undefined where it is a name. */
function parseId(text: string, kind: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id <= MAX_ID) return id;
  throw new InvalidImageError(
    `Cannot run the image as ${kind} ${
      quoteName(text)
    }: the largest id is ${MAX_ID}`,
  );
}

function parsePasswd(text: string): PasswdEntry[] {
  return parseLines(
    text,
    4,
    ([name = "", , uid = "", gid = "", , home = ""]) =>
      isId(uid) && isId(gid)
        ? { name, uid: Number(uid), gid: Number(gid), home }
        : undefined,
  );
}

function parseGroup(text: string): GroupEntry[] {
  return parseLines(
    text,
    3,
    ([name = "", , gid = "", members = ""]) =>
      isId(gid)
        ? { name, gid: Number(gid), members: members.split(",") }
        : undefined,
  );
}

/**
 * A malformed line stands for nobody, least of all for root, and neither does
 * a comment. As in glibc and runc, fields behind the ids may be left out.
 */
function parseLines<T>(
  text: string,
  fieldCount: number,
  parse: (fields: string[]) => T | undefined,
): T[] {
  const entries: T[] = [];
  for (const line of text.split("\n")) {
    const fields = line.trim().split(":");
    if (fields.length < fieldCount || /^(#|$)/.test(fields[0] ?? "")) continue;
    const entry = parse(fields);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function isId(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= MAX_ID;
}
