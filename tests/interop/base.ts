/**
 * The base layer: a root filesystem that debootstrap makes from the mirror
 * this machine is set up with.
 *
 * @module
 */
import { join } from "@std/path";
import { cached } from "./cache.ts";
import { run, runScript, scriptPath } from "./command.ts";

/** A release of a distribution, and where its packages are. */
interface Source {
  mirror: string;
  release: string;
}

/**
 * Makes the base layer as an uncompressed archive, once.
 *
 * @returns Path of the archive.
 */
export async function baseLayer(): Promise<string> {
  const recipe = [new URL(import.meta.url), scriptPath("seed_base.sh")];
  const directory = await cached("base", recipe, async (draft) => {
    const rootfs = join(draft, "rootfs");
    const { mirror, release } = await findSource();
    await run("debootstrap", ["--variant=minbase", release, rootfs, mirror]);
    // A published base image does not carry the packages it was made from.
    await run("chroot", [rootfs, "apt-get", "clean"]);
    await runScript("sh", "seed_base.sh", [rootfs]);
    // GNU tar's PAX format keeps nanoseconds and xattrs.
    await run("tar", [
      "--create",
      "--format=pax",
      "--pax-option=delete=atime,delete=ctime",
      "--xattrs",
      "--xattrs-include=*",
      "--numeric-owner",
      "--sort=name",
      `--directory=${rootfs}`,
      `--file=${join(draft, "base.tar")}`,
      ".",
    ]);
    await Deno.remove(rootfs, { recursive: true });
  });
  return join(directory, "base.tar");
}

/** Debian bookworm where this machine knows it, its own release otherwise. */
async function findSource(): Promise<Source> {
  const listed = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  const sources: Source[] = [];
  for (const line of listed.split("\n")) {
    const [uri = "", release = "", component] = line.split(" ");
    if (component !== "main" || !await hasScript(release)) continue;
    sources.push({ mirror: await mirrorOf(uri), release });
  }
  const source = sources.find(({ release }) => release === "bookworm") ??
    sources[0];
  if (source === undefined) {
    throw new Error(
      `Cannot choose a mirror for debootstrap: apt knows none of its releases:\n${listed}`,
    );
  }
  return source;
}

/** Whether debootstrap knows the release; `bookworm-updates` is none. */
async function hasScript(release: string): Promise<boolean> {
  try {
    await Deno.stat(`/usr/share/debootstrap/scripts/${release}`);
    return release !== "";
  } catch {
    return false;
  }
}

/** apt can keep its mirrors in a file; debootstrap wants one of them. */
async function mirrorOf(uri: string): Promise<string> {
  const list = /^mirror\+file:(.*?)\/*$/.exec(uri)?.[1];
  if (list === undefined) return uri;
  const [first = ""] = (await Deno.readTextFile(list)).split(/\s/);
  return first;
}
