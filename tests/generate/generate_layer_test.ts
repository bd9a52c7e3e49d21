/** What a layer says of a tree; the tree is made by Deno's own calls. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { toBytes } from "@std/streams";
import { StrataError } from "../../src/errors.ts";
import { generateLayer } from "../../src/generate/generate_layer.ts";
import type { InodeDelta } from "../../src/mtree/inode_delta.ts";
import type { RepackOptions } from "../../src/options.ts";
import { TarWriteError } from "../../src/tar/encode_header.ts";
import { readTar } from "../../src/tar/read_tar.ts";
import { inScratch, PERMISSIONS, testOnHosts } from "../unpack/scratch.ts";

const EXTRA = "extra" as const;
const MISSING = "missing" as const;

const extras = (...paths: string[]): InodeDelta[] =>
  paths.map((path) => ({ type: EXTRA, path }));

/** A line for each entry: its type, its name, and what it leads to or holds. */
async function list(
  base: string,
  deltas: InodeDelta[],
  options?: RepackOptions,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of readTar(generateLayer(base, deltas, options))) {
    const text = await new Response(entry.body).text();
    const { type, name, linkName } = entry;
    lines.push([type, name, linkName, text].filter(Boolean).join(" "));
  }
  return lines;
}

testOnHosts(
  "entries are sorted, and directories end in a slash",
  async (base) => {
    Deno.mkdirSync(`${base}/d`);
    for (const name of ["d/b", "d-", "d/a", "é", "z"]) {
      Deno.writeTextFileSync(`${base}/${name}`, name);
    }
    const deltas = extras("z", "é", "d/b", "", "d", "d/a", "d-");
    assertEquals(await list(base, deltas), [
      "directory ./",
      "directory d/",
      "file d- d-",
      "file d/a d/a",
      "file d/b d/b",
      "file z z",
      "file é é",
    ]);
  },
);

testOnHosts("what is missing becomes a whiteout", async (base) => {
  Deno.mkdirSync(`${base}/d`);
  Deno.writeTextFileSync(`${base}/now-a-file`, "x");
  const deltas: InodeDelta[] = [
    { type: MISSING, path: "gone" },
    { type: MISSING, path: "d/gone" },
    // What was in a directory that is gone is gone with it.
    { type: MISSING, path: "tree" },
    { type: MISSING, path: "tree/a" },
    { type: MISSING, path: "tree/a/b" },
    { type: "modified", path: "now-a-file" },
    { type: MISSING, path: "now-a-file/old" },
  ];
  assertEquals(await list(base, deltas), [
    "file d/.wh.gone",
    "file .wh.gone",
    "file now-a-file x",
    "file .wh.tree",
  ]);
});

testOnHosts("names of an inode are links to its first", async (base) => {
  Deno.mkdirSync(`${base}/a`);
  Deno.writeTextFileSync(`${base}/a/z`, "contents");
  Deno.linkSync(`${base}/a/z`, `${base}/b`);
  Deno.linkSync(`${base}/a/z`, `${base}/outside`);
  assertEquals(await list(base, extras("b", "a/z")), [
    "file a/z contents",
    "link b a/z",
  ]);
});

testOnHosts(
  "metadata: whole seconds, rounded down, and no names",
  async (base) => {
    Deno.writeTextFileSync(`${base}/f`, "");
    Deno.chmodSync(`${base}/f`, 0o4751);
    Deno.utimeSync(`${base}/f`, 0, 1_700_000_000.999);
    Deno.writeTextFileSync(`${base}/old`, "");
    Deno.utimeSync(`${base}/old`, 0, -1.5);
    const entries: Record<string, unknown[]> = {};
    for await (
      const { name, mode, mtime, userName, groupName, uid, gid } of readTar(
        generateLayer(base, extras("f", "old")),
      )
    ) entries[name] = [mode, mtime, userName, groupName, uid, gid];
    const own = ["", "", Deno.uid(), Deno.gid()];
    const time = (seconds: number) => ({ seconds, nanoseconds: 0 });
    assertEquals(entries["f"], [0o4751, time(1_700_000_000), ...own]);
    const { mtime } = Deno.statSync(`${base}/old`);
    const seconds = Math.floor((mtime?.getTime() ?? 0) / 1000);
    assertEquals(entries["old"]?.[1], time(seconds));
  },
);

