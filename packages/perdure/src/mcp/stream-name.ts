/** Names of streams, and the ids of the events in them: what a client sends back as `Last-Event-ID`. */

import { base64url } from "jose";

/** The stream of what belongs to no request: that of a plain GET. */
export const STANDALONE = "0";

/** A longer JSON-RPC id is left out of the name of its stream: names are sent with each event. */
const MAX_REQUEST_ID_LENGTH = 64;

/** Longest name of a stream: what `newStream` makes, and some room. */
const MAX_STREAM_LENGTH = 160;

/** Bytes of a name that are random: within one session, that is enough never to meet the same name twice. */
const RANDOM_BYTES = 9;

/** The id of a JSON-RPC request. */
export type RequestId = string | number;

/** Where an event is. */
export interface EventPlace {
  /** Name of its stream. */
  readonly stream: string;
  /** Its position in the session's log. */
  readonly position: number;
}

/** A new name for the stream of a request. It holds the request's id, so that whoever has only the name can answer it. */
export function newStream(request: RequestId): string {
  const random = base64url.encode(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
  const id = JSON.stringify(request);
  return `${random}.${id.length > MAX_REQUEST_ID_LENGTH ? "" : base64url.encode(id)}`;
}

/** The id of the request whose stream this is; undefined for the standalone stream, and where the id was too long for the name. */
export function requestOf(stream: string): RequestId | undefined {
  const [, encoded = ""] = stream.split(".", 2);
  try {
    const id: unknown = JSON.parse(new TextDecoder().decode(base64url.decode(encoded)));
    return typeof id === "string" || typeof id === "number" ? id : undefined;
  } catch {
    return undefined;
  }
}

/** The id of an event, as clients know it. */
export function eventId({ stream, position }: EventPlace): string {
  return `${stream}-${position}`;
}

/** What a `Last-Event-ID` says; undefined where it is none of ours. */
export function placeOfEvent(id: string): EventPlace | undefined {
  const [, stream, digits] = /^(0|[\w-]{12}\.[\w-]*)-(\d{1,15})$/.exec(id) ?? [];
  if (stream === undefined || stream.length > MAX_STREAM_LENGTH) return undefined;
  return { stream, position: Number(digits) };
}
