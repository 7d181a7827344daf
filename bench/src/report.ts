/** What a run found, as a table for people and as JSON for programs. */

import type { ContenderName } from "./contender.ts";
import { COLUMNS } from "./contender.ts";
import type { Figure, Measurement } from "./harness.ts";
import { median, ratios, spread } from "./harness.ts";
import type { Surroundings } from "./machine.ts";

export interface Run {
  readonly surroundings: Surroundings;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly results: readonly {
    readonly measurement: Measurement;
    readonly figures: readonly Figure[];
  }[];
}

const TITLES: Readonly<Record<ContenderName, string>> = {
  perdure: "Perdure",
  bare: "bare object",
  agents: "agents",
  partyserver: "partyserver",
  node: "Node ws + SQLite",
  published: "tmcp's manager",
};

/** The report as Markdown. */
export function formatReport(run: Run): string {
  const { surroundings, rounds, isQuick, results } = run;
  const { date, cpu, cores, memory, kernel, versions } = surroundings;
  return [
    "# Results",
    `Written by \`npm run bench${isQuick ? " -- --quick" : ""}\`. Everything runs on one machine over loopback; all Workers in \`workerd serve\`, a process for each contender. The contenders take turns, ${rounds} rounds after one that warms up. Cells are medians, and what they are over the bare object's value in the same round; the last column has this ratio of Perdure's once more with the smallest and the largest. Absolute figures belong to this machine; the ratios are what to keep.`,
    isQuick ? "**This was a quick run: fewer and smaller samples. Do not quote it.**" : "",
    table(
      ["machine", ""],
      [
        ["date", date],
        ["CPU", `${cpu}, ${cores} cores`],
        ["memory", memory],
        ["kernel", kernel],
        [
          "versions",
          Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", "),
        ],
      ],
    ),
    "## Budgets",
    table(
      ["what", "budget", "measured", ""],
      results.flatMap(({ figures }) => budgetRows(figures)),
    ),
    "## Figures",
    table(
      ["what", "unit", ...COLUMNS.map((name) => TITLES[name]), "Perdure ÷ bare"],
      results.flatMap(({ figures }) => figures.map(figureRow)),
    ),
    "“–”: no equivalent, or not measured; see below.",
    "## How each was measured",
    results.map(({ measurement }) => methodOf(measurement)).join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

/** The same with every round's values. */
export function formatJson({ surroundings, rounds, isQuick, results }: Run): string {
  const measurements = results.map(({ measurement: { name, method, remarks }, figures }) => ({
    name,
    method,
    remarks,
    figures,
  }));
  return `${JSON.stringify({ ...surroundings, rounds, isQuick, measurements }, null, 2)}\n`;
}

function budgetRows(figures: readonly Figure[]): string[][] {
  return figures.flatMap(({ title, budgets = [] }) =>
    budgets.map(({ text, measured, isMet }) => [
      title,
      text,
      measured,
      isMet ? "met" : "**not met**",
    ]),
  );
}

function figureRow({ title, unit, better, values }: Figure): string[] {
  const cells = COLUMNS.map((name) => {
    const own = values[name];
    if (own === undefined) return "–";
    const value = format(median(own));
    if (name === "bare" || values.bare === undefined) return value;
    return `${value} · ${median(ratios(values, name, "bare")).toFixed(2)} ×`;
  });
  const comparison = (["bare", "published"] as const)
    .filter((name) => values.perdure !== undefined && values[name] !== undefined)
    .map(
      (name) =>
        `${name === "bare" ? "" : `÷ ${TITLES[name]}: `}${spread(ratios(values, "perdure", name))}`,
    )
    .join("; ");
  return [title, `${unit}, ${better} is better`, ...cells, comparison === "" ? "–" : comparison];
}

function methodOf({ name, method, remarks = {} }: Measurement): string {
  const notes = COLUMNS.flatMap((contender) =>
    remarks[contender] === undefined ? [] : [`  - ${TITLES[contender]}: ${remarks[contender]}.`],
  );
  return [`- **${name}**: ${method}`, ...notes].join("\n");
}

/** Three digits that count; whole numbers from 100 on. */
function format(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(row))].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
