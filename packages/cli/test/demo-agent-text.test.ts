import { expect, test } from "vitest";
import { parsePromptDirectives } from "../src/demo-agent/prompt-directives.ts";
import { demoChunks, demoText, INTRODUCTION, splitIntoChunks } from "../src/demo-agent/text.ts";

test("generated text has exactly the asked number of chunks, four characters each", () => {
  const chunks = demoChunks("tokens=1000", 1000);
  expect(chunks).toHaveLength(1000);
  expect(chunks.every((chunk) => chunk.length === 4)).toBe(true);
  expect(demoText("tokens=1000", 1000)).toBe(chunks.join(""));
});

test("generated text is the same for the same prompt, another for another, and a longer one continues a shorter one", () => {
  expect(demoText("a", 300)).toBe(demoText("a", 300));
  expect(demoText("a", 300)).not.toBe(demoText("b", 300));
  expect(demoText("a", 300).startsWith(demoText("a", 200))).toBe(true);
});

test("generated text counts its words without a gap", () => {
  const numbers = demoText("count", 500).match(/\d+(?=[ .])/g) ?? [];
  expect(numbers.length).toBeGreaterThan(100);
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
});

test("a chunk never splits a surrogate pair", () => {
  expect(splitIntoChunks("abc😀d😀")).toEqual(["abc😀", "d😀"]);
});

test("the introduction is about 120 chunks with a heading, a list and a code block", () => {
  expect(splitIntoChunks(INTRODUCTION).length).toBeGreaterThan(100);
  expect(splitIntoChunks(INTRODUCTION).length).toBeLessThan(160);
  expect(INTRODUCTION).toMatch(/^## /m);
  expect(INTRODUCTION).toMatch(/^- /m);
  expect(INTRODUCTION).toMatch(/^```/m);
});

test("a prompt without directives asks for nothing, at 60 chunks a second", () => {
  expect(parsePromptDirectives("Why did it fail? I was thinking, and exchanged a plan.")).toEqual({
    tokens: undefined,
    rate: 60,
    edits: [],
    plan: false,
    think: false,
    unknown: false,
    usage: false,
    fail: false,
  });
});

test("directives are read anywhere in the prompt", () => {
  expect(parsePromptDirectives("please tokens=12 rate=0\nthink plan unknown usage fail")).toEqual({
    tokens: 12,
    rate: 0,
    edits: [],
    plan: true,
    think: true,
    unknown: true,
    usage: true,
    fail: true,
  });
});

test.each(["edit", "Please fix this.", "Change the notes!", "tokens=1 edit"])(
  "%j proposes one edit",
  (prompt) => {
    expect(parsePromptDirectives(prompt).edits).toEqual([
      { fileName: "notes.md", line: "- Note from the demo agent.\n" },
    ]);
  },
);

test("edit=subject proposes another line, and ask=N as many edits of different files", () => {
  expect(parsePromptDirectives("edit=other ask=2").edits).toEqual([
    { fileName: "notes.md", line: "- Note about other, from the demo agent.\n" },
    { fileName: "notes-2.md", line: "- Note about other, from the demo agent.\n" },
  ]);
});

test("numbers past the limits are cut to the limit, and what is no whole number is ignored", () => {
  expect(parsePromptDirectives("tokens=999999999 rate=99999 ask=99")).toMatchObject({
    tokens: 100_000,
    rate: 10_000,
  });
  expect(parsePromptDirectives("ask=99").edits).toHaveLength(10);
  expect(parsePromptDirectives("tokens=-1 rate=fast")).toMatchObject({
    tokens: undefined,
    rate: 60,
  });
});
