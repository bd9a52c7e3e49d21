/**
 * The tree whose archives are read, made once for each recipe.
 *
 * @module
 */
import { join } from "@std/path";
import { cached } from "./cache.ts";
import { runScript, scriptPath } from "./command.ts";

/** Makes the tree, or finds that of an earlier run. */
export async function sampleTree(): Promise<string> {
  const recipe = [scriptPath("make_sample_tree.py")];
  const directory = await cached("sample", recipe, async (draft) => {
    const tree = join(draft, "tree");
    await runScript("python3", "make_sample_tree.py", [tree]);
  });
  return join(directory, "tree");
}
