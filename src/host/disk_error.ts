/**
 * What the disk answered, in this package's own errors.
 *
 * @module
 */
import { MissingPermissionError, StrataError, SystemError } from "../errors.ts";

/**
 * Does something on the disk. What fails becomes an error of this package.
 *
 * @param purpose What cannot be done if it fails, beginning with "Cannot".
 * @param action What to do.
 * @returns What the action returned.
 */
export function onDisk<T>(purpose: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw diskError(error, purpose);
  }
}

/**
 * Turns an error of Deno's or Node's filesystem API into one of this package.
 *
 * @param error What was thrown.
 * @param purpose What could not be done, beginning with "Cannot".
 * @returns The error to throw; one of this package comes back as it is.
 */
export function diskError(error: unknown, purpose: string): StrataError {
  if (error instanceof StrataError) return error;
  // By its name: errors of threads have lost their class.
  if (error instanceof Error && error.name === "NotCapable") {
    return missingPermission(error, purpose);
  }
  const message = error instanceof Error ? error.message : String(error);
  // What Deno adds behind the reason is the path once more, however long.
  const reason = message.replace(/ \(os error \d+\).*$/s, "");
  const code = errnoName(error);
  return code === undefined
    ? new StrataError(`${purpose}: ${reason}`, { cause: error })
    : new SystemError(code, `${purpose}: ${reason}`, { cause: error });
}

/** Whether the error says that there is nothing at the path. */
export function isNotFound(error: unknown): boolean {
  return errnoName(error) === "ENOENT";
}

/**
 * A permission on the whole directory may still leave out a part of it
 * (`--deny-read`), and some paths ask for more than their own flag. Only
 * Deno's message knows which flag that is.
 */
function missingPermission(
  error: Error,
  purpose: string,
): MissingPermissionError {
  const flag = /--allow-[a-z]+/.exec(error.message)?.[0] ?? "--allow-all";
  const path = /access to "(.*)"/.exec(error.message)?.[1];
  const scoped = path === undefined || flag === "--allow-all"
    ? flag
    : `${flag}=${path}`;
  return new MissingPermissionError(scoped, purpose, { cause: error });
}

function errnoName(error: unknown): string | undefined {
  const named = error instanceof Error && "code" in error &&
    typeof error.code === "string";
  return named ? String(error.code) : undefined;
}
