/**
 * Runs the peers' programs.
 *
 * @module
 */

/** Where programs are: a PATH may lack the directories of runc and setcap. */
export const SEARCH_PATH = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;

/** Every listing must look the same wherever the suite runs. */
const ENVIRONMENT = { LC_ALL: "C.UTF-8", TZ: "UTC", PATH: SEARCH_PATH };

/**
 * Runs a program to its end.
 *
 * @param program Its name, or its path.
 * @param args Its arguments.
 * @param cwd The directory it starts in, this process's own unless told.
 * @returns What it printed. Throws with its errors where it fails.
 */
export async function run(
  program: string,
  args: string[],
  cwd?: string,
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: ENVIRONMENT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    const said = decoder.decode(stderr) || decoder.decode(stdout);
    throw new Error(
      `Cannot run ${program} ${args.join(" ")}: exit code ${code}: ${
        said.slice(-4000)
      }`,
    );
  }
  return decoder.decode(stdout);
}

/** Runs a script of `scripts/` with the given interpreter. */
export function runScript(
  interpreter: "python3" | "sh",
  script: string,
  args: string[],
): Promise<string> {
  return run(interpreter, [scriptPath(script), ...args]);
}

/** Path of a file of `scripts/`. */
export function scriptPath(script: string): string {
  const path = import.meta.dirname;
  if (path === undefined) {
    throw new Error("Cannot find the scripts: the suite runs from a directory");
  }
  return `${path}/scripts/${script}`;
}

/** Runs the work in a new temporary directory, and removes that afterwards. */
export async function inTemporaryDirectory<T>(
  work: (directory: string) => Promise<T>,
  parent?: string,
): Promise<T> {
  const directory = await Deno.makeTempDir({
    dir: parent,
    prefix: "strata-interop-",
  });
  try {
    return await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
