/**
 * Web streams around a node:zlib transform, which does its work off the main
 * thread.
 *
 * @module
 */
import type { Transform } from "node:stream";

/** Cuts input where the transform wants it cut. */
export interface ChunkSplitter {
  /** Cuts a piece of input. */
  split(chunk: Uint8Array): Uint8Array[];
  /** Checks that the input may end here. */
  finish(): void;
}

/** Results kept ready while the consumer is at work on an earlier one. */
const READ_AHEAD = 2;

/**
 * Sends a stream through a transform. Both are ended with the result: by its
 * end, by an error on either side, and by its being cancelled.
 *
 * @param source The input.
 * @param transform The transform.
 * @param translate Makes an error of the transform one for the consumer.
 * @param splitter Cuts the input, where it must be cut.
 * @returns What the transform makes of it.
 */
export function pumpThrough(
  source: ReadableStream<Uint8Array>,
  transform: Transform,
  translate: (error: unknown) => unknown,
  splitter?: ChunkSplitter,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const results = transform[Symbol.asyncIterator]();
  /** Why the input ended early; the transform hands on no errors but its own. */
  let inputError: unknown;
  const feeding = feed(reader, transform, splitter).catch((error) => {
    inputError = error;
    transform.destroy(error instanceof Error ? error : undefined);
  });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await results.next();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        await feeding;
        if (inputError !== undefined) throw inputError;
        controller.close();
      } catch (error) {
        // Ending the input makes errors of its own: this one came first.
        const failure = inputError ?? translate(error);
        transform.destroy();
        await reader.cancel(failure).catch(() => {});
        controller.error(failure);
      }
    },
    async cancel(reason) {
      transform.destroy();
      await reader.cancel(reason);
    },
  }, { highWaterMark: READ_AHEAD });
}

async function feed(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  transform: Transform,
  splitter?: ChunkSplitter,
): Promise<void> {
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const piece of splitter?.split(value) ?? [value]) {
      if (!transform.write(piece) && !await drained(transform)) return;
    }
  }
  splitter?.finish();
  transform.end();
}

/** Waits until more may be written; false where nothing ever will. */
function drained(transform: Transform): Promise<boolean> {
  if (transform.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (result: boolean) => {
      transform.off("drain", onDrain);
      transform.off("close", onClose);
      resolve(result);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    transform.on("drain", onDrain);
    transform.on("close", onClose);
  });
}
