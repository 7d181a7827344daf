/**
 * A plugin for ESLint and for oxlint (`"jsPlugins": ["perdure/lint"]`, `"rules": {"perdure/no-held-stub": "error"}`) with what a
 * compiler does not see.
 */

import { noHeldStub } from "./no-held-stub.ts";

export { noHeldStub } from "./no-held-stub.ts";
export type { LintContext, LintNode, LintRule } from "./rule.ts";

/** The plugin; its rules are named `perdure/…`. */
const plugin = {
  meta: { name: "perdure" },
  rules: { "no-held-stub": noHeldStub },
} as const;

export default plugin;
