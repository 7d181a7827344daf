/** What the hooks ask over HTTP: to have a session made, and for older messages. */

import type { JsonObject, PlacedMessage, Problem } from "../protocol/index.ts";
import { PerdureError, errorOf, isObject } from "../protocol/index.ts";
import type { SessionOptions } from "./session.ts";

/** Messages before the first one at hand, as many as a snapshot has. */
const PAGE_SIZE = 50;

/** First and longest wait before a request that was not answered is sent again, in milliseconds. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/** An answer, whatever it says. No answer at all has status 503. */
interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/**
 * Has the session created. Where the server is away or overloaded it tries again until the signal ends that.
 *
 * @throws PerdureError where the server refuses: mostly `forbidden`, for a token that may not create.
 */
export async function createSession(options: SessionOptions, signal: AbortSignal): Promise<void> {
  for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    const answer = await request(options, "", { id: options.name });
    // 409: somebody else has just made it.
    if (isGood(answer) || answer.status === 409) return;
    if (answer.status === 403)
      throw new PerdureError(
        "forbidden",
        `There is no session "${options.name}", and this token may not create it.`,
      );
    if (answer.status < 500 && answer.status !== 429) throw problemIn(answer);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** A page of messages, oldest first, that ends before a position. @throws PerdureError */
export async function messagesBefore(
  options: SessionOptions,
  position: number,
): Promise<{ readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean }> {
  const path = `/${encodeURIComponent(options.name)}/messages?before=${position}&limit=${PAGE_SIZE}`;
  const answer = await request(options, path);
  if (!isGood(answer)) throw problemIn(answer);
  const { messages, hasEarlier } = answer.body;
  return {
    // The server is trusted for the contents, as it is for those of frames.
    messages: Array.isArray(messages) ? (messages as PlacedMessage[]) : [],
    hasEarlier: hasEarlier === true,
  };
}

/** Sends a request about sessions: a POST where it has a body. */
async function request(
  { url, token }: SessionOptions,
  path: string,
  body?: JsonObject,
): Promise<Answer> {
  try {
    const bearer = typeof token === "function" ? await token() : token;
    const root = (url ?? location.origin).replace(/\/?$/, "/");
    const response = await fetch(`${root}v1/sessions${path}`, {
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    return { status: response.status, body: isObject(answer) ? answer : {} };
  } catch {
    return { status: 503, body: {} };
  }
}

const isGood = ({ status }: Answer): boolean => status < 300;

/** What stands before the server has words of its own. */
function problemIn({ status, body }: Answer): PerdureError {
  return "code" in body
    ? errorOf(body as unknown as Problem)
    : new PerdureError("unavailable", `The server cannot be reached (${status}): try again later.`);
}
