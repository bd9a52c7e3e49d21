/**
 * Threads for work that would keep the main one from the disk. What runs in
 * them are functions and classes of this package, given by their source: a
 * module of its own would take permission to be read, or to be fetched.
 *
 * @module
 */

/**
 * What a thread begins with. It must not use anything from around it, for only
 * its source gets there: what it needs it imports itself, or is among the
 * parts it is handed.
 */
export type ThreadMain<Parts> = (
  begin: (serve: (port: MessagePort) => void) => void,
  parts: Parts,
) => void;

/**
 * Functions and classes that a thread uses. They, too, use nothing from around
 * them, not even each other: bundlers give them other names, or none.
 */
export type ThreadParts = Readonly<
  Record<
    string,
    ((...args: never[]) => unknown) | (new (...args: never[]) => unknown)
  >
>;

/** A thread, and the port by which one speaks to it. */
export class Thread implements Disposable {
  /** What the thread's own port is connected to. */
  readonly port: MessagePort;
  readonly #worker: Worker;

  private constructor(source: string, onError: (error: Error) => void) {
    const url = `data:text/javascript,${encodeURIComponent(source)}`;
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onError(new Error(event.message));
    };
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.#worker.postMessage(undefined, [port2]);
  }

  /**
   * Starts a thread.
   *
   * @param main What it does.
   * @param parts What it uses.
   * @param onError Called where it ends in an error.
   * @returns The thread; dispose of it.
   */
  static start<Parts extends ThreadParts>(
    main: ThreadMain<Parts>,
    parts: Parts,
    onError: (error: Error) => void,
  ): Thread {
    const members = Object.entries(parts)
      .map(([name, part]) => `${name}: (${part})`);
    const source = `(${main})(${begin}, { ${members.join(", ")} })`;
    return new Thread(source, onError);
  }

  /** Ends the thread at once. */
  [Symbol.dispose](): void {
    this.port.close();
    this.#worker.terminate();
  }
}

/** Runs in the thread: hands the port over when it comes. */
function begin(serve: (port: MessagePort) => void): void {
  addEventListener("message", (event) => {
    const port = event instanceof MessageEvent ? event.ports[0] : undefined;
    if (port !== undefined) serve(port);
  });
}
