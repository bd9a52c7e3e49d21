/**
 * Stands in for `jsr:@std/path/join` (see `mod.ts`).
 *
 * @module
 */
import { join as joinOfNpm } from "deno-std/path/join.js";

/** Joins paths and normalizes the result. */
export const join: (...paths: string[]) => string = joinOfNpm;
