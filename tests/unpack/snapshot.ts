/**
 * What is on disk, seen with Deno's own eyes and not with those of the code
 * under test.
 *
 * @module
 */

/** Paths below a directory and, in a word, what is there. */
export type Tree = Record<string, string>;

/**
 * Reads a tree: `dir`, `file CONTENTS`, `symlink TARGET`, `fifo`, `char`,
 * `block`. Files with more than 100 bytes are given as `file of N`.
 */
export function readTree(root: string): Tree {
  const tree: Tree = {};
  visit(root, "", (path, host) => tree[path] = describe(host));
  return tree;
}

/** Everything about a tree that nobody may change, one line for each name. */
export function readEverything(root: string): string {
  const lines: string[] = [];
  const add = (path: string, host: string) => {
    const info = Deno.lstatSync(host);
    lines.push(
      [
        path,
        describe(host),
        (info.mode ?? 0).toString(8),
        info.uid,
        info.gid,
        info.nlink,
        info.ino,
        info.mtime?.toISOString(),
        info.ctime?.toISOString(),
      ].join(" "),
    );
  };
  add(".", root);
  visit(root, "", add);
  return lines.join("\n");
}

/** Permission bits of a name, as octal digits. */
export function modeOf(path: string): string {
  return ((Deno.lstatSync(path).mode ?? 0) & 0o7777).toString(8);
}

/** When a name was changed last, in seconds since 1970. */
export function mtimeOf(path: string): number {
  return (Deno.lstatSync(path).mtime?.getTime() ?? NaN) / 1000;
}

/** Whether two names are one inode. */
export function isSameInode(a: string, b: string): boolean {
  const [first, second] = [Deno.lstatSync(a), Deno.lstatSync(b)];
  return first.ino === second.ino && first.dev === second.dev;
}

function visit(
  directory: string,
  prefix: string,
  see: (path: string, host: string) => void,
): void {
  const names = [...Deno.readDirSync(directory)].map((entry) => entry.name);
  for (const name of names.sort()) {
    const host = `${directory}/${name}`;
    see(prefix + name, host);
    if (Deno.lstatSync(host).isDirectory) visit(host, `${prefix}${name}/`, see);
  }
}

function describe(host: string): string {
  const info = Deno.lstatSync(host);
  if (info.isDirectory) return "dir";
  if (info.isSymlink) return `symlink ${Deno.readLinkSync(host)}`;
  if (info.isFifo === true) return "fifo";
  if (info.isCharDevice === true) return "char";
  if (info.isBlockDevice === true) return "block";
  if (info.size > 100) return `file of ${info.size}`;
  return `file ${Deno.readTextFileSync(host)}`;
}
