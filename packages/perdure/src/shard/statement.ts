/** The text of a SQL statement, as far as it has to be understood here: what bytecode does not tell. */

import { PerdureError } from "../protocol/index.ts";

/** What a statement of a handler may begin with; the rest changes the schema, the connection or the transaction. */
const VERBS = ["select", "values", "with", "insert", "replace", "update", "delete"] as const;

/** How a statement begins. */
export type Verb = (typeof VERBS)[number];

/** A word, a quoted name without its quotes, or a symbol. */
export interface Token {
  readonly kind: "word" | "name" | "string" | "number" | "binding" | "symbol";
  /** Of a word, in small letters. */
  readonly text: string;
  /** How many parentheses are open around it. */
  readonly depth: number;
  /** Where it ends in the text. */
  readonly end: number;
}

/** One statement. */
export interface Statement {
  /** Without a comment or a semicolon at its end. */
  readonly text: string;
  readonly verb: Verb;
  readonly tokens: readonly Token[];
}

/** As SQLite splits texts (https://sqlite.org/src/file/src/tokenize.c); every byte above 0x7f belongs to a word. */
const TOKEN =
  /(?<skip>[ \t\n\f\r]+|--[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<word>[A-Za-z_\u{80}-\u{10ffff}][\w$\u{80}-\u{10ffff}]*)|(?<binding>\?\d*)|(?<number>\.?\d[\w.]*)|(?<symbol>[^])/uy;

/**
 * Splits a text into its tokens.
 *
 * @throws PerdureError `broken` where it is not one statement that a handler may run.
 */
export function parseStatement(text: string): Statement {
  const tokens: Token[] = [];
  let depth = 0;
  let isOver = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const { groups = {} } = match;
    if (groups["skip"] !== undefined) continue;
    if (match[0] === ";" && tokens.length > 0) {
      isOver = true;
      continue;
    }
    if (isOver) throw refused("one call runs one statement; call it again for the next");
    if ("$:@#\0".includes(match[0]))
      throw refused("bindings are written `?`, in the order of their values");
    if (match[0] === ")") depth -= 1;
    tokens.push(tokenOf(groups, depth, TOKEN.lastIndex));
    if (match[0] === "(") depth += 1;
  }
  const [first] = tokens;
  const verb = VERBS.find((one) => first?.kind === "word" && one === first.text);
  if (verb === undefined)
    throw refused(
      `a handler runs SELECT, INSERT, UPDATE and DELETE; what changes the schema belongs into \`migrations\`, and not ${first?.text.toUpperCase() ?? "nothing"}`,
    );
  return { text: text.slice(0, tokens.at(-1)?.end), verb, tokens };
}

function tokenOf(groups: Record<string, string | undefined>, depth: number, end: number): Token {
  const { string, name, word, binding, number, symbol = "" } = groups;
  if (word !== undefined) return { kind: "word", text: word.toLowerCase(), depth, end };
  if (name !== undefined) return { kind: "name", text: unquoted(name), depth, end };
  if (string !== undefined) return { kind: "string", text: unquoted(string), depth, end };
  if (binding !== undefined) return { kind: "binding", text: binding, depth, end };
  if (number !== undefined) return { kind: "number", text: number, depth, end };
  return { kind: "symbol", text: symbol, depth, end };
}

function unquoted(text: string): string {
  const [quote = ""] = text;
  const inner = text.slice(1, -1);
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}

/** An error of whoever wrote the handler. */
export function refused(why: string): PerdureError {
  return new PerdureError("bad_statement", `A statement of a handler cannot be run: ${why}.`);
}
