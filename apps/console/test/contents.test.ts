import { expect, test } from "vitest";
import { contentsOf } from "../src/transcript/contents.ts";
import { diffLines } from "../src/transcript/diff-lines.ts";
import { textPartOf, urlPartOf } from "../src/transcript/part-fields.ts";

test("a diff block of ACP is a difference with its path", () => {
  expect(contentsOf([{ type: "diff", path: "a.md", oldText: null, newText: "new" }])).toEqual([
    { kind: "diff", path: "a.md", oldText: "", newText: "new" },
  ]);
});

test("content blocks are unwrapped and what stands beside them is kept", () => {
  const output = {
    content: [{ type: "content", content: { type: "text", text: "done" } }],
    rawOutput: { code: 0 },
    locations: [],
  };

  expect(contentsOf(output)).toEqual([
    { kind: "text", text: "done" },
    { kind: "json", value: { rawOutput: { code: 0 } } },
  ]);
});

test("what is not understood is shown as JSON, and nothing as nothing", () => {
  expect(contentsOf({ file: "a.md" })).toEqual([{ kind: "json", value: { file: "a.md" } }]);
  expect(contentsOf([1, 2])).toEqual([{ kind: "json", value: [1, 2] }]);
  expect(contentsOf(false)).toEqual([{ kind: "json", value: false }]);
  expect([undefined, null, "", [], {}].flatMap(contentsOf)).toEqual([]);
});

test("a difference shows changed lines with three lines around them and counts the rest", () => {
  const old = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", ""].join("\n");

  const { lines, added, removed } = diffLines(old, old.replace("5\n", "five\nand\n"));

  expect(lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    "skip 1 unchanged line",
    "same 2",
    "same 3",
    "same 4",
    "removed 5",
    "added five",
    "added and",
    "same 6",
    "same 7",
    "same 8",
    "skip 2 unchanged lines",
  ]);
  expect({ added, removed }).toEqual({ added: 2, removed: 1 });
});

test("a line added to the end of a file is one added line", () => {
  const { lines, added, removed } = diffLines("a\nb\n", "a\nb\nc\n");

  expect(lines.map((line) => line.kind)).toEqual(["same", "same", "added"]);
  expect({ added, removed }).toEqual({ added: 1, removed: 0 });
});

test("a new file is all added, an emptied one all removed", () => {
  expect(diffLines("", "a\nb\n").lines).toEqual([
    { kind: "added", text: "a" },
    { kind: "added", text: "b" },
  ]);
  expect(diffLines("a\n", "").lines).toEqual([{ kind: "removed", text: "a" }]);
});

test("texts without a line in common are shown as one replaced by the other", () => {
  const old = Array.from({ length: 1500 }, (_, index) => `old ${index}\n`).join("");
  const { added, removed, lines } = diffLines(old, old.replaceAll("old", "new"));

  expect({ added, removed, lines: lines.length }).toEqual({
    added: 1500,
    removed: 1500,
    lines: 3000,
  });
});

test("only web addresses become links", () => {
  expect(urlPartOf({ type: "file", mediaType: "text/plain", url: "javascript:alert(1)" }).url).toBe(
    undefined,
  );
  expect(
    urlPartOf({ type: "file", mediaType: "text/plain", url: "https://a.example/b", filename: "b" }),
  ).toEqual({ label: "b", url: "https://a.example/b" });
});

test("a text part without a text is empty", () => {
  expect(textPartOf({ type: "custom", text: 4 })).toEqual({ text: "", isStreaming: false });
});
