/**
 * What is on disk, seen with eyes that are not Strata's, and how two trees
 * differ.
 *
 * @module
 */
import { runScript } from "./command.ts";

/** One path of a tree, as `scripts/scan_tree.py` sees it. */
export interface TreeEntry {
  /** Path below the root, `.` for the root itself. */
  path: string;
  /** What it is, in the words of `TarEntryType`, or `socket`. */
  type: string;
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  /** Values as hexadecimal digits. */
  xattrs: Record<string, string>;
  /** Of files. */
  size?: number;
  /** Bytes on disk, of files; not compared. */
  allocated?: number;
  /** Of files. */
  sha256?: string;
  /** Of symlinks. */
  target?: string;
  /** Of devices, `major:minor`. */
  device?: string;
  /** The first path of the same inode, where it has several in the tree. */
  linkGroup?: string;
}

/** The entries of a tree by path. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** What is compared, in the order of a report. */
const ATTRIBUTES = [
  "type",
  "mode",
  "uid",
  "gid",
  "size",
  "mtimeSeconds",
  "mtimeNanoseconds",
  "target",
  "device",
  "linkGroup",
  "xattrs",
  "sha256",
] as const;

/** An attribute that is compared. */
export type Attribute = (typeof ATTRIBUTES)[number];

/** A difference that is right, and why. */
export interface Explanation {
  /** The paths at which it is right. */
  path: RegExp;
  /** What differs there. */
  attributes: Attribute[];
  /** The part of a specification, or the peer's fault, that explains it. */
  because: string;
}

/** Reads a tree. */
export async function scanTree(root: string): Promise<Tree> {
  const entries: TreeEntry[] = JSON.parse(
    await runScript("python3", "scan_tree.py", [root]),
  );
  return new Map(entries.map((entry) => [entry.path, entry]));
}

/**
 * Compares two trees.
 *
 * @returns One line for each difference that no explanation covers, and for
 * each explanation that covers none, which is then out of date.
 */
export function compareTrees(
  expected: Tree,
  actual: Tree,
  explanations: Explanation[] = [],
): string[] {
  const differences: string[] = [];
  const used = new Set<Explanation>();
  for (const [path, entry] of expected) {
    const other = actual.get(path);
    if (other === undefined) {
      differences.push(`${JSON.stringify(path)}: missing`);
      continue;
    }
    for (const attribute of ATTRIBUTES) {
      const wanted = shown(entry[attribute]);
      const found = shown(other[attribute]);
      if (wanted === found) continue;
      const explanation = explanations.find((candidate) =>
        candidate.attributes.includes(attribute) && candidate.path.test(path)
      );
      if (explanation === undefined) {
        differences.push(
          `${JSON.stringify(path)}: ${attribute} is ${found}, not ${wanted}`,
        );
      } else {
        used.add(explanation);
      }
    }
  }
  for (const path of actual.keys()) {
    if (!expected.has(path)) differences.push(`${JSON.stringify(path)}: extra`);
  }
  for (const explanation of explanations) {
    if (!used.has(explanation)) {
      differences.push(`${explanation.path} explains nothing any more`);
    }
  }
  return differences;
}

/** An attribute as text that is equal where the attribute is. */
function shown(value: TreeEntry[Attribute]): string {
  return JSON.stringify(value) ?? "none";
}

/** Fails with a list of the differences. */
export function assertSameTree(
  expected: Tree,
  actual: Tree,
  explanations: Explanation[] = [],
): void {
  const differences = compareTrees(expected, actual, explanations);
  if (differences.length === 0) return;
  const listed = differences.slice(0, 50).join("\n  ");
  throw new Error(`The trees differ ${differences.length} times:\n  ${listed}`);
}
