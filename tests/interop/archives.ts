/**
 * Archives of the sample tree by every writer, in every format it has.
 *
 * @module
 */
import { run, runScript } from "./command.ts";
import type { Peer } from "./peers.ts";

/** An archive that a peer writes. */
export interface PeerArchive {
  writer: Peer;
  /** Format, by the writer's own name for it. */
  format: string;
  /** The writer's options on top of the format. */
  options?: string[];
  /** Directories of the sample tree that the writer can say in the format. */
  groups: string[];
}

// What every format holds, and what ever richer formats hold on top.
const V7 = ["plain", "unicode", "raw"];
const USTAR = [...V7, "long", "special"];
const LIMITLESS = [...USTAR, "longer", "ids"];
const GNU = [...LIMITLESS, "times", "large-device"];
const PAX = [...LIMITLESS, "times", "fractions", "xattrs"];

const GNU_XATTRS = ["--xattrs", "--xattrs-include=*"];

/** Archives without holes. */
export const ARCHIVES: PeerArchive[] = [
  { writer: "tar", format: "v7", groups: V7 },
  { writer: "tar", format: "ustar", groups: [...USTAR, "large-device"] },
  { writer: "tar", format: "oldgnu", groups: GNU },
  { writer: "tar", format: "gnu", groups: GNU },
  {
    writer: "tar",
    format: "pax",
    options: GNU_XATTRS,
    groups: [...PAX, "xattr-names", "large-device"],
  },
  // Not asked of bsdtar, which gets them wrong by itself: device numbers of
  // more than six octal digits; times before 1970 outside PAX, which it makes
  // 1970, and fractions of them, which it counts the wrong way; names of
  // xattrs that are not ASCII, which it percent-encodes in SCHILY records.
  { writer: "bsdtar", format: "v7", groups: V7 },
  { writer: "bsdtar", format: "ustar", groups: USTAR },
  { writer: "bsdtar", format: "gnutar", groups: LIMITLESS },
  { writer: "bsdtar", format: "pax", groups: PAX },
  { writer: "python3", format: "ustar", groups: [...USTAR, "large-device"] },
  { writer: "python3", format: "gnu", groups: GNU },
  {
    writer: "python3",
    format: "pax",
    groups: [...PAX, "xattr-names", "large-device"],
  },
];

/** An archive of times that GNU tar writes well but lists a second late. */
export const NEGATIVE_FRACTIONS: PeerArchive = {
  writer: "tar",
  format: "pax",
  groups: ["negative-fractions"],
};

const SPARSE = ["sparse", "huge"];

/** An archive of files with holes, one of them of 9 GiB. */
export const HUGE_ARCHIVE = gnuPaxSparse("1.0");

/** The same files in every format for holes. */
export const SPARSE_ARCHIVES: PeerArchive[] = [
  { writer: "tar", format: "oldgnu", options: ["--sparse"], groups: SPARSE },
  { writer: "tar", format: "gnu", options: ["--sparse"], groups: SPARSE },
  gnuPaxSparse("0.0"),
  gnuPaxSparse("0.1"),
  HUGE_ARCHIVE,
  // bsdtar finds holes unasked, and writes version 1.0.
  { writer: "bsdtar", format: "pax", groups: SPARSE },
];

function gnuPaxSparse(version: string): PeerArchive {
  const options = ["--sparse", `--sparse-version=${version}`];
  return { writer: "tar", format: "pax", options, groups: SPARSE };
}

/** What a test calls the archive. */
export function titleOf(archive: PeerArchive): string {
  const { writer, format, options = [] } = archive;
  return [writer, format, ...options].join(" ");
}

/** Writes the archive. */
export async function writeArchive(
  { writer, format, options = [], groups }: PeerArchive,
  tree: string,
  file: string,
): Promise<void> {
  if (writer === "python3") {
    await runScript("python3", "write_tar.py", [format, file, tree, ...groups]);
    return;
  }
  await run(writer, [
    "--create",
    `--format=${format}`,
    ...options,
    `--file=${file}`,
    `--directory=${tree}`,
    ...groups,
  ]);
}
