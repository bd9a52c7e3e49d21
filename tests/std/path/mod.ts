/**
 * Stands in for `jsr:@std/path` where JSR is out of reach: the same code, as
 * it is published on npm, with its types.
 *
 * @module
 */
import * as path from "deno-std/path/mod.js";

/** The path of a `file:` URL. */
export const fromFileUrl: (url: string | URL) => string = path.fromFileUrl;
/** Whether a path is absolute. */
export const isAbsolute: (path: string) => boolean = path.isAbsolute;
/** The way from one path to another. */
export const relative: (from: string, to: string) => string = path.relative;
/** The `file:` URL of a path. */
export const toFileUrl: (path: string) => URL = path.toFileUrl;

export { basename } from "./basename.ts";
export { dirname } from "./dirname.ts";
export { join } from "./join.ts";
export { resolve } from "./resolve.ts";
