/**
 * The checksum of POSIX's `cksum`: pure.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/cksum.html
 * @module
 */

const POLYNOMIAL = 0x04c11db7;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder < 0 ? remainder << 1 ^ POLYNOMIAL : remainder << 1;
  }
  return remainder;
});

/** Takes the checksum of a file that comes in pieces. */
export class Cksum {
  #remainder = 0;
  #length = 0;

  /** @param bytes The next piece. */
  update(bytes: Uint8Array): void {
    for (const byte of bytes) this.#add(byte);
    this.#length += bytes.length;
  }

  /** @returns The checksum, in decimal digits. */
  finish(): string {
    // The length counts as well, the lowest byte first.
    for (let rest = this.#length; rest > 0; rest = Math.floor(rest / 256)) {
      this.#add(rest % 256);
    }
    return String(~this.#remainder >>> 0);
  }

  #add(byte: number): void {
    const index = this.#remainder >>> 24 ^ byte;
    this.#remainder = this.#remainder << 8 ^ (TABLE[index] ?? 0);
  }
}
