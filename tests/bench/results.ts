/**
 * What a run of the benchmarks found, as it is kept.
 *
 * @module
 */
import type { Cost } from "./measure.ts";

/** The name of the tool that the others are compared with. */
export const STRATA = "Strata";

/** What one tool took for one operation on one input: medians of all rounds. */
export interface Measurement extends Cost {
  input: string;
  operation: string;
  tool: string;
  /** Size in bytes of the layer that was made. */
  layerSize?: number;
}

/** What the names in the measurements stand for. */
export interface Named {
  name: string;
  title: string;
}

/** All that a run found. */
export interface Results {
  measuredAt: string;
  rounds: number;
  machine: { cores: number; kernel: string };
  tools: { name: string; version: string }[];
  inputs: Named[];
  operations: Named[];
  measurements: Measurement[];
}

/** Groups the measurements that are compared with each other. */
export function comparisons(
  { inputs, operations, measurements }: Results,
): { input: Named; operation: Named; measured: Measurement[] }[] {
  return inputs.flatMap((input) =>
    operations.map((operation) => ({
      input,
      operation,
      measured: measurements.filter((measurement) =>
        measurement.input === input.name &&
        measurement.operation === operation.name
      ),
    }))
  ).filter(({ measured }) => measured.length > 0);
}
