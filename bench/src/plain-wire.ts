/**
 * What the contenders that are written by hand for this benchmark speak: as little as does the work. A frame that is a
 * bare JSON string is forwarded to all readers as it came, and not stored.
 */

/** To the object. */
export type PlainRequest =
  /** Stores an entry; once it is durable all readers get it and the sender an `ack`. */
  | { readonly t: "append"; readonly id: string; readonly body: string }
  /** One token of a stream, to be stored and shown to all readers. Where `end` is set, what is held back is stored. */
  | { readonly t: "token"; readonly text: string; readonly end?: true }
  /** Sends what came after a position, then `live`. */
  | { readonly t: "hello"; readonly after: number };

/** From the object. */
export type PlainResponse =
  | { readonly t: "ack"; readonly id: string; readonly p: number }
  | { readonly t: "events"; readonly p: number; readonly e: readonly string[] }
  | { readonly t: "live"; readonly p: number };

/** Whether a frame is to be forwarded as it came. */
export function isForwarded(text: string): boolean {
  return text.startsWith('"');
}

/** What stands in every stored row of a history that is made before something is measured. */
export function bodyOf(url: URL): { readonly count: number; readonly body: string } {
  return {
    count: Number(url.searchParams.get("count") ?? 0),
    body: url.searchParams.get("body") ?? "",
  };
}

/** Rows that are sent in one frame to a reader that comes back. */
export const PAGE_ROWS = 1_000;
