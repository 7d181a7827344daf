/** Lines of the session list as the server gives them. */

import { isObject, type JsonObject, type Lifecycle } from "perdure/protocol";

/** One session in the list. */
export interface Listing {
  readonly id: string;
  readonly title: string | undefined;
  readonly lifecycle: Lifecycle;
  readonly status: "idle" | "queued" | "running" | "stalled" | "waiting";
  readonly updatedAt: number;
}

const LIFECYCLES: readonly Lifecycle[] = ["initializing", "active", "paused", "terminated"];
const STATUSES: readonly Listing["status"][] = ["idle", "queued", "running", "stalled", "waiting"];

/** The sessions of a `GET /v1/sessions`. A line without an id is left out. */
export function parseListings(answer: JsonObject): readonly Listing[] {
  const { sessions } = answer;
  return Array.isArray(sessions) ? sessions.flatMap(parseListing) : [];
}

function parseListing(value: unknown): readonly Listing[] {
  if (!isObject(value) || typeof value["id"] !== "string") return [];
  const { id, title, updatedAt, createdAt } = value;
  return [
    {
      id,
      title: typeof title === "string" && title !== "" ? title : undefined,
      lifecycle: LIFECYCLES.find((one) => one === value["lifecycle"]) ?? "active",
      status: STATUSES.find((one) => one === value["status"]) ?? "idle",
      updatedAt: Number(updatedAt ?? createdAt ?? 0),
    },
  ];
}

/** What a line says about its session, in one or two words. */
export function statusLabel(listing: Listing): string {
  if (listing.lifecycle === "terminated") return "Ended";
  if (listing.lifecycle === "paused") return "Paused";
  switch (listing.status) {
    case "running":
      return "Running";
    case "stalled":
      return "Runner gone";
    case "waiting":
      return "Needs you";
    case "queued":
      return "Queued";
    case "idle":
      return "Idle";
  }
}

/** The title of a session, or its id where it has none; of a long id the end, since ids of one day begin alike. */
export function titleOf(listing: {
  readonly id: string;
  readonly title: string | undefined;
}): string {
  return listing.title ?? `Session ${listing.id.length > 12 ? listing.id.slice(-6) : listing.id}`;
}
