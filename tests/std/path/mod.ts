/**
 * Stands in for `jsr:@std/path` where JSR is out of reach: the same code, as
 * it is published on npm, with its types.
 *
 * @module
 */
import * as path from "deno-std/path/mod.js";

/** The last part of a path. */
export const basename: (path: string, suffix?: string) => string =
  path.basename;
/** All but the last part of a path. */
export const dirname: (path: string) => string = path.dirname;
/** The path of a `file:` URL. */
export const fromFileUrl: (url: string | URL) => string = path.fromFileUrl;
/** Whether a path is absolute. */
export const isAbsolute: (path: string) => boolean = path.isAbsolute;
/** Joins paths and normalizes the result. */
export const join: (...paths: string[]) => string = path.join;
/** The way from one path to another. */
export const relative: (from: string, to: string) => string = path.relative;
/** Joins paths to an absolute one. */
export const resolve: (...paths: string[]) => string = path.resolve;
/** The `file:` URL of a path. */
export const toFileUrl: (path: string) => URL = path.toFileUrl;
