/**
 * Stands in for `jsr:@std/path/dirname` (see `mod.ts`).
 *
 * @module
 */
import { dirname as dirnameOfNpm } from "deno-std/path/dirname.js";

/** All but the last part of a path. */
export const dirname: (path: string) => string = dirnameOfNpm;
