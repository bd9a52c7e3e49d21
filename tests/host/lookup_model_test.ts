import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SystemError } from "../../src/errors.ts";
import { ALL_HOSTS, openHost } from "./hosts.ts";

/** A tree in memory: a directory, a symlink's target, or a file. */
type Node = Map<string, Node> | string | null;

/** Few names, so that random paths often meet. */
const name = fc.constantFrom("a", "b", "c", "d", "é");
const component = fc.oneof(
  { weight: 6, arbitrary: name },
  { weight: 2, arbitrary: fc.constant("..") },
  { weight: 1, arbitrary: fc.constantFrom(".", "") },
);
const path = fc.array(component, { maxLength: 6 })
  .map((parts) => parts.join("/"));
/** A symlink without a target is impossible. */
const target = path.map((text) => text === "" ? "/" : text);

const { tree } = fc.letrec<{ tree: Map<string, Node>; node: Node }>((tie) => ({
  tree: fc.array(fc.tuple(name, tie("node")), { maxLength: 5 })
    .map((children) => new Map(children)),
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    target,
    target,
    tie("tree"),
    tie("tree"),
  ),
}));

/**
 * What chroot(2) and then following the path would find, by path_resolution(7):
 * the directory's path, undefined where there is none, or ELOOP.
 */
function resolve(root: Map<string, Node>, path: string): string | undefined {
  let names: string[] = [];
  let directories = [root];
  let links = 0;
  const todo = path.split("/");
  while (todo.length > 0) {
    const part = todo.shift() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      names.pop();
      if (directories.length > 1) directories.pop();
      continue;
    }
    const child = directories.at(-1)?.get(part);
    if (child === undefined || child === null) return undefined;
    if (typeof child === "string") {
      if (++links > 40) return "ELOOP";
      if (child.startsWith("/")) {
        names = [];
        directories = [root];
      }
      todo.unshift(...child.split("/"));
    } else {
      names.push(part);
      directories.push(child);
    }
  }
  return names.join("/");
}

function write(path: string, tree: Map<string, Node>): void {
  for (const [name, node] of tree) {
    const child = `${path}/${name}`;
    if (node === null) Deno.writeTextFileSync(child, "");
    else if (typeof node === "string") Deno.symlinkSync(node, child);
    else {
      Deno.mkdirSync(child);
      write(child, node);
    }
  }
}

function outcome(find: () => { path: string } | undefined): string | undefined {
  try {
    return find()?.path;
  } catch (error) {
    if (error instanceof SystemError) return error.code;
    throw error;
  }
}

for (const host of ALL_HOSTS) {
  Deno.test(`directory() agrees with a model of chroot (${host})`, () => {
    const base = Deno.makeTempDirSync({ prefix: "strata-model-" });
    let count = 0;
    try {
      fc.assert(
        fc.property(tree, fc.array(path, { maxLength: 12 }), (tree, paths) => {
          const place = `${base}/${count++}`;
          Deno.mkdirSync(place);
          write(place, tree);
          using root = openHost(host, place);
          for (const asked of paths) {
            const expected = resolve(tree, asked);
            assertEquals(outcome(() => root.directory(asked)), expected, asked);
          }
        }),
        { numRuns: 150 },
      );
    } finally {
      Deno.removeSync(base, { recursive: true });
    }
  });
}

/** Still fewer and shorter ones: what was found must be asked for again. */
const often = fc.constantFrom("a", "b");
const shortPath = fc.array(often, { maxLength: 3 })
  .map((parts) => parts.join("/"));

/** Something that happens to a tree between lookups. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ find: shortPath }) },
  { weight: 1, arbitrary: fc.record({ remove: often, in: shortPath }) },
  {
    weight: 1,
    arbitrary: fc.record({ link: often, in: shortPath, target }),
  },
);

/** The directory at a path of the model's own, without symlinks. */
function at(root: Map<string, Node>, path: string): Map<string, Node> {
  let directory = root;
  for (const name of path.split("/")) {
    const child = directory.get(name);
    if (child instanceof Map) directory = child;
  }
  return directory;
}

for (const host of ALL_HOSTS) {
  Deno.test(`what was found is forgotten when it must be (${host})`, () => {
    const base = Deno.makeTempDirSync({ prefix: "strata-model-" });
    let count = 0;
    try {
      fc.assert(
        fc.property(
          tree,
          fc.array(step, { minLength: 10, maxLength: 40 }),
          (tree, steps) => {
            const place = `${base}/${count++}`;
            Deno.mkdirSync(place);
            write(place, tree);
            using root = openHost(host, place);
            const model = structuredClone(tree);
            for (const step of steps) {
              const asked = "find" in step ? step.find : step.in;
              const expected = resolve(model, asked);
              assertEquals(
                outcome(() => root.directory(asked)),
                expected,
                asked,
              );
              if (expected === undefined || expected === "ELOOP") continue;
              const directory = root.directory(asked);
              if ("remove" in step) {
                const isThere = at(model, expected).delete(step.remove);
                assertEquals(directory?.remove(step.remove), isThere);
              } else if ("link" in step) {
                directory?.remove(step.link);
                directory?.createSymlink(step.link, step.target);
                at(model, expected).set(step.link, step.target);
              }
            }
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      Deno.removeSync(base, { recursive: true });
    }
  });
}
