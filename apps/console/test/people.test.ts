import { expect, test } from "vitest";
import { nameOf, peopleLines } from "../src/session/people.ts";

test("a guest goes by the name that they gave", () => {
  expect(["owner", "guest:9447cdb3:Grace: H", "guest:9447cdb3", "guest:"].map(nameOf)).toEqual([
    "owner",
    "Grace: H",
    "Guest 9447cdb3",
    "guest:",
  ]);
});

const person = (subject: string) => ({ subject, role: "viewer", since: 1 }) as const;

test("one is oneself the first of those who are here", () => {
  const presence = { people: [person("ada"), person("guest:1:Bob")], count: 2 };
  const names = (self: string | undefined) => peopleLines(presence, self).map(({ name }) => name);

  expect(names("guest:1:Bob")).toEqual(["Bob (you)", "ada"]);
  expect(names(undefined)).toEqual(["ada", "Bob"]);
});
