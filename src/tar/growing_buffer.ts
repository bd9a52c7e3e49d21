/**
 * Collects bytes that arrive in pieces. It grows with what arrives, so that a
 * header's word alone allocates nothing.
 *
 * @module
 */

const FIRST_SIZE = 4096;

/** Bytes that are being collected. */
export class GrowingBuffer {
  #bytes = new Uint8Array(FIRST_SIZE);
  #length = 0;

  /**
   * Forgets what was collected.
   *
   * @param isInUse Whether what was handed out must not be written over.
   */
  clear(isInUse: boolean): void {
    if (isInUse) this.#bytes = new Uint8Array(FIRST_SIZE);
    this.#length = 0;
  }

  /**
   * Adds bytes.
   *
   * @param bytes The bytes; they are copied.
   */
  add(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = needed;
  }

  /** What was collected. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
