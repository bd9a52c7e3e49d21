/** Walks a tree, and prints the flag that it lacks. */
import { MissingPermissionError } from "../../src/errors.ts";
import { walkTree } from "../../src/mtree/walk.ts";

try {
  await walkTree(Deno.args[0] ?? "");
} catch (error) {
  if (!(error instanceof MissingPermissionError)) throw error;
  console.log(error.flag);
}
