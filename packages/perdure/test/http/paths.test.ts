import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "../../src/http/index.ts";

const DOCUMENT = readFileSync(join(import.meta.dirname, "../../../../docs/PROTOCOL.md"), "utf8");

const app = createApp<object>({
  sessions: () => ({
    getByName: () => {
      throw new Error("nobody calls");
    },
  }),
  index: () => ({
    getByName: () => {
      throw new Error("nobody calls");
    },
  }),
  secrets: () => "",
});

/** `GET /v1/sessions/:id` of each row of the table; `…/x` stands for the last path with another last segment. */
function documented(): readonly string[] {
  const [, section = ""] = DOCUMENT.split("\n## Paths\n");
  const rows = [...section.matchAll(/^\| (`[^|]*`) \| ([A-Z, ]+) \|/gm)];
  return rows.flatMap(([, cell = "", methods = ""]) => {
    let last = "";
    const paths = [...cell.matchAll(/`([^`?]+)[^`]*`/g)].map(([, path = ""]) => {
      last = path.replace(/^…/, last.slice(0, last.lastIndexOf("/")));
      return last;
    });
    return paths.flatMap((path) => methods.split(", ").map((method) => `${method} ${path}`));
  });
}

test("the document has every path with its methods and no other", () => {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  const served = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  expect([...served].toSorted()).toEqual(documented().toSorted());
});
