/**
 * Stands in for `jsr:@std/path/basename` (see `mod.ts`).
 *
 * @module
 */
import { basename as basenameOfNpm } from "deno-std/path/basename.js";

/** The last part of a path. */
export const basename: (path: string, suffix?: string) => string =
  basenameOfNpm;
