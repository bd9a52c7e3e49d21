// The bundle that Strata makes of the image runs.
import { join } from "@std/path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { unpackManifest } from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import { IMAGE_NEEDS, imageLayouts, TAG } from "./image.ts";
import { readJson } from "./layout.ts";
import { interopTest, type Need } from "./peers.ts";
import { withImage } from "./strata_image.ts";

/** The part of `config.json` that the tests change. */
interface Config {
  process: {
    terminal?: boolean;
    user: { uid: number; gid: number };
    args: string[];
    env: string[];
    noNewPrivileges?: boolean;
    capabilities?: Record<CapabilitySet, string[] | undefined>;
  };
}

type CapabilitySet =
  | "bounding"
  | "effective"
  | "inheritable"
  | "permitted"
  | "ambient";

const NEEDS: Need[] = [...IMAGE_NEEDS, "runc"];

/** Unpacks the image and hands its bundle over. */
function withBundle(check: (bundle: string) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const bundle = join(directory, "bundle");
    const { gzip } = await imageLayouts();
    await withImage(
      gzip,
      TAG,
      (engine, manifest) => unpackManifest(engine, bundle, manifest),
    );
    await check(bundle);
  });
}

/** Runs a command in the bundle, with its configuration as it is but for it. */
async function runInBundle(
  bundle: string,
  args: string[],
  change: (config: Config) => void = () => {},
): Promise<string> {
  const path = join(bundle, "config.json");
  const original = await Deno.readTextFile(path);
  const config: Config = JSON.parse(original);
  config.process.args = args;
  config.process.terminal = false;
  change(config);
  await Deno.writeTextFile(path, JSON.stringify(config));
  try {
    const id = `strata-interop-${crypto.randomUUID()}`;
    return await run("runc", ["run", "--bundle", bundle, id]);
  } finally {
    await Deno.writeTextFile(path, original);
  }
}

interopTest(
  "runc: a shell in the bundle, as the image's user",
  NEEDS,
  () =>
    withBundle(async (bundle) => {
      const output = await runInBundle(bundle, [
        "/bin/sh",
        "-c",
        "id; pwd; cat /etc/os-release",
      ]);
      const release = await Deno.readTextFile(
        join(bundle, "rootfs/usr/lib/os-release"),
      );
      assertEquals(
        output,
        // The user that image.ts configures; its ids are in the image's own
        // /etc/passwd and are the same in all of Debian and Ubuntu.
        "uid=33(www-data) gid=33(www-data) groups=33(www-data)\n" +
          "/srv/strata\n" + release,
      );
    }),
);

interopTest(
  "runc: the image's command, and root",
  NEEDS,
  () =>
    withBundle(async (bundle) => {
      const { process } = await readJson<Config>(join(bundle, "config.json"));
      assertEquals(process.args, ["/bin/sh"]);
      assert(process.env.includes("PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
      const output = await runInBundle(
        bundle,
        ["/bin/sh", "-c", "id"],
        (config) => {
          config.process.user = { uid: 0, gid: 0 };
        },
      );
      assertStringIncludes(output, "uid=0(root) gid=0(root)");
    }),
);

interopTest(
  "runc: a program with shared libraries",
  NEEDS,
  () =>
    withBundle(async (bundle) => {
      const output = await runInBundle(bundle, [
        "/usr/bin/perl",
        "-MPOSIX",
        "-e",
        "print floor(41.5) + 1",
      ]);
      assertEquals(output, "42");
    }),
);

/** Lets a file's capability take effect, as `cap_dac_read_search` needs it. */
function allowCapability(config: Config): void {
  const capability = "CAP_DAC_READ_SEARCH";
  config.process.user = { uid: 65534, gid: 65534 };
  config.process.noNewPrivileges = false;
  config.process.capabilities = {
    bounding: [capability],
    effective: [],
    inheritable: [],
    permitted: [],
    ambient: [],
  };
}

interopTest(
  "runc: a program that needs its file capability",
  NEEDS,
  () =>
    withBundle(async (bundle) => {
      const output = await runInBundle(
        bundle,
        [
          "/bin/sh",
          "-c",
          // The same program without the capability fails.
          `special/cat-without-capability special/secret 2>&1
         special/cat-with-capability special/secret`,
        ],
        allowCapability,
      );
      assertEquals(
        output,
        "special/cat-without-capability: special/secret: Permission denied\n" +
          "readable with a capability only\n",
      );
    }),
);
