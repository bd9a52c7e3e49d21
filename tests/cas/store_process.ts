/**
 * A process of its own that works on a layout: `create <path>` makes it,
 * `put <path>` stores what comes on standard input and prints the digest.
 * A failure prints the error's class and, where it has one, the flag.
 *
 * @module
 */
import { createLayout, openLayout } from "../../src/cas/layout.ts";
import { MissingPermissionError } from "../../src/errors.ts";

const [task, path = ""] = Deno.args;
try {
  if (task === "create") {
    await createLayout(path);
    console.log("created");
  } else {
    await using engine = await openLayout(path);
    console.log((await engine.putBlob(Deno.stdin.readable)).digest);
  }
} catch (error) {
  const flag = error instanceof MissingPermissionError ? error.flag : "";
  console.log(`${error instanceof Error && error.name} ${flag}`);
}
