/**
 * Results as a table for people.
 *
 * @module
 */
import {
  comparisons,
  type Measurement,
  type Results,
  STRATA,
} from "./results.ts";

const HEADER = ["tool", "wall", "", "CPU", "", "memory", "", "layer", ""];

/** Formats results; beside each value stands its ratio to Strata's. */
export function formatTable(results: Results): string {
  return comparisons(results).map(({ input, operation, measured }) => {
    const ours = measured.find(({ tool }) => tool === STRATA);
    const rows = [HEADER, ...measured.map((row) => cells(row, ours))];
    return `${operation.title}: ${input.title}\n${align(rows)}\n`;
  }).join("\n");
}

function cells(row: Measurement, ours: Measurement | undefined): string[] {
  return [
    row.tool,
    `${row.wall.toFixed(2)} s`,
    ratio(row.wall, ours?.wall),
    `${row.cpu.toFixed(2)} s`,
    ratio(row.cpu, ours?.cpu),
    megabytes(row.memory),
    ratio(row.memory, ours?.memory),
    megabytes(row.layerSize),
    ratio(row.layerSize, ours?.layerSize),
  ];
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? "" : `${(bytes / 1e6).toFixed(1)} MB`;
}

function ratio(value: number | undefined, ours: number | undefined): string {
  return value === undefined || ours === undefined
    ? ""
    : `x${(value / ours).toFixed(2)}`;
}

function align(rows: string[][]): string {
  const widths = HEADER.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  ).join("\n");
}
