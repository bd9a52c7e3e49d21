/**
 * Draws the times of one input as a bar chart, for light and dark pages:
 *
 *     deno run --allow-read --allow-write tests/bench/chart.ts results.json chart.svg [INPUT]
 *
 * Without INPUT it is the first one of the results.
 *
 * @module
 */
import {
  comparisons,
  type Measurement,
  type Results,
  STRATA,
} from "./results.ts";

const WIDTH = 760;
const MARGIN = 24;
const LABEL_WIDTH = 120;
const VALUE_WIDTH = 120;
const BAR_HEIGHT = 16;
const BAR_STEP = 22;
const TITLE_HEIGHT = 60;
const HEADING_HEIGHT = 28;
const GAP = 14;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 16px; font-weight: 600; }
    .heading { font-weight: 600; }
    .note { fill: #59636e; }
    .bar { fill: #afb8c1; }
    .strata { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .note { fill: #9198a1; }
      .bar { fill: #57606a; }
      .strata { fill: #4493f8; }
    }
  `;

/** One operation's bars, all on one scale. */
interface Group {
  heading: string;
  measured: Measurement[];
}

/** Draws the results of one input. */
export function drawChart(results: Results, inputName: string): string {
  const input = results.inputs.find(({ name }) => name === inputName);
  const groups = comparisons(results)
    .filter(({ input }) => input.name === inputName)
    .map(({ operation, measured }) => ({ heading: operation.title, measured }));
  if (input === undefined || groups.length === 0) {
    throw new Error(`Cannot draw ${inputName}: it was not measured`);
  }
  let y = TITLE_HEIGHT;
  const drawn = groups.map((group) => {
    const top = y;
    y += HEADING_HEIGHT + group.measured.length * BAR_STEP + GAP;
    return drawGroup(group, top, longest(groups));
  });
  const title = `${capitalized(input.title)}: seconds, less is better`;
  const note =
    `Medians of ${results.rounds} rounds on ${results.machine.cores} ` +
    `cores, files in memory; beside each time its ratio to ${STRATA}'s`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    text(MARGIN, 28, title, "title"),
    text(MARGIN, 48, note, "note"),
    ...drawn.flat(),
    "</svg>",
    "",
  ].join("\n");
}

function drawGroup(
  { heading, measured }: Group,
  top: number,
  longestRatio: number,
): string[] {
  const ours = wallOfStrata(measured);
  const room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
  const left = MARGIN + LABEL_WIDTH;
  const bars = measured.flatMap(({ tool, wall }, i) => {
    const y = top + HEADING_HEIGHT + i * BAR_STEP;
    const ratio = wall / ours;
    const width = Math.max(1, room * ratio / longestRatio);
    const style = tool === STRATA ? "bar strata" : "bar";
    const times = tool === STRATA ? "" : ` (${ratio.toFixed(2)} x)`;
    const baseline = y + BAR_HEIGHT - 4;
    return [
      text(MARGIN, baseline, tool),
      `<rect class="${style}" x="${left}" y="${y}" width="${
        width.toFixed(1)
      }" height="${BAR_HEIGHT}" rx="2"/>`,
      text(left + width + 8, baseline, `${wall.toFixed(2)} s${times}`),
    ];
  });
  return [text(MARGIN, top + 16, heading, "heading"), ...bars];
}

/** A bar is as long as its ratio, so that one scale serves all operations. */
function longest(groups: Group[]): number {
  return Math.max(...groups.flatMap(({ measured }) => {
    const ours = wallOfStrata(measured);
    return measured.map(({ wall }) => wall / ours);
  }));
}

function wallOfStrata(measured: Measurement[]): number {
  const ours = measured.find(({ tool }) => tool === STRATA);
  if (ours === undefined) {
    throw new Error(`Cannot draw the chart: ${STRATA} was not measured`);
  }
  return ours.wall;
}

function text(x: number, y: number, content: string, style?: string): string {
  const attribute = style === undefined ? "" : ` class="${style}"`;
  return `<text x="${x.toFixed(1)}" y="${y}"${attribute}>${
    escaped(content)
  }</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

if (import.meta.main) {
  const [source, target, input] = Deno.args;
  if (source === undefined || target === undefined) {
    console.error("usage: chart.ts RESULTS.json CHART.svg [INPUT]");
    Deno.exit(2);
  }
  const results: Results = JSON.parse(await Deno.readTextFile(source));
  const name = input ?? results.inputs[0]?.name ?? "";
  await Deno.writeTextFile(target, drawChart(results, name));
}
