/**
 * The files of an image layout, opened for reading. Whoever made the layout
 * chose what stands at a name in it, so nothing but a regular file is opened:
 * a fifo would keep the reader waiting for ever, and a symlink could lead the
 * reader out of the layout, even past a read permission for the layout alone.
 *
 * @module
 */
import * as fs from "node:fs";
import { InvalidImageError, quoteName } from "../errors.ts";
import { diskError, isNotFound, onDisk } from "../host/disk_error.ts";
import { openRegular } from "../open_regular.ts";

/** Large enough that the thread pool's overhead does not show. */
const PIECE_SIZE = 512 * 1024;

/** Two pieces wait while the consumer works on a third. */
const PIECES_AHEAD = 2;

/** A file that is open for reading. */
export interface OpenFile {
  /** Its descriptor. */
  fd: number;
  /** Its path, for messages. */
  path: string;
  /** Its size in bytes when it was opened. */
  size: number;
}

/**
 * Finds the size of a regular file, without following a symlink.
 *
 * @param path The file's path.
 * @returns Its size in bytes, or undefined where there is nothing.
 * @throws {InvalidImageError} Where something else stands there.
 */
export function regularFileSize(path: string): number | undefined {
  const info = onDisk(
    `Cannot look up ${quoteName(path)}`,
    () => fs.lstatSync(path, { throwIfNoEntry: false }),
  );
  if (info === undefined) return undefined;
  if (!info.isFile()) throw notRegular(path, info.isSymbolicLink());
  return info.size;
}

/**
 * Opens a regular file, without following a symlink.
 *
 * @param path The file's path.
 * @returns The open file, or undefined where there is nothing.
 * @throws {InvalidImageError} Where something else stands there.
 */
export function openRegularFile(path: string): OpenFile | undefined {
  // Says best what stands there in its place.
  if (regularFileSize(path) === undefined) return undefined;
  let fd: number | undefined;
  try {
    fd = openRegular(fs, path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw diskError(error, `Cannot open ${quoteName(path)}`);
  }
  if (fd === undefined) throw notRegular(path, false);
  return { fd, path, size: fs.fstatSync(fd).size };
}

/**
 * Reads a small regular file, without following a symlink.
 *
 * @param path The file's path.
 * @param limit The most bytes that it may have.
 * @returns Its bytes, or undefined where there is nothing.
 * @throws {InvalidImageError} Where something else stands there, or the file
 * is larger.
 */
export function readRegularFile(
  path: string,
  limit: number,
): Uint8Array | undefined {
  const file = openRegularFile(path);
  if (file === undefined) return undefined;
  try {
    if (file.size > limit) {
      throw new InvalidImageError(
        `Cannot read ${
          quoteName(path)
        }: it has ${file.size} bytes, and no more than ${limit} are read`,
      );
    }
    const bytes = new Uint8Array(file.size);
    let filled = 0;
    for (;;) {
      const count = onDisk(
        `Cannot read ${quoteName(path)}`,
        () => fs.readSync(file.fd, bytes, filled, bytes.length - filled, null),
      );
      filled += count;
      if (count === 0) return bytes.subarray(0, filled);
    }
  } finally {
    fs.closeSync(file.fd);
  }
}

/**
 * Reads an open file from its start, the next pieces while the consumer works
 * on the last, and closes it at the end, after an error and when cancelled.
 *
 * @param file The file; the stream owns it from now on.
 * @param signal Stops the reading and closes the file.
 * @param onClose Called once the file is closed.
 * @returns As many bytes as the file had when it was opened, or fewer where
 * it was cut short since.
 */
export function streamFile(
  file: OpenFile,
  signal: AbortSignal,
  onClose: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream(new FileSource(file, signal, onClose), {
    highWaterMark: PIECES_AHEAD,
  });
}

class FileSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #file: OpenFile;
  readonly #signal: AbortSignal;
  readonly #onClose: () => void;
  #left: number;
  #reading: Promise<unknown> = Promise.resolve();
  #onAbort: (() => void) | undefined;
  #closed = false;

  constructor(file: OpenFile, signal: AbortSignal, onClose: () => void) {
    this.#file = file;
    this.#signal = signal;
    this.#onClose = onClose;
    this.#left = file.size;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#onAbort = () => {
      controller.error(this.#signal.reason);
      this.#close();
    };
    this.#signal.addEventListener("abort", this.#onAbort);
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    const piece = new Uint8Array(Math.min(PIECE_SIZE, this.#left));
    const reading = readInto(this.#file, piece);
    this.#reading = reading;
    let count: number;
    try {
      count = await reading;
    } catch (error) {
      await this.#close();
      throw error;
    }
    if (this.#closed) return;
    this.#left -= count;
    if (count > 0) controller.enqueue(piece.subarray(0, count));
    if (count === 0 || this.#left === 0) {
      await this.#close();
      controller.close();
    }
  }

  cancel(): Promise<void> {
    return this.#close();
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#onAbort !== undefined) {
      this.#signal.removeEventListener("abort", this.#onAbort);
    }
    // A descriptor must not be closed, and its number used anew, while a
    // thread still reads from it.
    await this.#reading.catch(() => {});
    fs.closeSync(this.#file.fd);
    this.#onClose();
  }
}

function readInto(file: OpenFile, piece: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(file.fd, piece, 0, piece.length, null, (error, count) => {
      if (error) {
        reject(diskError(error, `Cannot read ${quoteName(file.path)}`));
      } else {
        resolve(count ?? 0);
      }
    });
  });
}

function notRegular(path: string, isSymlink: boolean): InvalidImageError {
  const reason = isSymlink
    ? "it is a symlink, and a layout's files must be its own; copy the image with its links resolved"
    : "it is not a regular file";
  return new InvalidImageError(`Cannot open ${quoteName(path)}: ${reason}`);
}
