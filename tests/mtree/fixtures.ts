/** What the tests of manifests share. */
import type { InodeInfo } from "../../src/host/directory.ts";
import fc from "fast-check";
import { decodeBytes } from "../../src/byte_string.ts";
import {
  type Hierarchy,
  hierarchyEntries,
  type HierarchyNode,
} from "../../src/mtree/hierarchy.ts";

/** Flattens a hierarchy to `path` and its keywords, `name=value`, sorted. */
export function flatten(hierarchy: Hierarchy): [string, string[]][] {
  return [...hierarchyEntries(hierarchy)]
    .map(({ path, keywords }): [string, string[]] => [
      path,
      [...keywords].map(([name, value]) => `${name}=${value}`).sort(),
    ])
    .sort(([a], [b]) => a < b ? -1 : 1);
}

/** Names of every byte but NUL and the slash, as strings. */
export const nameArbitrary: fc.Arbitrary<string> = fc
  .array(
    fc.integer({ min: 1, max: 255 }).filter((byte) => byte !== 0x2f),
    { minLength: 1, maxLength: 12 },
  )
  .map((bytes) => decodeBytes(new Uint8Array(bytes)))
  .filter((name) => name !== "." && name !== "..");

const numberArbitrary = fc.nat().map(String);
const keywordsArbitrary = fc
  .record({
    size: numberArbitrary,
    uid: fc.constantFrom("0", "12", "4294967295"),
    gid: fc.constantFrom("0", "34"),
    mode: fc.constantFrom("0664", "0755", "04711", "0"),
    nlink: fc.constantFrom("1", "2"),
    link: nameArbitrary,
    uname: nameArbitrary,
    tar_time: fc.integer().map((seconds) => `${seconds}.000000000`),
    optional: fc.constant(""),
    vendor: nameArbitrary,
  }, { requiredKeys: [] })
  .map((record) => new Map(Object.entries(record)));

const xattrsArbitrary = fc.dictionary(
  nameArbitrary,
  fc.uint8Array({ maxLength: 9 }).map((bytes) => bytes.toBase64()),
  { maxKeys: 2 },
);

const ownKeywordsArbitrary = fc
  .tuple(keywordsArbitrary, xattrsArbitrary)
  .map(([keywords, xattrs]) => {
    for (const [name, value] of Object.entries(xattrs)) {
      keywords.set(`xattr.${name}`, value);
    }
    return keywords;
  });

/** Hierarchies of all shapes, those that no walk would give among them. */
export const hierarchyArbitrary: fc.Arbitrary<Hierarchy> = fc
  .letrec<{ node: HierarchyNode }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      makeNode(fc.constantFrom("file", "link", "fifo", undefined)),
      makeNode(fc.constant("dir"), tie("node")),
      makeNode(fc.constantFrom("dir", "file", undefined), tie("node")),
      fc.dictionary(nameArbitrary, tie("node"), { minKeys: 1, maxKeys: 3 })
        .map((children) => ({ children: new Map(Object.entries(children)) })),
    ),
  }))
  .node.map((root) => ({ root }));

function makeNode(
  type: fc.Arbitrary<string | undefined>,
  child?: fc.Arbitrary<HierarchyNode>,
): fc.Arbitrary<HierarchyNode> {
  const children: fc.Arbitrary<Record<string, HierarchyNode>> =
    child === undefined
      ? fc.constant({})
      : fc.dictionary(nameArbitrary, child, { maxKeys: 4 });
  return fc.tuple(type, ownKeywordsArbitrary, children).map(
    ([type, keywords, children]) => {
      if (type !== undefined) keywords.set("type", type);
      const node: HierarchyNode = { keywords };
      const named = Object.entries(children);
      if (named.length > 0) node.children = new Map(named);
      return node;
    },
  );
}

/** What lstat says of a file that changed long ago. */
export function inode(changes: Partial<InodeInfo> = {}): InodeInfo {
  return {
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 5,
    atime: { seconds: 1, nanoseconds: 1 },
    mtime: { seconds: 2, nanoseconds: 2 },
    ctime: { seconds: 3, nanoseconds: 3 },
    device: 4,
    inode: 5,
    nlink: 1,
    identity: "",
    deviceMajor: 0,
    deviceMinor: 0,
    ...changes,
  };
}
