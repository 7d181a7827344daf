/** What the hooks ask over HTTP: to have a session made, and for older messages. */

import type { JsonObject, PlacedMessage, Problem } from "../protocol/index.ts";
import { PerdureError, errorOf, isObject } from "../protocol/index.ts";
import type { SessionOptions } from "./session.ts";

/** Messages before the first one at hand, as many as a snapshot has. */
const PAGE_SIZE = 50;

/** First and longest wait before a request that was not answered is sent again, in milliseconds. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Has the session created. Where the server is away or overloaded it tries again until the signal ends that.
 *
 * @throws PerdureError where the server refuses: mostly `forbidden`, for a token that may not create.
 */
export async function createSession(options: SessionOptions, signal: AbortSignal): Promise<void> {
  for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      await request(options, "", { id: options.name });
      return;
    } catch (error) {
      const code = error instanceof PerdureError ? error.code : "unavailable";
      // Somebody else has just made it.
      if (code === "session_exists") return;
      if (code === "forbidden")
        throw new PerdureError(
          "forbidden",
          `There is no session "${options.name}", and this token may not create it.`,
        );
      if (!PASSING.has(code)) throw error;
      await passed(wait, signal);
    }
  }
}

/** Problems that another attempt may not meet. */
const PASSING = new Set(["unavailable", "rate_limited", "too_many_connections", "broken"]);

/** A page of messages, oldest first, that ends before a position. */
export async function messagesBefore(
  options: SessionOptions,
  position: number,
): Promise<{ readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean }> {
  const name = encodeURIComponent(options.name);
  const query = `before=${position}&limit=${PAGE_SIZE}`;
  const { messages, hasEarlier } = await request(options, `/${name}/messages?${query}`);
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
): Promise<JsonObject> {
  const root = (url ?? location.origin).replace(/\/?$/, "/");
  let response: Response;
  try {
    const bearer = typeof token === "function" ? await token() : token;
    response = await fetch(`${root}v1/sessions${path}`, {
      headers: {
        accept: "application/json",
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  } catch {
    throw new PerdureError("unavailable", "The server cannot be reached: try again later.");
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isObject(answer)) return answer;
  if (isObject(answer) && "code" in answer) throw errorOf(answer as unknown as Problem);
  // What stands before the server has words of its own.
  const { status } = response;
  throw new PerdureError(
    status >= 500 || status === 429 ? "unavailable" : "bad_request",
    `The server answered with status ${status}.`,
  );
}

/** Resolves after a time, or as soon as the signal ends the wait. */
function passed(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
