import { isObject } from "perdure/protocol";
import type { RunningServer } from "../../../../packages/cli/test-system/support/scene.ts";
import type { TranscriptMessage } from "./console-page.ts";

const TOOL_STATUS: Readonly<Record<string, string>> = {
  "output-available": "Done",
  "output-error": "Failed",
  "output-denied": "Rejected",
};

/** A session's messages as `GET /v1/sessions/:id/messages` has them, in the form that a page's transcript is read in. */
export async function storedMessages(
  server: RunningServer,
  session: string,
): Promise<readonly TranscriptMessage[]> {
  const page = await server.api.get(`v1/sessions/${session}/messages`);
  const { messages } = objectOf(page);
  return listOf(messages).map((placed) => {
    const { role, parts } = objectOf(objectOf(placed)["message"]);
    return { role: String(role), lines: listOf(parts).flatMap(linesOf) };
  });
}

/** The text of a session's stored replies, to the last byte. */
export async function storedReplies(server: RunningServer, session: string): Promise<string[]> {
  const page = await server.api.get(`v1/sessions/${session}/messages`);
  return listOf(objectOf(page)["messages"])
    .map((placed) => objectOf(objectOf(placed)["message"]))
    .filter(({ role }) => role === "assistant")
    .map(({ parts }) => {
      const texts = listOf(parts).map((part) => objectOf(part)["text"]);
      return texts.filter((text) => typeof text === "string").join("");
    });
}

/** The demo agent writes paragraphs and bold words, and no other Markdown, to a prompt with directives. */
export function paragraphsOf(text: string): string[] {
  return text
    .replaceAll("**", "")
    .split("\n\n")
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "");
}

function linesOf(value: unknown): readonly string[] {
  const part = objectOf(value);
  if (typeof part["text"] === "string") return paragraphsOf(part["text"]);
  if (typeof part["toolCallId"] !== "string") return [];
  return [`[${String(part["title"])}: ${TOOL_STATUS[String(part["state"])]}]`];
}

function objectOf(value: unknown) {
  if (isObject(value)) return value;
  throw new Error(`This is no object: ${JSON.stringify(value)}`);
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`This is no list: ${JSON.stringify(value)}`);
}
