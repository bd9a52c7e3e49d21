import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { parseImageName } from "../examples/image_name.ts";

const EXAMPLES = fromFileUrl(new URL("../examples", import.meta.url));

/** Runs an example with just the flags its first lines name. */
async function run(
  example: string,
  flags: string[],
  args: string[],
): Promise<{ stdout: string; stderr: string; code: number }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      ...flags,
      `${EXAMPLES}/${example}`,
      ...args,
    ],
    cwd: EXAMPLES,
    env: { NO_COLOR: "1", TZ: "UTC" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test("the examples build, list and unpack an image", async () => {
  const directory = await Deno.makeTempDir({ prefix: "strata ex\u00e4mples " });
  try {
    const demo = await run(
      "demo.ts",
      ["--allow-read", "--allow-write", "--allow-ffi", "--allow-sys=uid"],
      [directory],
    );
    assertEquals(demo.stderr, "");
    assertMatch(demo.stdout, /"schemaVersion": 2/);
    assertMatch(demo.stdout, /hi -> hello/);
    assertMatch(demo.stdout, /runc run --bundle /);

    const config = JSON.parse(
      await Deno.readTextFile(`${directory}/bundle/config.json`),
    );
    assertEquals(config.process.args, ["/bin/hi"]);
    const program = `${directory}/bundle/rootfs/bin/hello`;
    const { stdout } = await new Deno.Command(program).output();
    assertEquals(
      new TextDecoder().decode(stdout),
      "Hello from a container that Strata unpacked.\n",
    );

    const manifest = JSON.parse(
      demo.stdout.slice(
        demo.stdout.indexOf("{"),
        demo.stdout.indexOf("\n}") + 2,
      ),
    );
    const layer = manifest.layers[0].digest.replace(":", "/");
    const blob = `${directory}/image/blobs/${layer}`;
    const list = await run("list_layer.ts", ["--allow-read"], [blob]);
    const owner = "0/0";
    const pad = (size: number) => String(size).padStart(19 - owner.length);
    assertEquals(list.stdout.split("\n").slice(3), [
      `drwxr-xr-x ${owner}${pad(0)} 1970-01-01 00:00 etc/`,
      `-rw-r--r-- ${owner}${pad(19)} 1970-01-01 00:00 etc/os-release`,
      `hrw-r--r-- 0/0${
        "0".padStart(16)
      } 1970-01-01 00:00 etc/motd link to etc/os-release`,
      "",
    ]);

    const rootless = Deno.uid() === 0 ? [] : ["--rootless"];
    const unpack = await run(
      "unpack.ts",
      ["--allow-read", "--allow-write", "--allow-ffi"],
      [...rootless, `${directory}/image:latest`, `${directory}/second`],
    );
    // Not a terminal: nothing is drawn.
    assertEquals([unpack.stdout, unpack.stderr, unpack.code], ["", "", 0]);
    const motd = `${directory}/second/rootfs/etc/motd`;
    assertEquals(await Deno.readTextFile(motd), 'NAME="Strata demo"\n');

    const again = await run(
      "unpack.ts",
      ["--allow-read", "--allow-write", "--allow-ffi"],
      [...rootless, `${directory}/image`, `${directory}/second`],
    );
    assert(again.code !== 0);
    assertMatch(again.stderr, /BundleExistsError: Cannot unpack over/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the examples build, change and compare images", async () => {
  const directory = await Deno.makeTempDir();
  const change = ["--allow-read", "--allow-write", "--allow-ffi"];
  const image = `${directory}/image`;
  try {
    await Deno.mkdir(`${directory}/source/etc`, { recursive: true });
    await Deno.writeTextFile(`${directory}/source/etc/motd`, "hello\n");
    await Deno.writeTextFile(`${directory}/extra`, "more\n");

    const built = await run("build_image.ts", change, [
      `${directory}/source`,
      `${image}:one`,
      "cat",
      "/etc/motd",
    ]);
    assertMatch(built.stdout, /image:one sha256:[0-9a-f]{64}\n$/);
    const inserted = await run("insert.ts", change, [
      `${image}:one`,
      `${directory}/extra`,
      "/etc/extra",
      "two",
    ]);
    assertMatch(inserted.stdout, /^sha256:[0-9a-f]{64} \d+ bytes\n$/);
    const repacked = await run("repack.ts", [...change, "--allow-run"], [
      `${image}:two`,
      "three",
      "sh",
      "-c",
      "rm etc/motd; cat etc/extra > new",
    ]);
    assertEquals(repacked.stderr, "");
    assertMatch(repacked.stdout, / etc\/\.wh\.motd\n/);
    assertMatch(repacked.stdout, /^-rw.* 5 .* new$/m);

    await run("unpack.ts", change, [`${image}:three`, `${directory}/bundle`]);
    const rootfs = `${directory}/bundle/rootfs`;
    assertEquals([...Deno.readDirSync(`${rootfs}/etc`)].map((e) => e.name), [
      "extra",
    ]);
    assertEquals(await Deno.readTextFile(`${rootfs}/new`), "more\n");

    const compared = await run(
      "diff_trees.ts",
      ["--allow-read", "--allow-ffi"],
      [
        `${directory}/source`,
        rootfs,
      ],
    );
    const signs = compared.stdout.split("\n").filter((line) =>
      /^[-+]/.test(line)
    );
    assertEquals(signs, ["+ etc/extra", "- etc/motd", "+ new"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the examples say how they are used", async () => {
  const examples = [
    "unpack.ts",
    "list_layer.ts",
    "build_image.ts",
    "insert.ts",
    "repack.ts",
    "diff_trees.ts",
    "std_tar.ts",
  ];
  for (const example of examples) {
    const { code, stderr } = await run(example, [], []);
    assertEquals(code, 2);
    assertMatch(stderr, /^usage: /);
  }
});

Deno.test("parseImageName() takes the tag behind the last colon", () => {
  assertEquals(parseImageName("image"), { path: "image", tag: "latest" });
  assertEquals(parseImageName("image:v1"), { path: "image", tag: "v1" });
  assertEquals(parseImageName("a:b/image"), {
    path: "a:b/image",
    tag: "latest",
  });
  assertEquals(parseImageName("a:b/image:c"), { path: "a:b/image", tag: "c" });
});
