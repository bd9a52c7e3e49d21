// What Strata reads from an archive is what its writer, and Python's tarfile,
// say is in it.
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { readTar } from "@strata/layer";
import {
  ARCHIVES,
  HUGE_ARCHIVE,
  NEGATIVE_FRACTIONS,
  type PeerArchive,
  SPARSE_ARCHIVES,
  titleOf,
  writeArchive,
} from "./archives.ts";
import { inTemporaryDirectory } from "./command.ts";
import {
  assertSameListing,
  type ListedEntry,
  listWithBsdtar,
  listWithGnuTar,
  listWithPython,
  listWithStrata,
  sortedByName,
} from "./listing.ts";
import { interopTest, type Need } from "./peers.ts";
import { sampleTree } from "./sample.ts";

/** The sample tree has owners and devices that only root can make. */
function needsOf(archive: PeerArchive): Need[] {
  return ["root", "python3", archive.writer];
}

function withArchive(
  archive: PeerArchive,
  check: (file: string) => Promise<void>,
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const file = join(directory, "archive.tar");
    await writeArchive(archive, await sampleTree(), file);
    await check(file);
  });
}

/** What the writer itself lists. */
async function listWithWriter(
  { writer }: PeerArchive,
  file: string,
): Promise<ListedEntry[]> {
  switch (writer) {
    case "tar":
      return await listWithGnuTar(file);
    case "bsdtar":
      return await listWithBsdtar(file);
    default:
      return await listWithPython(file);
  }
}

for (const archive of ARCHIVES) {
  interopTest(
    `readTar: ${titleOf(archive)}`,
    needsOf(archive),
    () =>
      withArchive(archive, async (file) => {
        const entries = await listWithStrata(file);
        assertSameListing(await listWithPython(file), entries);
        // bsdtar's own listing comes sorted.
        assertSameListing(
          sortedByName(await listWithWriter(archive, file)),
          sortedByName(entries),
        );
      }),
  );
}

interopTest(
  "readTar: fractions of times before 1970",
  needsOf(NEGATIVE_FRACTIONS),
  () =>
    withArchive(NEGATIVE_FRACTIONS, async (file) => {
      const entries = await listWithStrata(file);
      assertSameListing(await listWithPython(file), entries);
      // As make_sample_tree.py made them.
      const times = entries.slice(1).map((
        { name, mtimeSeconds, mtimeNanoseconds },
      ) => [name, mtimeSeconds, mtimeNanoseconds]);
      assertEquals(times.sort(), [
        ["negative-fractions/below-one", -2, 500_000_000],
        ["negative-fractions/half", -315619200, 500_000_000],
        ["negative-fractions/just-before", -1, 999_999_999],
      ]);
    }),
);

for (const archive of SPARSE_ARCHIVES) {
  interopTest(
    `readTar: ${titleOf(archive)}, holes`,
    needsOf(archive),
    () =>
      withArchive(archive, async (file) => {
        const entries = await listWithStrata(file);
        assertSameListing(
          (await listWithPython(file)).map(withoutSparsePrefix),
          entries,
        );
        // bsdtar's digest of a sparse file leaves its holes out.
        const listed = (await listWithWriter(archive, file)).map((entry) => ({
          ...entry,
          sha256: undefined,
        }));
        assertSameListing(sortedByName(listed), sortedByName(entries));
      }),
  );
}

/** tarfile takes the stand-in name of version 0.1 for the file's own. */
function withoutSparsePrefix(entry: ListedEntry): ListedEntry {
  return { ...entry, name: entry.name.replace(/GNUSparseFile\.\d+\//, "") };
}

interopTest(
  `readTar: ${titleOf(HUGE_ARCHIVE)}, every byte of 9 GiB`,
  needsOf(HUGE_ARCHIVE),
  () =>
    withArchive(HUGE_ARCHIVE, async (file) => {
      const archive = await Deno.open(file);
      let wasRead = false;
      for await (const entry of readTar(archive.readable)) {
        if (entry.name !== "huge/over-8-gib") continue;
        wasRead = true;
        assertEquals(await findData(entry.body), {
          size: 9 * 2 ** 30,
          // As make_sample_tree.py wrote them.
          data: new Map([
            [0, "first"],
            [5 * 2 ** 30, "middle"],
            [9 * 2 ** 30 - 4, "last"],
          ]),
        });
      }
      assert(wasRead);
    }),
);

const ZEROS = new Uint8Array(1 << 20);

/** The stretches of a stream that are not zero, by their offset. */
async function findData(
  stream: ReadableStream<Uint8Array>,
): Promise<{ size: number; data: Map<number, string> }> {
  const data = new Map<number, string>();
  let size = 0;
  for await (const chunk of stream) {
    if (!isZero(chunk)) {
      for (const match of latin1(chunk).matchAll(/[^\0]+/g)) {
        data.set(size + match.index, match[0]);
      }
    }
    size += chunk.length;
  }
  return { size, data };
}

/** Compares as a whole: a loop over 9 GiB of bytes would take a minute. */
function isZero(chunk: Uint8Array): boolean {
  return chunk.length <= ZEROS.length &&
    Buffer.compare(chunk, ZEROS.subarray(0, chunk.length)) === 0;
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
