/**
 * An inode of one layer, made anew in another one.
 *
 * @module
 */
import { EntryError } from "../errors.ts";
import type { Directory, Metadata, NewFile } from "../host/directory.ts";
import type { LowerInode } from "../overlay/lower_layers.ts";

const PIECE_SIZE = 1024 * 1024;

/**
 * Copies anything but a directory.
 *
 * @param from What is copied.
 * @param metadata Its metadata.
 * @param directory The directory of the copy.
 * @param name The copy's name.
 */
export function copyInode(
  from: LowerInode,
  metadata: Metadata,
  directory: Directory,
  name: string,
): void {
  const { info } = from;
  switch (info.type) {
    case "file":
      return copyFile(from, metadata, directory, name);
    case "symlink":
      directory.createSymlink(name, from.directory.readLink(from.name));
      break;
    case "fifo":
    case "character-device":
    case "block-device":
      directory.createNode(
        name,
        info.type,
        info.deviceMajor,
        info.deviceMinor,
      );
      break;
    default:
      throw new EntryError(
        name,
        `it is a ${info.type}, of which no copy can be made`,
      );
  }
  directory.setMetadata(name, info.type, metadata);
}

function copyFile(
  from: LowerInode,
  metadata: Metadata,
  directory: Directory,
  name: string,
): void {
  const source = from.directory.openFile(from.name);
  let copy: NewFile | undefined;
  try {
    copy = directory.createFile(name);
    const piece = new Uint8Array(PIECE_SIZE);
    let size = 0;
    for (
      let length = source.read(piece);
      length > 0;
      length = source.read(piece)
    ) {
      const bytes = piece.subarray(0, length);
      // What is but zeros stays a hole.
      if (bytes.some((byte) => byte !== 0)) copy?.write(bytes, size);
      size += length;
    }
    const finished = copy;
    copy = undefined;
    finished?.finish(size, metadata);
  } finally {
    copy?.discard();
    source.close();
  }
}
