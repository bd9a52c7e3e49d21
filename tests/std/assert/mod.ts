/**
 * Stands in for `jsr:@std/assert` where JSR is out of reach: the same code, as
 * it is published on npm, with its types.
 *
 * @module
 */
import * as impl from "deno-std/assert/mod.js";

// deno-lint-ignore no-explicit-any -- a constructor takes what it takes
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless the value is truthy. */
export function assert(value: unknown, message?: string): asserts value {
  impl.assert(value, message);
}

/** Fails unless both are deeply equal. */
export const assertEquals: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = impl.assertEquals;

/** Fails where both are deeply equal. */
export const assertNotEquals: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = impl.assertNotEquals;

/** Fails unless the value is neither null nor undefined. */
export function assertExists<T>(
  value: T,
  message?: string,
): asserts value is NonNullable<T> {
  impl.assertExists(value, message);
}

/** Fails unless the value is of the class. */
export function assertInstanceOf<E extends Error>(
  value: unknown,
  errorClass: ErrorClass<E>,
  message?: string,
): asserts value is E {
  impl.assertInstanceOf(value, errorClass, message);
}

/** Fails unless the text matches. */
export const assertMatch: (
  actual: string,
  expected: RegExp,
  message?: string,
) => void = impl.assertMatch;

/** Fails unless the text holds the other. */
export const assertStringIncludes: (
  actual: string,
  expected: string,
  message?: string,
) => void = impl.assertStringIncludes;

/** Fails unless the function throws such an error. */
export const assertThrows: <E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  includes?: string,
) => E = impl.assertThrows;

/** Fails unless the promise rejects with such an error. */
export const assertRejects: <E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  includes?: string,
) => Promise<E> = impl.assertRejects;
