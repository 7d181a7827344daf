import type { ListOptions, SessionListing, SessionPage } from "../protocol/index.ts";

/** The index object of one owner: named by the owner's subject. */
export interface SessionIndexRpc {
  /**
   * Inserts or changes a line. `version` rises with every change of it, as the position does at which it changed: an older
   * one, or the same again, has no effect.
   */
  upsert(listing: SessionListing, version: number): Promise<void>;
  /**
   * A session was erased: its line goes, and what is still told of it has no effect. A session of the same id that is created
   * later is another one: `createdAt` tells them apart.
   */
  remove(session: Pick<SessionListing, "id" | "createdAt">): Promise<void>;
  /** A page of the list. */
  list(options?: ListOptions): Promise<SessionPage>;
}
