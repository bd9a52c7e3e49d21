/**
 * Times as Deno's API takes them.
 *
 * @module
 */
import type { Timestamp } from "../../tar/header.ts";
import type { Shortfalls } from "../directory.ts";

/**
 * Rounds a time down to what Deno's API carries without ever rounding up:
 * milliseconds, and before 1970 whole seconds.
 *
 * @param time The time.
 * @param shortfalls Told where that loses something.
 * @returns The time.
 */
export function toDate(time: Timestamp, shortfalls: Shortfalls): Date {
  if (time.nanoseconds !== 0) shortfalls.time();
  const milliseconds = time.seconds < 0
    ? 0
    : Math.floor(time.nanoseconds / 1e6);
  return new Date(time.seconds * 1000 + milliseconds);
}
