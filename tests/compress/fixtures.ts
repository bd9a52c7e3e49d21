/**
 * What the tests of decompression have in common.
 *
 * @module
 */

/** A stream of pieces; `onCancel` hears of its end. */
export function streamOfPieces(
  pieces: Iterable<Uint8Array>,
  onCancel: (reason: unknown) => void = () => {},
): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done === true) return controller.close();
      controller.enqueue(value);
    },
    cancel: onCancel,
  }, { highWaterMark: 0 });
}

/** Bytes in pieces of one size. */
export function* cut(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.slice(at, at + size);
  }
}

/** One piece of bytes from many. */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** All of a stream. */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** All of a stream as text; an error where it has not ended in ten seconds. */
export async function readText(
  stream: ReadableStream<Uint8Array>,
): Promise<string> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it hangs")), 10_000);
  try {
    const bytes = await Promise.race([collect(stream), promise]);
    return new TextDecoder().decode(bytes);
  } finally {
    clearTimeout(timer);
  }
}

async function collect(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return join(...parts);
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes without any order, the same each time. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}