testOnHosts("sourceDateEpoch is the latest time there is", async (base) => {
  const make = async (seconds: number) => {
    Deno.writeTextFileSync(`${base}/new`, "x");
    Deno.utimeSync(`${base}/new`, seconds, seconds);
    Deno.writeTextFileSync(`${base}/old`, "x");
    Deno.utimeSync(`${base}/old`, 5, 5);
    const deltas = [...extras("new", "old"), { type: MISSING, path: "gone" }];
    const layer = () => generateLayer(base, deltas, { sourceDateEpoch: 100 });
    const times: number[] = [];
    for await (const { mtime } of readTar(layer())) times.push(mtime.seconds);
    assertEquals(times, [100, 100, 5]);
    return await toBytes(layer());
  };
  assertEquals(await make(1000), await make(2000));
  await assertRejects(
    () =>
      Promise.resolve().then(() =>
        generateLayer(base, [], { sourceDateEpoch: 1.5 })
      ),
    StrataError,
    "sourceDateEpoch",
  );
});

testOnHosts("names that are whiteouts are refused", async (base) => {
  for (const name of [".wh.f", ".wh..wh..opq"]) {
    Deno.writeTextFileSync(`${base}/${name}`, "");
    await assertRejects(
      () => list(base, extras(name)),
      TarWriteError,
      name,
    );
  }
  Deno.mkdirSync(`${base}/.wh.d`);
  Deno.writeTextFileSync(`${base}/.wh.d/f`, "");
  await assertRejects(() => list(base, extras(".wh.d/f")), TarWriteError);
});

Deno.test({
  name: "a socket is left out, with a warning",
  permissions: { ...PERMISSIONS.libc, net: true },
  ignore: Deno.build.os === "windows",
  fn: () =>
    inScratch(async (base) => {
      const path = `${base}/socket`;
      using _listener = Deno.listen({ transport: "unix", path });
      Deno.writeTextFileSync(`${base}/z`, "");
      const skipped: unknown[] = [];
      const lines = await list(base, extras("socket", "z"), {
        onWarning: ({ code, entry }) => skipped.push([code, entry]),
      });
      assertEquals(lines, ["file z"]);
      assertEquals(skipped, [["socket-skipped", "socket"]]);
    }),
});

testOnHosts("owners are mapped back, and a gap is named", async (base) => {
  Deno.writeTextFileSync(`${base}/f`, "");
  const hostID = Deno.uid() ?? 0;
  const uidMappings = [{ containerID: 33, hostID, size: 1 }];
  const gidMappings = [{ containerID: 0, hostID: 4_000_000, size: 10 }];
  for await (
    const { uid } of readTar(generateLayer(base, extras("f"), { uidMappings }))
  ) assertEquals(uid, 33);
  const error = await assertRejects(
    () => list(base, extras("f"), { gidMappings }),
    TarWriteError,
  );
  assertStringIncludes(error.message, `gid ${Deno.gid()}`);
});

testOnHosts("what changes while it is read is an error", async (base) => {
  const size = 3 * 1024 * 1024;
  for (const newSize of [size - 1024 * 1024, size + 1]) {
    Deno.writeFileSync(`${base}/f`, new Uint8Array(size));
    const reader = generateLayer(base, extras("f")).getReader();
    await reader.read();
    Deno.truncateSync(`${base}/f`, newSize);
    await assertRejects(
      async () => {
        while (!(await reader.read()).done);
      },
      TarWriteError,
      "no longer",
    );
  }
  await assertRejects(() => list(base, extras("never")), TarWriteError);
  await assertRejects(() => list(base, extras("no/never")), StrataError);
});

testOnHosts("an abort ends it", async (base) => {
  Deno.writeFileSync(`${base}/f`, new Uint8Array(2 * 1024 * 1024));
  const abort = new AbortController();
  const reader = generateLayer(base, extras("f"), { signal: abort.signal })
    .getReader();
  await reader.read();
  abort.abort(new RangeError("enough"));
  await assertRejects(() => reader.read(), RangeError, "enough");
});

testOnHosts("progress never goes back", async (base) => {
  Deno.writeFileSync(`${base}/a`, new Uint8Array(700_000));
  Deno.writeFileSync(`${base}/b`, new Uint8Array(700_000));
  const seen: [number, number][] = [];
  const layer = generateLayer(base, extras("a", "b"), {
    onProgress: ({ entries, bytesOut }) => seen.push([entries, bytesOut]),
  });
  const { length } = await toBytes(layer);
  assert(seen.length > 1);
  for (const [i, [entries, bytes]] of seen.entries()) {
    const [before, bytesBefore] = seen[i - 1] ?? [0, 0];
    assert(entries >= before && bytes > bytesBefore);
  }
  assertEquals(seen.at(-1), [2, length]);
});
