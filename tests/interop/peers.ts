/**
 * The peers: which of them this machine has, how the rest is installed, and
 * tests that are reported as skipped, with the reason, where one is missing.
 *
 * @module
 */

import { SEARCH_PATH } from "./command.ts";

/** Each peer's program and the Debian package that brings it. */
const PACKAGES = {
  umoci: "umoci",
  skopeo: "skopeo",
  runc: "runc",
  tar: "tar",
  bsdtar: "libarchive-tools",
  setfattr: "attr",
  setcap: "libcap2-bin",
  zstd: "zstd",
  debootstrap: "debootstrap",
  python3: "python3",
  script: "bsdutils",
} as const;

/** A program that the suite compares with, or makes its input with. */
export type Peer = keyof typeof PACKAGES;

/** What a test needs: peers, and `root` where it changes owners or devices. */
export type Need = Peer | "root";

// Deno runs each test file in a worker of its own, in one process: only the
// process's environment is shared by all of them.
const INSTALL_TRIED = "STRATA_INTEROP_INSTALL_TRIED";
const SKIPPED = "STRATA_INTEROP_SKIPPED";

const isRoot = Deno.uid() === 0;

const missing = await findMissing();

async function findMissing(): Promise<ReadonlySet<Peer>> {
  const absent = absentPeers();
  const mayInstall = isRoot && isInstalled("apt-get") &&
    Deno.env.get(INSTALL_TRIED) === undefined;
  if (absent.length === 0 || !mayInstall) return new Set(absent);
  Deno.env.set(INSTALL_TRIED, "yes");
  await install(absent.map((peer) => PACKAGES[peer]));
  return new Set(absentPeers());
}

function absentPeers(): Peer[] {
  const peers = Object.keys(PACKAGES) as Peer[]; // keys() forgets their type
  return peers.filter((peer) => !isInstalled(peer));
}

function isInstalled(program: string): boolean {
  return SEARCH_PATH.split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

async function install(packages: string[]): Promise<void> {
  console.log(`Installing what the suite needs: ${packages.join(" ")}`);
  await aptGet("update");
  // One after the other: a package that this release lacks stops only itself.
  for (const name of packages) {
    await aptGet("install", "--yes", "--no-install-recommends", name);
  }
}

async function aptGet(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: ["-qq", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) {
    console.warn(
      `apt-get ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`,
    );
  }
}

function reasonToSkip(need: Need): string | undefined {
  if (need === "root") {
    return isRoot ? undefined : "it changes owners and devices: run as root";
  }
  if (!missing.has(need)) return undefined;
  return `${need} is missing: apt-get install ${PACKAGES[need]}`;
}

/**
 * Declares a test that needs peers. Where one is missing it is reported as
 * ignored, with the reason in its name, and again in the closing summary.
 */
export function interopTest(
  name: string,
  needs: Need[],
  fn: () => Promise<void>,
): void {
  const reasons = needs.map(reasonToSkip).filter((reason) =>
    reason !== undefined
  );
  if (reasons.length === 0) {
    Deno.test(name, fn);
  } else {
    skippedTest(name, reasons.join("; "));
  }
}

/** Declares a test that is skipped for the given reason. */
export function skippedTest(name: string, reason: string): void {
  const title = `${name} [skipped: ${reason}]`;
  Deno.env.set(SKIPPED, JSON.stringify([...skippedTests(), title]));
  Deno.test({ name: title, ignore: true, fn() {} });
}

/** Titles of the tests that this process skipped so far. */
export function skippedTests(): string[] {
  return JSON.parse(Deno.env.get(SKIPPED) ?? "[]");
}
