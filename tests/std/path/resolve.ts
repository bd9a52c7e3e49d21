/**
 * Stands in for `jsr:@std/path/resolve` (see `mod.ts`).
 *
 * @module
 */
import { resolve as resolveOfNpm } from "deno-std/path/resolve.js";

/** Joins paths to an absolute one. */
export const resolve: (...paths: string[]) => string = resolveOfNpm;
