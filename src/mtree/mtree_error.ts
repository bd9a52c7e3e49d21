/**
 * The error of a manifest that cannot be read.
 *
 * @module
 */
import { StrataError } from "../errors.ts";

/** An mtree manifest that breaks mtree(5), or goes beyond the stated limits. */
export class MtreeError extends StrataError {
  /** The line that is at fault, counted from 1. */
  readonly line: number;

  /**
   * Makes the error.
   *
   * @param line The line that is at fault, counted from 1.
   * @param message What is wrong with it.
   * @param options The error that caused this one, if any.
   */
  constructor(line: number, message: string, options?: ErrorOptions) {
    super(
      `Cannot read line ${line} of the mtree manifest: ${message}`,
      options,
    );
    this.line = line;
  }
}
