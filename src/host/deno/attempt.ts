import { quoteName } from "../../errors.ts";
import { onDisk } from "../disk_error.ts";

/**
 * Runs a step that touches the disk; its errors become this package's own.
 *
 * @param action What it does, such as `make the directory`.
 * @param path To what.
 * @param step The step.
 * @returns What the step returns.
 */
export function attempt<T>(action: string, path: string, step: () => T): T {
  return onDisk(`Cannot ${action} ${quoteName(path)}`, step);
}
