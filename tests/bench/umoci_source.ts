/**
 * umoci's main branch, built where there is a Go toolchain.
 *
 * @module
 */
import { join } from "@std/path";
import { run } from "../interop/command.ts";

const MODULE = "github.com/opencontainers/umoci";

/** What `go mod download -json` says of a module. */
interface DownloadedModule {
  Version: string;
  /** Its source, which nobody may change. */
  Dir: string;
}

/**
 * Builds umoci's main branch, once for each commit of it; where the module
 * proxy refuses branches, the latest release.
 *
 * @returns The program, and what to call it.
 * @throws {Error} Where there is no Go, or it cannot be built.
 */
export async function buildUmoci(): Promise<
  { name: string; program: string }
> {
  if (!await hasGo()) throw new Error("there is no go on the PATH");
  try {
    return { name: "umoci main", program: await build(await download("main")) };
  } catch (error) {
    const module = await download("latest");
    console.warn(
      `umoci's main branch cannot be built; ${module.Version} in its place: ${error}`,
    );
    return { name: `umoci ${module.Version}`, program: await build(module) };
  }
}

async function hasGo(): Promise<boolean> {
  try {
    await run("go", ["version"]);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

// `go install` refuses a module that replaces others, as umoci does.
async function download(version: string): Promise<DownloadedModule> {
  const module = `${MODULE}@${version}`;
  return JSON.parse(await run("go", ["mod", "download", "-json", module]));
}

async function build({ Version, Dir }: DownloadedModule): Promise<string> {
  const cache = Deno.env.get("TMPDIR") ?? "/tmp";
  const program = join(cache, `strata-bench-umoci-${Version}`, "umoci");
  try {
    await run(program, ["--version"]);
  } catch {
    console.log(`Building umoci ${Version} ...`);
    await run("go", ["build", "-o", program, "./cmd/umoci"], Dir);
  }
  return program;
}
