// What Strata writes into an archive is what GNU tar, bsdtar and Python's
// tarfile list, and what the first two extract.
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import { TarWriter } from "@strata/layer";
import { inTemporaryDirectory, run } from "./command.ts";
import {
  assertSameListing,
  listWithBsdtar,
  listWithGnuTar,
  listWithPython,
  sortedByName,
} from "./listing.ts";
import { interopTest } from "./peers.ts";
import { assertSameTree, scanTree, type Tree } from "./tree.ts";
import {
  NEGATIVE_FRACTIONS,
  type Sample,
  SAMPLES,
  toListed,
  toTree,
} from "./write_samples.ts";

async function writeArchive(file: string, samples: Sample[]): Promise<void> {
  const tar = new TarWriter();
  const written = (async () => {
    for (const { content, ...entry } of samples) {
      await tar.add(entry, entry.type === "file" ? content : undefined);
    }
    await tar.close();
  })();
  const target = await Deno.create(file);
  await Promise.all([written, tar.readable.pipeTo(target.writable)]);
}

/** A scan of what was extracted, without the directory it is in. */
async function scanExtracted(directory: string): Promise<Tree> {
  const tree = new Map(await scanTree(directory));
  tree.delete(".");
  return tree;
}

function withArchive(
  check: (file: string, directory: string) => Promise<void>,
  samples = SAMPLES,
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const file = join(directory, "archive.tar");
    await writeArchive(file, samples);
    const extracted = join(directory, "extracted");
    await Deno.mkdir(extracted);
    await check(file, extracted);
  });
}

interopTest(
  "TarWriter: Python's tarfile lists it",
  ["python3"],
  () =>
    withArchive(async (file) => {
      assertSameListing(SAMPLES.map(toListed), await listWithPython(file));
    }),
);

interopTest(
  "TarWriter: Python's tarfile lists fractions before 1970",
  ["python3"],
  () =>
    withArchive(async (file) => {
      assertSameListing(
        NEGATIVE_FRACTIONS.map(toListed),
        await listWithPython(file),
      );
    }, NEGATIVE_FRACTIONS),
);

interopTest(
  "TarWriter: GNU tar lists it",
  ["tar"],
  () =>
    withArchive(async (file) => {
      assertSameListing(await listWithGnuTar(file), SAMPLES.map(toListed));
    }),
);

interopTest(
  "TarWriter: bsdtar lists it",
  ["bsdtar"],
  () =>
    withArchive(async (file) => {
      assertSameListing(
        sortedByName(await listWithBsdtar(file)),
        sortedByName(SAMPLES.map(toListed)),
      );
    }),
);

interopTest(
  "TarWriter: GNU tar extracts it",
  ["root", "tar", "python3"],
  () =>
    withArchive(async (file, extracted) => {
      await run("tar", [
        "--extract",
        "--preserve-permissions",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=*",
        `--file=${file}`,
        `--directory=${extracted}`,
      ]);
      assertSameTree(toTree(SAMPLES), await scanExtracted(extracted));
    }),
);

interopTest(
  "TarWriter: bsdtar extracts it",
  ["root", "bsdtar", "python3"],
  () =>
    withArchive(async (file, extracted) => {
      await run("bsdtar", [
        "--extract",
        "-p",
        "--numeric-owner",
        "--xattrs",
        `--file=${file}`,
        `--directory=${extracted}`,
      ]);
      assertSameTree(toTree(SAMPLES), await scanExtracted(extracted));
    }),
);

const MEBIBYTE = new Uint8Array(1 << 20);
const OVER_8_GIB = 9 * 2 ** 30 + 3;

function zeros(size: number): ReadableStream<Uint8Array> {
  let rest = size;
  return new ReadableStream({
    pull(controller) {
      const piece = MEBIBYTE.subarray(0, Math.min(rest, MEBIBYTE.length));
      rest -= piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      else controller.close();
    },
  });
}

/** Writes a stream into a file, and leaves holes where it is zero. */
async function writeSparsely(
  stream: ReadableStream<Uint8Array>,
  path: string,
): Promise<void> {
  using file = await Deno.create(path);
  let position = 0;
  for await (const chunk of stream) {
    const isZero = chunk.length <= MEBIBYTE.length &&
      Buffer.compare(chunk, MEBIBYTE.subarray(0, chunk.length)) === 0;
    if (!isZero) {
      await file.seek(position, Deno.SeekMode.Start);
      for (let done = 0; done < chunk.length;) {
        done += await file.write(chunk.subarray(done));
      }
    }
    position += chunk.length;
  }
  await file.truncate(position);
}

interopTest(
  "TarWriter: GNU tar, bsdtar and Python find a file over 8 GiB and what follows",
  ["tar", "bsdtar", "python3"],
  () =>
    inTemporaryDirectory(async (directory) => {
      const file = join(directory, "archive.tar");
      const tar = new TarWriter();
      const written = (async () => {
        await tar.add({ name: "huge", size: OVER_8_GIB }, zeros(OVER_8_GIB));
        await tar.add({ name: "then" }, "found again\n");
        await tar.close();
      })();
      await Promise.all([written, writeSparsely(tar.readable, file)]);
      for (const list of [listWithGnuTar, listWithPython]) {
        const sizes = (await list(file)).map(({ name, size }) => [name, size]);
        assertEquals(sizes, [["huge", OVER_8_GIB], ["then", 12]]);
      }
      const names = await run("bsdtar", ["--list", `--file=${file}`]);
      assertEquals(names, "huge\nthen\n");
      const text = await run("bsdtar", ["-xOf", file, "then"]);
      assertEquals(text, "found again\n");
    }),
);
