/**
 * Threads for work that would keep the main one from the disk. What runs in
 * them are functions and classes of this package, given by their source: a
 * module of its own would take permission to be read, or to be fetched.
 *
 * @module
 */

/**
 * What a thread begins with. It must not use anything from around it but the
 * parts it is given, for only their source gets there; what else it needs it
 * imports itself.
 */
export type ThreadMain = (
  begin: (serve: (port: MessagePort) => void) => void,
) => void;

/** A function or class that a thread uses, of which the same is true. */
export type ThreadPart =
  | ((...args: never[]) => unknown)
  | (new (...args: never[]) => unknown);

/** A thread, and the port by which one speaks to it. */
export class Thread implements Disposable {
  /** What the thread's own port is connected to. */
  readonly port: MessagePort;
  readonly #worker: Worker;

  /**
   * Starts a thread.
   *
   * @param main What it does.
   * @param onError Called where it ends in an error.
   * @param parts What else it uses, by their names.
   */
  constructor(
    main: ThreadMain,
    onError: (error: Error) => void,
    parts: readonly ThreadPart[] = [],
  ) {
    const source = `${parts.join("\n")}\n(${main})(${begin})`;
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
