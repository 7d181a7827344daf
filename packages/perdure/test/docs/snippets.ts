import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../../..");

/** A block of TypeScript in a document: ```ts file=NAME, or ```tsx. */
export interface Snippet {
  /** The document, from the root of the repository. */
  readonly document: string;
  readonly file: string;
  readonly code: string;
}

const DOCUMENTS = ["README.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md"];

/** Every block of TypeScript of every document; one without a file name has an empty one. */
export function allSnippets(): readonly Snippet[] {
  return globSync(DOCUMENTS, { cwd: ROOT, exclude: ["**/node_modules/**"] }).flatMap((document) => {
    const text = readFileSync(join(ROOT, document), "utf8");
    return [...text.matchAll(/^```tsx?\b(.*)\n([^]*?)^```$/gm)].map(
      ([, marks = "", code = ""]) => ({
        document,
        file: /\bfile=(\S+)/.exec(marks)?.[1] ?? "",
        code,
      }),
    );
  });
}
