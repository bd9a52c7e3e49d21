/**
 * Turns for others in long work that is done without a pause.
 *
 * @module
 */

/** Abort signals are heard when this many milliseconds have gone by. */
const TURN = 50;

/** Says when it is others' turn, the one who aborts among them. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #end = Date.now() + TURN;

  /** @param signal Stops the work. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  /**
   * Tells whether the work has had its turn.
   *
   * @returns Whether others are to have theirs.
   * @throws The signal's reason where somebody stopped the work.
   */
  isOver(): boolean {
    this.#signal?.throwIfAborted();
    return Date.now() > this.#end;
  }

  /** Lets others have their turn. */
  async give(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#signal?.throwIfAborted();
    this.#end = Date.now() + TURN;
  }
}
