import { assertEquals, assertRejects } from "@std/assert";
import { toText } from "@std/streams";
import { fromFileUrl } from "@std/path";
import { createLayout, openLayout } from "../../src/cas/layout.ts";
import { MissingPermissionError } from "../../src/errors.ts";
import {
  bytesOf,
  EMPTY_SHA256,
  HELLO_SHA256,
  newLayout,
  pathsIn,
} from "./fixtures.ts";

const SCRIPT = fromFileUrl(import.meta.resolve("./store_process.ts"));
const permissions = { read: true, write: true, run: true } as const;

function start(flags: string[], task: string, path: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags, SCRIPT, task, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

async function outputOf(
  process: Deno.ChildProcess,
  input?: string,
): Promise<string> {
  const writer = process.stdin.getWriter();
  if (input !== undefined) await writer.write(bytesOf(input));
  await writer.close();
  const text = await toText(process.stdout);
  await process.status;
  return text.trim();
}

/** Waits until a process has begun to write its temporary file. */
async function tempFileIn(path: string): Promise<string> {
  for (;;) {
    for (const name of pathsIn(path)) {
      const started = name.startsWith(".strata-") &&
        Deno.statSync(`${path}/${name}`).size > 0;
      if (started) return name;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test({
  name: "two processes that store the same blob both succeed",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const flags = [`--allow-read=${fixture.path}`]
      .concat(`--allow-write=${fixture.path}`);
    const processes = [1, 2].map(() => start(flags, "put", fixture.path));
    const digests = await Promise.all(
      processes.map((process) => outputOf(process, "hello")),
    );
    assertEquals(digests, [HELLO_SHA256, HELLO_SHA256]);
    assertEquals(await fixture.engine.listBlobs(), [HELLO_SHA256]);
    assertEquals(
      pathsIn(fixture.path).filter((name) => name.startsWith(".")),
      [],
    );
  },
});

Deno.test({
  name: "clean spares the file of a living process, not that of a dead one",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { path, engine } = fixture;
    const process = start(["-A"], "put", path);
    const writer = process.stdin.getWriter();
    await writer.write(bytesOf("hel"));
    const temp = await tempFileIn(path);

    await engine.clean();
    assertEquals(pathsIn(path).includes(temp), true);
    assertEquals(await engine.listBlobs(), []);

    process.kill("SIGKILL");
    await process.status;
    await writer.abort().catch(() => {});
    await process.stdout.cancel();
    assertEquals(pathsIn(path).includes(temp), true);
    await engine.clean();
    assertEquals(pathsIn(path), [
      "blobs",
      "blobs/sha256",
      "index.json",
      "oci-layout",
    ]);
  },
});

Deno.test({
  name: "of several processes that create a layout one succeeds",
  permissions,
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/image`;
    const processes = [1, 2, 3].map(() => start(["-A"], "create", path));
    const results = await Promise.all(
      processes.map((process) => outputOf(process)),
    );
    assertEquals(results.filter((result) => result === "created").length, 1);
    await using engine = await openLayout(path);
    assertEquals((await engine.getIndex()).manifests, []);
    await engine[Symbol.asyncDispose]();
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test({
  name: "a missing permission is named, and nothing is left half-made",
  permissions,
  async fn() {
    await using fixture = await newLayout();
    const { directory, path } = fixture;
    const fresh = `${directory}/deep/down/image`;
    const all = ["--allow-read", "--allow-write"];
    const blobs = `${path}/blobs/sha256`;
    const cases: [string[], string, string, string][] = [
      [[], "put", path, `--allow-read=${path}`],
      [[`--allow-read=${path}`], "put", path, `--allow-write=${path}`],
      [[...all, `--deny-write=${blobs}`], "put", path, "--allow-write="],
      [["--allow-read"], "create", fresh, `--allow-write=${fresh}`],
      [
        ["--allow-read", `--allow-write=${fresh}`],
        "create",
        fresh,
        `--allow-write=${directory}/deep/down`,
      ],
      [
        [...all, `--deny-write=${fresh}/oci-layout`],
        "create",
        fresh,
        "--allow-write",
      ],
    ];
    const before = pathsIn(directory);
    for (const [flags, task, target, flag] of cases) {
      const output = await outputOf(start(flags, task, target), "hello");
      const expected = `MissingPermissionError ${flag}`;
      assertEquals(output.slice(0, expected.length), expected);
      assertEquals(pathsIn(directory), before);
    }
  },
});

Deno.test({
  name: "permissions for the layout alone are enough",
  permissions,
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/image`;
    const flags = [`--allow-read=${path}`, `--allow-write=${path}`];
    assertEquals(await outputOf(start(flags, "create", path)), "created");
    assertEquals(await outputOf(start(flags, "put", path)), EMPTY_SHA256);
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test({
  name: "openLayout and createLayout never prompt",
  permissions: "none",
  async fn() {
    for (const action of [openLayout, createLayout]) {
      const error = await assertRejects(
        () => action("/nowhere/at/all"),
        MissingPermissionError,
      );
      assertEquals(error.flag, "--allow-read=/nowhere/at/all");
    }
  },
});
