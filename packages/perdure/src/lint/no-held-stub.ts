/** A stub is good for the request that got it: the next one gets its own, by name. */

import type { LintNode, LintRule } from "./rule.ts";
import { nameOf, nodeIn } from "./rule.ts";

const MESSAGE =
  "A stub of a Durable Object is kept past its request here. Keep the name, and get the stub anew with getByName(name) where it is used: that costs nothing, and a stub that has failed once may never work again.";

/** What makes an id of a Durable Object, and nothing else. */
const ID_METHODS = new Set(["idFromName", "idFromString", "newUniqueId"]);

/** Wrappers around a value that do not change where it goes. */
const TRANSPARENT = new Set([
  "AwaitExpression",
  "ConditionalExpression",
  "LogicalExpression",
  "ObjectExpression",
  "ArrayExpression",
  "Property",
  "ParenthesizedExpression",
  "TSAsExpression",
  "TSNonNullExpression",
  "TSSatisfiesExpression",
]);

/**
 * Reports stubs (`….getByName(…)`, `….get(….idFromName(…))`) that are stored in a variable of the module, in a field of an object, or
 * in a collection that is one of these.
 */
export const noHeldStub: LintRule = {
  meta: {
    type: "problem",
    docs: { description: "Stubs of Durable Objects are not kept past their request." },
  },
  create(context) {
    const ofModule = new Set<string>();
    return {
      Program(program) {
        for (const statement of program["body"] as readonly LintNode[])
          for (const name of declaredNames(statement)) ofModule.add(name);
      },
      CallExpression(call) {
        if (isStub(call) && isKept(call, ofModule))
          context.report({ node: call, message: MESSAGE });
      },
    };
  },
};

function isStub(call: LintNode): boolean {
  const method = methodOf(call);
  if (method === "getByName") return true;
  const [id] = call["arguments"] as readonly unknown[];
  return method === "get" && ID_METHODS.has(methodOf(nodeIn(id)) ?? "");
}

/** Whether the value of an expression goes where it outlives the request. */
function isKept(value: LintNode, ofModule: ReadonlySet<string>): boolean {
  const user = value.parent;
  if (user === undefined || user === null) return false;
  if (TRANSPARENT.has(user.type)) return isKept(user, ofModule);
  switch (user.type) {
    case "VariableDeclarator":
      return !isInFunction(user);
    case "PropertyDefinition":
      return user["value"] === value;
    case "AssignmentExpression":
      return user["right"] === value && outlives(user["left"], ofModule);
    case "CallExpression":
      return (
        ["set", "add", "push"].includes(methodOf(user) ?? "") &&
        outlives(receiverOf(user), ofModule)
      );
    default:
      return false;
  }
}

/** Whether a place is one of the module, or a field of `this`. */
function outlives(place: unknown, ofModule: ReadonlySet<string>): boolean {
  const node = nodeIn(place);
  if (node === undefined) return false;
  if (node.type === "ThisExpression") return true;
  if (node.type === "Identifier") return ofModule.has(nameOf(node) ?? "");
  return node.type === "MemberExpression" && outlives(node["object"], ofModule);
}

/** `set` of `a.b.set(…)`. */
function methodOf(call: LintNode | undefined): string | undefined {
  const callee = call?.type === "CallExpression" ? nodeIn(call["callee"]) : undefined;
  return callee?.type === "MemberExpression" ? nameOf(callee["property"]) : undefined;
}

/** `a.b` of `a.b.set(…)`. */
function receiverOf(call: LintNode): unknown {
  return nodeIn(call["callee"])?.["object"];
}

function isInFunction(node: LintNode): boolean {
  for (let outer = node.parent; outer !== undefined && outer !== null; outer = outer.parent)
    if (outer.type.includes("Function")) return true;
  return false;
}

/** Names of the variables that a statement of the module declares. */
function declaredNames(statement: LintNode): readonly string[] {
  const declaration = nodeIn(statement["declaration"]) ?? statement;
  if (declaration.type !== "VariableDeclaration") return [];
  return (declaration["declarations"] as readonly LintNode[]).flatMap(({ id }) => nameOf(id) ?? []);
}
