/**
 * The table of DESIGN.md section 5, row by row: which flags an operation
 * needs, written by hand. `AT` stands for the directory it works in.
 *
 * @module
 */

/** An operation of operations.ts, and exactly the flags that it needs. */
export interface Row {
  operation: string;
  flags: string[];
}

const READ_TREE = ["--allow-read=AT/tree"];
const READ_IMAGE = ["--allow-read=AT/image"];
const CHANGE_IMAGE = ["--allow-read=AT/image", "--allow-write=AT/image"];
const CHANGE_NEW = ["--allow-read=AT/new", "--allow-write=AT/new"];
const IMAGE_TO_NEW = [
  "--allow-read=AT/image,AT/new",
  "--allow-write=AT/new",
];

/** The rows. */
export const ROWS: Row[] = [
  { operation: "cleanPath", flags: [] },
  { operation: "toRootless", flags: [] },
  { operation: "tar", flags: [] },
  { operation: "mtree", flags: [] },
  { operation: "generateLayer", flags: READ_TREE },
  { operation: "generateInsertLayer", flags: READ_TREE },
  { operation: "walkTree", flags: READ_TREE },
  { operation: "checkTree", flags: READ_TREE },
  { operation: "unpackFiles", flags: CHANGE_NEW },
  { operation: "unpackSymlinks", flags: ["--allow-read", "--allow-write"] },
  { operation: "unpackSpecial", flags: [...CHANGE_NEW, "--allow-ffi=LIBC"] },
  { operation: "unpackSpecial", flags: [...CHANGE_NEW, "--allow-ffi"] },
  { operation: "createLayout", flags: CHANGE_NEW },
  { operation: "readImage", flags: READ_IMAGE },
  { operation: "listReferences", flags: READ_IMAGE },
  { operation: "updateReference", flags: CHANGE_IMAGE },
  { operation: "deleteReference", flags: CHANGE_IMAGE },
  { operation: "gc", flags: CHANGE_IMAGE },
  { operation: "mutate", flags: CHANGE_IMAGE },
  { operation: "unpackRootfs", flags: IMAGE_TO_NEW },
  { operation: "unpackManifest", flags: IMAGE_TO_NEW },
  { operation: "unpackBundle", flags: IMAGE_TO_NEW },
  { operation: "unpackOverlay", flags: [...IMAGE_TO_NEW, "--allow-ffi=LIBC"] },
  {
    operation: "repackBundle",
    flags: ["--allow-read=AT/image,AT/bundle", "--allow-write=AT/image"],
  },
  {
    operation: "refreshBundle",
    flags: ["--allow-read=AT/image,AT/bundle", "--allow-write=AT/bundle"],
  },
];
