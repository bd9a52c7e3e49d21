/** A piece of an archive that breaks the format; the parser adds where. */
export class Malformed extends Error {
  /** The entry's name, where that much could be read. */
  readonly entry?: string;

  /**
   * @param message What is wrong.
   * @param entry The entry's name, where that much could be read.
   */
  constructor(message: string, entry?: string) {
    super(message);
    this.entry = entry;
  }
}
