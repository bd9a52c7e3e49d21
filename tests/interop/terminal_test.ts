// On a terminal Deno would ask for what it lacks; the library never lets it.
import { assert } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ROWS } from "../permissions/table.ts";
import { inTemporaryDirectory, run } from "./command.ts";
import { interopTest } from "./peers.ts";

const OPERATIONS = fromFileUrl(
  new URL("../permissions/operations.ts", import.meta.url),
);

interopTest(
  "permissions: no prompt on a terminal, whatever is missing",
  ["script"],
  () =>
    inTemporaryDirectory(async (directory) => {
      const deno = [Deno.execPath(), "run", "--quiet", "--no-check"];
      await run(Deno.execPath(), [
        ...deno.slice(1),
        "--allow-all",
        OPERATIONS,
        "prepare",
        directory,
      ]);
      for (const operation of new Set(ROWS.map((row) => row.operation))) {
        const command = [...deno, OPERATIONS, operation, directory];
        const shell = command.map((word) => `'${word}'`).join(" ");
        // A prompt would wait for an answer until `timeout` ends it.
        const printed = await run("script", [
          "--quiet",
          "--return",
          "--command",
          `timeout 20 ${shell}`,
          "/dev/null",
        ]);
        assert(/^(done|missing --allow-)/.test(printed), printed);
        assert(!printed.includes("[y/n"), printed);
      }
    }),
);
