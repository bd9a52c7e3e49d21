/**
 * Measures Strata beside umoci, GNU tar and bsdtar:
 *
 *     deno task bench [--rounds=5] [--only=OPERATION] [--input=INPUT] [--json=FILE]
 *
 * The tools take turns, so that what else the machine does hits them alike.
 * All of it happens on a filesystem in memory; the inputs are made once and
 * kept in /tmp. Needs root, and the programs of the interop tests.
 *
 * @module
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { inTemporaryDirectory, run } from "../interop/command.ts";
import { type Input, inputLayout, INPUTS, layerPaths } from "./inputs.ts";
import { type Cost, measure, medianCost } from "./measure.ts";
import { type Operation, OPERATIONS, type Stage } from "./operations.ts";
import type { Measurement, Named, Results } from "./results.ts";
import { formatTable } from "./table.ts";
import { findTools, type Tool } from "./tools.ts";

const MEMORY_FILESYSTEM = "/dev/shm";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    input: { type: "string" },
    json: {
      type: "string",
      default: new URL("results.json", import.meta.url).pathname,
    },
  },
});

const rounds = Number(flags.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  fail(`--rounds is a number from 1: ${flags.rounds}`);
}
const inputs = choose("input", INPUTS, flags.input);
const operations = choose("only", OPERATIONS, flags.only);
const tools = await findTools();
const measurements: Measurement[] = [];
for (const input of inputs) {
  measurements.push(...await measureInput(input));
}
const results: Results = {
  measuredAt: new Date().toISOString(),
  rounds,
  machine: {
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
  },
  tools: tools.map(({ name, version }) => ({ name, version })),
  inputs: inputs.map(named),
  operations: operations.map(named),
  measurements,
};
await Deno.writeTextFile(flags.json, `${JSON.stringify(results, null, 2)}\n`);
console.log(`\n${formatTable(results)}`);
console.log(`Medians of ${rounds} rounds; beside each its ratio to Strata's.`);

function choose<T extends Named>(
  flag: string,
  all: T[],
  name: string | undefined,
): T[] {
  const chosen = all.filter((item) => name === undefined || item.name === name);
  if (chosen.length === 0) {
    fail(`--${flag} is one of ${all.map(({ name }) => name).join(", ")}`);
  }
  return chosen;
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

function named({ name, title }: Named): Named {
  return { name, title };
}

async function measureInput(input: Input): Promise<Measurement[]> {
  const source = await inputLayout(input);
  return await inTemporaryDirectory(async (scratch) => {
    const layout = join(scratch, "layout");
    await run("cp", ["--archive", source, layout]);
    const image = { layout, layers: await layerPaths(layout) };
    const found: Measurement[] = [];
    for (const operation of operations) {
      const directory = join(scratch, operation.name);
      await Deno.mkdir(directory);
      found.push(
        ...await measureOperation(input, operation, {
          image,
          directory,
        }),
      );
      await run("rm", ["-rf", directory]);
    }
    return found;
  }, MEMORY_FILESYSTEM);
}

interface Runs {
  costs: Cost[];
  layerSize?: number;
}

async function measureOperation(
  input: Input,
  operation: Operation,
  stage: Stage,
): Promise<Measurement[]> {
  await operation.prepare?.(stage);
  const runs = new Map<Tool, Runs>();
  for (let round = 1; round <= rounds; round++) {
    for (const tool of tools) {
      const command = operation.commandOf(tool, stage);
      if (command === undefined) continue;
      const cost = await measure(command);
      const layerSize = await operation.cleanUp?.(stage);
      const costs = [...runs.get(tool)?.costs ?? [], cost];
      runs.set(tool, { costs, layerSize });
      console.log(
        `${input.name} ${operation.name} ${round}/${rounds} ${tool.name}: ${
          cost.wall.toFixed(2)
        } s`,
      );
    }
  }
  return Array.from(runs, ([tool, { costs, layerSize }]) => ({
    input: input.name,
    operation: operation.name,
    tool: tool.name,
    ...medianCost(costs),
    layerSize,
  }));
}
