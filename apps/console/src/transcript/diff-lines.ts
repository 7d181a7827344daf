/** Differences of two texts, line by line, with a little of what surrounds them. */

import { structuredPatch } from "diff";

/** One line of a difference. `skip` stands for unchanged lines that are not shown. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "skip";
  readonly text: string;
}

/** A difference and its size. */
export interface Difference {
  readonly lines: readonly DiffLine[];
  readonly added: number;
  readonly removed: number;
}

const CONTEXT_LINES = 3;

/** Past this many changed lines the search for the shortest difference takes longer than it helps. */
const MAX_EDIT_LENGTH = 600;

/** The lines that turn one text into the other. */
export function diffLines(oldText: string, newText: string): Difference {
  const patch = structuredPatch("", "", oldText, newText, undefined, undefined, {
    context: CONTEXT_LINES,
    maxEditLength: MAX_EDIT_LENGTH,
  });
  const lines =
    patch === undefined ? replaced(oldText, newText) : hunkLines(patch.hunks, lineCount(oldText));
  return {
    lines,
    added: lines.filter((line) => line.kind === "added").length,
    removed: lines.filter((line) => line.kind === "removed").length,
  };
}

interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly lines: readonly string[];
}

function hunkLines(hunks: readonly Hunk[], oldCount: number): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let shown = 0;
  for (const hunk of hunks) {
    const start = hunk.oldStart - 1;
    skip(lines, start - shown);
    lines.push(...hunk.lines.map(hunkLine));
    shown = start + hunk.oldLines;
  }
  skip(lines, oldCount - shown);
  return lines;
}

function hunkLine(line: string): DiffLine {
  const text = line.slice(1);
  if (line.startsWith("+")) return { kind: "added", text };
  if (line.startsWith("-")) return { kind: "removed", text };
  if (line.startsWith("\\")) return { kind: "skip", text: "no newline at the end" };
  return { kind: "same", text };
}

function skip(lines: DiffLine[], count: number): void {
  if (count > 0)
    lines.push({
      kind: "skip",
      text: count === 1 ? "1 unchanged line" : `${count} unchanged lines`,
    });
}

function replaced(oldText: string, newText: string): readonly DiffLine[] {
  return [
    ...linesOf(oldText).map((text): DiffLine => ({ kind: "removed", text })),
    ...linesOf(newText).map((text): DiffLine => ({ kind: "added", text })),
  ];
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function lineCount(text: string): number {
  return linesOf(text).length;
}
