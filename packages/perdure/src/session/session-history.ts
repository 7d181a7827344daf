/** The finished messages of a session, for those who call it: pages, single ones, and search. */

import type { Clock, Commands, CommitQueue, Timers } from "../object/index.ts";
import type { PlacedMessage } from "../protocol/index.ts";
import type { SearchOptions } from "./message-search.ts";
import type { MessagePage, SearchPage } from "./projection.ts";
import type { SessionLog } from "./session-log.ts";

/** The timer that builds the index of a search that was switched on late. */
const SEARCH_TIMER = "perdure:search";

/** What the history needs of its session. */
export interface SessionHistoryHost {
  readonly log: SessionLog;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly queue: CommitQueue;
}

/** Reads messages. */
export class SessionHistory {
  readonly #host: SessionHistoryHost;

  constructor(host: SessionHistoryHost) {
    this.#host = host;
  }

  /** Switches the search on or off, as its class says. Call it once, when the session is loaded. */
  prepare(): void {
    const { log, timers, clock } = this.#host;
    const { messageSearch } = log.projection;
    messageSearch.prepare();
    if (messageSearch.isIncomplete && timers.dueAt(SEARCH_TIMER) === undefined)
      timers.set(SEARCH_TIMER, clock.now());
  }

  /** Finished messages; see `SessionRpc.messages`. */
  messages(before = Number.MAX_SAFE_INTEGER, limit = 50): MessagePage {
    return this.#host.log.projection.messages(before, limit);
  }

  /** The newest finished messages that began before a position, oldest first. */
  recent(limit: number, before?: number): readonly PlacedMessage[] {
    return this.messages(before, limit).messages;
  }

  /** A finished message by its position or its id: the position costs one row, a prompt's id two. */
  find(which: number | string): PlacedMessage | undefined {
    const { log, commands } = this.#host;
    if (typeof which === "number") return log.projection.messageAt(which);
    const position = commands.positionOf(which);
    const prompt = position === undefined ? undefined : log.projection.messageAt(position);
    return prompt?.message.id === which ? prompt : log.projection.messageOf(which);
  }

  /** Messages that have all words of a query, newest first; see `Projection.search`. */
  search(
    query: string,
    { before = Number.MAX_SAFE_INTEGER, limit = 20 }: SearchOptions = {},
  ): SearchPage {
    return this.#host.log.projection.search(query, before, limit);
  }

  /** A timer has rung. Answers whether it was this one's: then a step of the index was built, and the next one is soon. */
  async timer(name: string): Promise<boolean> {
    if (name !== SEARCH_TIMER) return false;
    const { log, timers, clock, queue } = this.#host;
    await queue.submit(() => {
      log.projection.buildSearch();
      if (log.projection.messageSearch.isIncomplete) timers.set(SEARCH_TIMER, clock.now());
    });
    return true;
  }
}
