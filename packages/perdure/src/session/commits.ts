/**
 * Everything that a session writes: one job after another, what a batch of them appends in one row, and what readers are
 * told of it once it is written.
 */

import type { Commit } from "../object/index.ts";
import { CommitQueue } from "../object/index.ts";
import type { SessionParts } from "./session-parts.ts";

/** How long runner events wait to be stored: they are shown meanwhile, and the runner holds them. */
const FLUSH_AFTER_MS = 1_250;

/** The commits of one session. */
export class Commits {
  readonly #parts: SessionParts;
  readonly queue: CommitQueue;
  /** Whether the batch under way has something that must not wait for the next flush. */
  #isFlushDue = false;
  #flushTimer: (() => void) | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { host } = parts;
    this.queue = new CommitQueue({
      transaction: (work) => parts.sql.transaction(work),
      seal: () => this.#seal(),
      sync: () => host.sync(),
      publish: () => this.#publish(),
      onFault: (error) => host.abort(error),
    });
  }

  /** See `CommitQueue.submit`. */
  submit<T>(
    work: (commit: Commit) => T,
    recover?: (error: unknown, commit: Commit) => T,
  ): Promise<T> {
    return this.queue.submit(work, recover);
  }

  /** Runs a job whose events are stored with its batch. */
  submitAndFlush<T>(work: (commit: Commit) => T): Promise<T> {
    return this.queue.submit((commit) => {
      this.#isFlushDue = true;
      return work(commit);
    });
  }

  /** What the batch under way appends is stored with it. */
  flushWithBatch(): void {
    this.#isFlushDue = true;
  }

  /** Nothing is written any more: who asks for it gets this error. */
  close(error: Error): void {
    this.#flushTimer?.();
    this.queue.close(error);
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const { host, log, relay, retention, sharing, turns, waking } = this.#parts;
    const marks = [host.timers, log, retention, waking, sharing, relay].map((part) => part.mark());
    const revertTurns = turns?.mark();
    return () => {
      for (const revert of marks) revert();
      revertTurns?.();
    };
  }

  /** One row for all that a batch has appended. */
  #seal(): void {
    const { log, retention, turns } = this.#parts;
    if (turns?.advance() === true) this.#isFlushDue = true;
    if (this.#isFlushDue) log.flush();
    this.#isFlushDue = false;
    retention.schedule();
  }

  /** Tells everybody what a batch has changed. Runs after its writes; the platform holds it until they are durable. */
  #publish(): void {
    const { host, listing, log, outbound, readers, relay, turns } = this.#parts;
    const news = log.takeNews();
    readers.publish(news);
    for (const event of news.events)
      if (event.type === "session.created") host.onLifecycle?.("active");
      else if (event.type === "session.lifecycle") host.onLifecycle?.(event.state);
    if (news.hasFlushed) outbound.perform(relay.flushed());
    turns?.published();
    this.#scheduleFlush();
    void listing.tell();
  }

  #scheduleFlush(): void {
    const { host, log } = this.#parts;
    if (log.log.tail.length === 0) {
      this.#flushTimer?.();
      this.#flushTimer = undefined;
    } else
      this.#flushTimer ??= host.clock.after(FLUSH_AFTER_MS, () => {
        this.#flushTimer = undefined;
        // A flush that fails ends the object; the runner sends its events again to the next.
        this.queue.submit(() => log.flush()).catch(() => {});
      });
  }
}
