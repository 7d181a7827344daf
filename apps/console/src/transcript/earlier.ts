/** Messages older than those that the session's state holds, loaded page by page. */

import type { ClientState } from "perdure/client";
import { isObject, type JsonObject, type Message, type PlacedMessage } from "perdure/protocol";

/** The pages loaded so far. */
export interface EarlierMessages {
  readonly messages: readonly PlacedMessage[];
  readonly hasEarlier: boolean;
  /** Position of the live message before which they end. */
  readonly until: number;
}

/**
 * Older pages and live messages as one list. Pages that do not end where the live messages begin (a reset replaced those)
 * are left out, so that the list never has a hole.
 */
export function joinEarlier(
  earlier: EarlierMessages | undefined,
  state: Pick<ClientState, "session" | "hasEarlier"> | undefined,
): { readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean } {
  const live = state?.session?.messages ?? [];
  const fits = earlier !== undefined && earlier.until === live[0]?.position;
  return fits
    ? { messages: [...earlier.messages, ...live], hasEarlier: earlier.hasEarlier }
    : { messages: live, hasEarlier: state?.hasEarlier ?? false };
}

/** The answer of a `GET /v1/sessions/:id/messages`. */
export function parsePage(answer: JsonObject): Omit<EarlierMessages, "until"> {
  const { messages, hasEarlier } = answer;
  return {
    messages: Array.isArray(messages) ? messages.flatMap(parsePlaced) : [],
    hasEarlier: hasEarlier === true,
  };
}

function parsePlaced(value: unknown): readonly PlacedMessage[] {
  if (!isObject(value) || typeof value["position"] !== "number") return [];
  const { position, at, turn } = value;
  const message = parseMessage(value["message"]);
  if (message === undefined) return [];
  return [
    {
      position,
      message,
      at: typeof at === "number" ? at : 0,
      turn: typeof turn === "string" ? turn : undefined,
    },
  ];
}

function parseMessage(value: unknown): Message | undefined {
  if (!isObject(value) || typeof value["id"] !== "string") return undefined;
  const { id, metadata, parts } = value;
  const role = ROLES.find((one) => one === value["role"]);
  if (role === undefined || !Array.isArray(parts)) return undefined;
  return {
    id,
    role,
    parts: parts.filter((part) => isObject(part) && typeof part["type"] === "string"),
    ...(isObject(metadata) ? { metadata } : {}),
  };
}

const ROLES: readonly Message["role"][] = ["system", "user", "assistant"];
