/**
 * An ordinary user, with a copy of this repository in a directory whose path
 * holds spaces and more than ASCII, and with Deno's cache.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { run, SEARCH_PATH } from "./command.ts";

/** Their user and group id: anybody's but root's. */
export const USER_ID = 1000;

const REPOSITORY = fromFileUrl(new URL("../..", import.meta.url));
const COPIED = ["deno.json", "deno.lock", "mod.ts", "src", "tests", "examples"];

/** What an ordinary user has: a home, and the repository in it. */
export interface OrdinaryUser {
  /** A directory of their own. */
  home: string;
  /** Where the repository's copy is. */
  repository: string;
  /** Runs a program as them. */
  run(program: string, args: string[], cwd?: string): Promise<string>;
  /** Gives them a copy of a directory tree. */
  give(from: string, name: string): Promise<string>;
}

/** Runs the work with an ordinary user, and removes all that they had. */
export async function withOrdinaryUser(
  work: (user: OrdinaryUser) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "strata-interop-user-" });
  try {
    const repository = join(home, "Strata für alle");
    await Deno.mkdir(repository);
    for (const name of COPIED) {
      await run("cp", ["-r", join(REPOSITORY, name), repository]);
    }
    const cache = JSON.parse(await run(Deno.execPath(), ["info", "--json"]));
    await run("cp", ["-r", cache.npmCache, join(home, "npm")]);
    await run("cp", [Deno.execPath(), join(home, "deno")]);
    await run("chown", ["-R", `${USER_ID}:${USER_ID}`, home]);
    await work(ordinaryUser(home, repository));
  } finally {
    // Whatever they closed: root gets in.
    await Deno.remove(home, { recursive: true });
  }
}

function ordinaryUser(home: string, repository: string): OrdinaryUser {
  const asUser = (program: string, args: string[], cwd = home) =>
    run("setpriv", [
      `--reuid=${USER_ID}`,
      `--regid=${USER_ID}`,
      "--clear-groups",
      "env",
      "-i",
      `HOME=${home}`,
      `DENO_DIR=${home}`,
      `XDG_RUNTIME_DIR=${home}`,
      `TMPDIR=${home}`,
      `PATH=${home}:${SEARCH_PATH}`,
      "LC_ALL=C.UTF-8",
      "TZ=UTC",
      "NO_COLOR=1",
      program,
      ...args,
    ], cwd);
  return {
    home,
    repository,
    run: asUser,
    async give(from, name) {
      const to = join(home, name);
      await run("cp", ["-r", from, to]);
      await run("chown", ["-R", `${USER_ID}:${USER_ID}`, to]);
      return to;
    },
  };
}

/** The arguments of `deno` that run a file of the repository's copy. */
export function denoArgs(user: OrdinaryUser, file: string): string[] {
  return [
    "run",
    "--quiet",
    "--no-check",
    "--allow-all",
    "--config",
    join(user.repository, "deno.json"),
    join(user.repository, "tests/interop", file),
  ];
}
