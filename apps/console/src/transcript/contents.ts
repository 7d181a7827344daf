/** What a tool's input, output or approval holds, as pieces that can be shown. Agents speak ACP's content blocks. */

import { isObject, type JsonObject } from "perdure/protocol";

/** One piece to show. */
export type Content =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "diff";
      readonly path: string;
      readonly oldText: string;
      readonly newText: string;
    }
  | { readonly kind: "json"; readonly value: unknown };

/** The pieces of any value. Nothing is left out: what is not understood is shown as JSON. */
export function contentsOf(value: unknown): readonly Content[] {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "string") return [{ kind: "text", text: value }];
  if (Array.isArray(value)) return contentsOfList(value);
  return isObject(value) ? contentsOfObject(value) : [{ kind: "json", value }];
}

function contentsOfList(list: readonly unknown[]): readonly Content[] {
  const isBlocks = list.every((one) => isObject(one) && typeof one["type"] === "string");
  if (isBlocks) return list.flatMap(contentsOf);
  return list.length === 0 ? [] : [{ kind: "json", value: list }];
}

function contentsOfObject(value: JsonObject): readonly Content[] {
  const { type } = value;
  if (type === "diff" && typeof value["newText"] === "string") {
    const { path, oldText, newText } = value;
    return [
      {
        kind: "diff",
        path: typeof path === "string" ? path : "",
        oldText: typeof oldText === "string" ? oldText : "",
        newText,
      },
    ];
  }
  if (type === "text" && typeof value["text"] === "string")
    return [{ kind: "text", text: value["text"] }];
  if (type === "content") return contentsOf(value["content"]);
  if (Array.isArray(value["content"])) {
    const { content, ...rest } = value;
    return [...contentsOf(content), ...remainder(rest)];
  }
  return Object.keys(value).length === 0 ? [] : [{ kind: "json", value }];
}

function remainder(rest: JsonObject): readonly Content[] {
  const filled = Object.entries(rest).filter(
    ([, value]) =>
      value !== undefined && value !== null && !(Array.isArray(value) && !value.length),
  );
  return filled.length === 0 ? [] : [{ kind: "json", value: Object.fromEntries(filled) }];
}
