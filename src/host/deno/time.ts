/**
 * Times as Deno's API takes them.
 *
 * @module
 */
import type { Timestamp } from "../../tar/header.ts";
import type { Shortfalls } from "../directory.ts";

/** As far from 1970 as a `Date` goes, in seconds. */
const MAX_SECONDS = 8.64e12;

/**
 * Rounds a time down to what Deno's API carries without ever rounding up:
 * milliseconds, and before 1970 whole seconds. What no `Date` holds becomes
 * the one that is nearest.
 *
 * @param time The time.
 * @param shortfalls Told where that loses something.
 * @returns The time.
 */
export function toDate(time: Timestamp, shortfalls: Shortfalls): Date {
  const seconds = Math.max(
    -MAX_SECONDS,
    Math.min(time.seconds, MAX_SECONDS - 1),
  );
  const milliseconds = seconds < 0 ? 0 : Math.floor(time.nanoseconds / 1e6);
  if (seconds !== time.seconds || milliseconds * 1e6 !== time.nanoseconds) {
    shortfalls.time();
  }
  return new Date(seconds * 1000 + milliseconds);
}
