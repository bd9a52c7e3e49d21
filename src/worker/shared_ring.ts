/**
 * Memory that two threads share: one fills its places in turn, the other reads
 * and frees them in the same order. They tell each other by messages, so that
 * no place is read before it is filled, or filled before it is freed.
 *
 * @module
 */

/** What both threads know of a ring. */
export interface SharedRing {
  /** The memory; some places behind each other. */
  buffer: SharedArrayBuffer;
  /** Size of a place in bytes. */
  placeSize: number;
}

/**
 * Makes a ring.
 *
 * @param count How many places it has.
 * @param placeSize Size of each in bytes.
 * @returns The ring.
 */
export function makeRing(count: number, placeSize: number): SharedRing {
  return { buffer: new SharedArrayBuffer(count * placeSize), placeSize };
}

/** The end that fills places. It uses nothing from around it (see `Thread`). */
export class RingWriter {
  readonly #places: Uint8Array[] = [];
  readonly #onFilled: (length: number) => void;
  #at = 0;
  #fill = 0;
  #free: number;

  /**
   * @param ring The ring.
   * @param onFilled Called with the length of what is in each place, once it
   * may be read.
   */
  constructor(ring: SharedRing, onFilled: (length: number) => void) {
    const { buffer, placeSize } = ring;
    for (let start = 0; start < buffer.byteLength; start += placeSize) {
      this.#places.push(new Uint8Array(buffer, start, placeSize));
    }
    this.#free = this.#places.length;
    this.#onFilled = onFilled;
  }

  /**
   * Takes bytes, as many as there is room for.
   *
   * @param bytes The bytes.
   * @returns Those for which there is no room now.
   */
  put(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    while (rest.length > 0 && this.#free > 0) {
      const place = this.#places[this.#at];
      if (place === undefined) break;
      const part = rest.subarray(0, place.length - this.#fill);
      place.set(part, this.#fill);
      this.#fill += part.length;
      rest = rest.subarray(part.length);
      if (this.#fill === place.length) this.handOn();
    }
    return rest;
  }

  /** Lets the place that is being filled be read as it is. */
  handOn(): void {
    if (this.#fill === 0) return;
    const length = this.#fill;
    this.#at = (this.#at + 1) % this.#places.length;
    this.#fill = 0;
    this.#free--;
    this.#onFilled(length);
  }

  /** Takes note that the place filled first is free again. */
  freed(): void {
    this.#free++;
  }
}

/** The end that reads places. */
export class RingReader {
  readonly #ring: SharedRing;
  #at = 0;

  /** @param ring The ring. */
  constructor(ring: SharedRing) {
    this.#ring = ring;
  }

  /**
   * Goes on to the next place.
   *
   * @param length How much of it was filled.
   * @returns What is in it, until it is freed.
   */
  next(length: number): Uint8Array {
    const { buffer, placeSize } = this.#ring;
    const start = this.#at;
    this.#at = (start + placeSize) % buffer.byteLength;
    return new Uint8Array(buffer, start, length);
  }
}
