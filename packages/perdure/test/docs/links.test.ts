import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./snippets.ts";

const DOCUMENTS = globSync(["*.md", "docs/**/*.md", "{packages,examples}/*/README.md"], {
  cwd: ROOT,
  exclude: ["**/node_modules/**"],
});

const read = (document: string) => readFileSync(join(ROOT, document), "utf8");

/** Anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (document: string) =>
  [...read(document).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(DOCUMENTS)("every link of a document leads somewhere: %s", (document) => {
  const links = [...read(document).matchAll(/(?<!!)\[[^\]]*\]\((?!https?:)([^)]*)\)/g)];
  const broken = links.flatMap(([, link = ""]) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? document : join(dirname(document), path);
    if (!existsSync(join(ROOT, target))) return [link];
    return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [link];
  });
  expect(broken).toEqual([]);
});

test.each(DOCUMENTS)("every rule that a document names is in the protocol: %s", (document) => {
  const rules = [...read("docs/PROTOCOL.md").matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)];
  const known = new Set(rules.map(([, id]) => id));
  const named = read(document).match(/\b[WCLRNGTASMKH]\d{1,2}\b/g) ?? [];
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});

test("the README lists every guide", () => {
  const missing = globSync("docs/guides/*.md", { cwd: ROOT }).filter(
    (guide) => !read("README.md").includes(`(${guide})`),
  );
  expect(missing).toEqual([]);
});
