/**
 * Runs a table of hostile layers on both hosts. Beside the root lies a
 * directory that must be as it was, whatever the layer holds.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EntryError, TarError } from "../../src/errors.ts";
import type { UnpackOptions } from "../../src/options.ts";
import type { RawEntry } from "./raw_layer.ts";
import { type Host, testOnHosts, unpack } from "./scratch.ts";
import { readEverything, readTree, type Tree } from "./snapshot.ts";

/** The directory outside of the root, as tables of trees write it. */
export const OUTSIDE = "OUTSIDE";

/** An error that must come, and what it must say. */
export interface Expected {
  error: abstract new (...args: never[]) => Error;
  /** The entry that it must name. */
  entry?: string;
  message?: RegExp;
}

/** A hostile layer and what comes of it. */
export interface HostileLayer {
  name: string;
  /** The layers below it; `outside` is an absolute path. */
  lower?: (outside: string) => RawEntry[];
  layer: (outside: string) => Iterable<RawEntry>;
  options?: UnpackOptions;
  /** The error, or the exact tree there is then. */
  outcome: Expected | Tree;
  /** Where Deno's own API ends in something else. */
  denoOutcome?: Expected | Tree;
  needsRoot?: boolean;
}

/** Registers the tests of a table. */
export function testHostileLayers(table: readonly HostileLayer[]): void {
  for (const row of table) {
    testOnHosts(
      row.name,
      (base, host) => runHostileLayer(base, host, row),
      { needsRoot: row.needsRoot },
    );
  }
}

/** Shorthand for the error that most hostile entries end in. */
export function refused(entry: string, message: RegExp): Expected {
  return { error: EntryError, entry, message };
}

async function runHostileLayer(
  base: string,
  host: Host,
  row: HostileLayer,
): Promise<void> {
  const root = `${base}/root`;
  const outside = `${base}/outside`;
  Deno.mkdirSync(root);
  Deno.mkdirSync(`${outside}/directory`, { recursive: true });
  Deno.writeTextFileSync(`${outside}/secret`, "secret", { mode: 0o600 });
  Deno.writeTextFileSync(`${outside}/directory/file`, "file");
  Deno.symlinkSync("secret", `${outside}/symlink`);
  Deno.utimeSync(`${outside}/secret`, 1000, 2000);
  Deno.utimeSync(outside, 3000, 4000);
  if (row.lower !== undefined) await unpack(root, [row.lower(outside)]);
  const before = readEverything(outside);
  const siblings = [...Deno.readDirSync(base)].length;

  const error = await unpack(root, [row.layer(outside)], row.options)
    .then(() => undefined, (error: unknown) => error);

  assertEquals(readEverything(outside), before);
  assertEquals([...Deno.readDirSync(base)].length, siblings);
  const outcome = host === "deno"
    ? row.denoOutcome ?? row.outcome
    : row.outcome;
  if (isExpected(outcome)) return checkError(error, outcome);
  if (error !== undefined) throw error;
  assertEquals(withoutOutside(readTree(root), outside), outcome);
}

function isExpected(outcome: Expected | Tree): outcome is Expected {
  return typeof outcome.error === "function";
}

function checkError(error: unknown, expected: Expected): void {
  assert(error !== undefined, "it was unpacked, and must not be");
  assert(error instanceof expected.error, String(error));
  if (expected.message !== undefined) {
    assert(expected.message.test(error.message), error.message);
  }
  if (expected.entry === undefined) return;
  assert(error instanceof EntryError || error instanceof TarError);
  assertEquals(error.entry, expected.entry);
}

/** Writes the path of the outside directory, which differs each time, short. */
function withoutOutside(tree: Tree, outside: string): Tree {
  const path = outside.slice(1);
  const short: Tree = {};
  for (const [name, what] of Object.entries(tree)) {
    if (path.startsWith(`${name}/`)) continue;
    short[name.replace(path, OUTSIDE)] = what.replace(outside, `/${OUTSIDE}`);
  }
  return short;
}
