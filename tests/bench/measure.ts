/**
 * What a program costs, as the kernel counts it.
 *
 * @module
 */
import { run } from "../interop/command.ts";
import { script } from "./inputs.ts";
import type { CommandLine } from "./tools.ts";

/** What one run of a program cost. */
export interface Cost {
  /** Seconds from its start to its end. */
  wall: number;
  /** Seconds of all cores, in the program and in the kernel. */
  cpu: number;
  /** The most memory in bytes that it had at once. */
  memory: number;
}

/** Runs a program to its end, and throws where it fails. */
export async function measure(command: CommandLine): Promise<Cost> {
  return JSON.parse(
    await run("python3", ["-IS", script("measure.py"), ...command]),
  );
}

/** The median of each cost by itself. */
export function medianCost(costs: Cost[]): Cost {
  return {
    wall: median(costs.map(({ wall }) => wall)),
    cpu: median(costs.map(({ cpu }) => cpu)),
    memory: median(costs.map(({ memory }) => memory)),
  };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
