/**
 * Every operation with exactly the flags of its row, and with each of them
 * taken away.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { LIBC_PATH } from "../host/libc_path.ts";
import { ROWS } from "./table.ts";

const OPERATIONS = fromFileUrl(new URL("./operations.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const OWNER = `${Deno.uid() ?? 0}:${Deno.gid() ?? 0}`;

/** Runs an operation as a user would: nothing forbids a prompt. */
async function run(
  operation: string,
  at: string,
  flags: string[],
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      `--config=${CONFIG}`,
      ...flags,
      OPERATIONS,
      operation,
      at,
      OWNER,
    ],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return (decoder.decode(stdout) || decoder.decode(stderr)).trim();
}

/** Runs something with a directory that `prepare` filled. */
async function inPrepared(work: (at: string) => Promise<void>): Promise<void> {
  const at = await Deno.makeTempDir({ prefix: "strata-permissions-" });
  try {
    assertEquals(await run("prepare", at, ["--allow-all"]), "done");
    await work(at);
  } finally {
    await Deno.remove(at, { recursive: true });
  }
}

for (const { operation, flags } of ROWS) {
  const shown = flags.length === 0 ? "no flags" : flags.join(" ");
  const takesFfi = flags.some((flag) => flag.startsWith("--allow-ffi"));
  Deno.test({
    name: `${operation}: ${shown}`,
    ignore: takesFfi && Deno.build.os !== "linux",
    permissions: {
      read: true,
      write: true,
      run: [Deno.execPath()],
      sys: ["uid", "gid"],
      env: true,
    },
    fn: () =>
      inPrepared(async (at) => {
        const exact = flags.map((flag) =>
          flag.replaceAll("AT", at).replace("LIBC", LIBC_PATH)
        );
        for (const left of exact.keys()) {
          const flag = flags[left]?.split("=")[0] ?? "";
          const printed = await run(operation, at, exact.toSpliced(left, 1));
          assert(
            printed.startsWith(`missing ${flag}`),
            `without ${exact[left]}: ${printed}`,
          );
        }
        assertEquals(await run(operation, at, exact), "done");
      }),
  });
}
