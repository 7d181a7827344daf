/** As much of ESLint's rules and of ESTree as is needed here. */

/** A node of the syntax tree; which fields it has depends on its `type`. */
export interface LintNode {
  readonly type: string;
  readonly parent?: LintNode | null;
  readonly [field: string]: unknown;
}

/** What a rule may do. */
export interface LintContext {
  report(finding: { readonly node: LintNode; readonly message: string }): void;
}

/** A rule of ESLint. */
export interface LintRule {
  readonly meta: { readonly type: "problem"; readonly docs: { readonly description: string } };
  create(context: LintContext): Readonly<Record<string, (node: LintNode) => void>>;
}

/** A field that is a node. */
export function nodeIn(value: unknown): LintNode | undefined {
  return typeof value === "object" && value !== null && "type" in value
    ? (value as LintNode)
    : undefined;
}

/** The name of an identifier, or of a private one. */
export function nameOf(value: unknown): string | undefined {
  const name = nodeIn(value)?.["name"];
  return typeof name === "string" ? name : undefined;
}
