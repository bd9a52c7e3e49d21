/**
 * Looks at a stream while it passes.
 *
 * @module
 */

/**
 * Passes a stream on, and shows each piece on the way. Nothing is read ahead.
 *
 * @param stream The stream. It is cancelled where the result is.
 * @param onBytes Called with each piece before it is passed on.
 * @returns The same bytes.
 */
export function observe(
  stream: ReadableStream<Uint8Array>,
  onBytes: (bytes: Uint8Array) => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      onBytes(value);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
