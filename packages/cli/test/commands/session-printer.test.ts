import type { SessionEvent } from "perdure/protocol";
import { expect, test } from "vitest";
import { SessionPrinter } from "../../src/commands/session-printer.ts";
import { ago, printable, table } from "../../src/commands/text-table.ts";

function print(...events: readonly SessionEvent[]): string {
  const printer = new SessionPrinter();
  return events.map((event) => printer.print(event)).join("") + printer.finish();
}

const ask: SessionEvent = {
  type: "turn.queued",
  turn: "t",
  by: "ann",
  message: { id: "t", role: "user", parts: [{ type: "text", text: "Hi" }] },
  at: 1,
};

test("a turn reads as a conversation", () => {
  expect(
    print(
      ask,
      { type: "command.begun", command: 1, at: 1 },
      { type: "start", messageId: "t-reply" },
      { type: "text-start", id: "a" },
      { type: "text-delta", id: "a", delta: "Hel" },
      { type: "text-delta", id: "a", delta: "lo." },
      { type: "text-end", id: "a" },
      { type: "tool-input-available", toolCallId: "c", toolName: "edit", title: "Edit", input: {} },
      { type: "tool-output-available", toolCallId: "c", output: {}, preliminary: true },
      { type: "tool-output-available", toolCallId: "c", output: {} },
      { type: "finish" },
      { type: "turn.ended", turn: "t", outcome: "completed", at: 2 },
    ),
  ).toBe("ann: Hi\nagent: Hello.\n[Edit: …]\n[Edit: done]\n");
});

test("a turn that was cut off in mid-line ends the line and says so", () => {
  expect(
    print(
      { type: "text-start", id: "a" },
      { type: "text-delta", id: "a", delta: "Hel" },
      { type: "turn.ended", turn: "t", outcome: "interrupted", reason: "gone", at: 2 },
    ),
  ).toBe("agent: Hel\n[turn interrupted: gone]\n");
});

test("what an agent writes cannot steer the terminal", () => {
  expect(
    print(
      { type: "text-start", id: "a" },
      { type: "text-delta", id: "a", delta: "\u001B[31mred\u001B[0m\u0007\rtext\n" },
    ),
  ).toBe("agent: redtext\n");
  expect(printable("a\u001B]0;title\u0007\nb")).toBe("a b");
});

test("columns are as wide as their longest cell", () => {
  expect(table(["A", "B"], [["long cell", "x"]])).toBe("A          B\nlong cell  x");
});

test.each([
  [0, "0 s ago"],
  [61_000, "1 min ago"],
  [7_300_000, "2 h ago"],
  [200_000_000, "2 d ago"],
])("%i ms are %s", (milliseconds, text) => {
  expect(ago(1, 1 + milliseconds)).toBe(text);
});
