/**
 * One session, without the platform: the same code runs in the object and over `node:sqlite`. All that changes goes
 * through the commit queue; frames leave only after the writes that they tell of.
 */

import type { Identity, Link } from "../object/index.ts";
import type { Command, Gateway, JsonObject, Reply, SessionState } from "../protocol/index.ts";
import { CLOSE, PerdureError } from "../protocol/index.ts";
import type { CopySource } from "./copy-source.ts";
import type { Lifetime } from "./lifetime.ts";
import { sessionInfo } from "./listing.ts";
import { setMeta } from "./metadata.ts";
import type { ApprovalFilter, ApprovalPage, EventPage, SessionInfo } from "./rpc.ts";
import type { SessionHistory } from "./session-history.ts";
import type { SessionHost } from "./session-host.ts";
import { SessionParts } from "./session-parts.ts";
import type { SessionTasks } from "./session-tasks.ts";
import type { Sharing } from "./sharing.ts";
import { attemptWaking } from "./waking-attempt.ts";
import { WAKING_TIMER } from "./waking.ts";

/** One session. */
export class Session {
  readonly #parts: SessionParts;
  /** Tasks: the agent's plan and the application's. */
  readonly tasks: SessionTasks;
  /** Invitations, and what was revoked. */
  readonly sharing: Sharing;
  /** What is given away of this session where it is copied. */
  readonly copy: CopySource;
  /** Finished messages: pages, single ones, and search. */
  readonly history: SessionHistory;

  /** Loads the session. Storage must be migrated. */
  constructor(host: SessionHost) {
    this.#parts = new SessionParts(host);
    const { commits, copy, history, listing, readers, relay } = this.#parts;
    const { retention, sharing, stalling, tasks, waking } = this.#parts;
    this.copy = copy;
    this.history = history;
    this.sharing = sharing;
    this.tasks = tasks;
    history.prepare();
    relay.restore();
    if (waking.isLost) void commits.submit(() => waking.recover());
    if (retention.isLate) void commits.submit(() => retention.resume());
    for (const link of host.links()) sharing.closeRevoked(link);
    for (const link of host.links()) if (link.attachment.kind !== "runner") readers.restore(link);
    listing.restore();
    if (stalling.isUnnoticed) commits.submit(() => stalling.left()).catch(() => {});
  }

  /** Goes on with what the memory before has left. Call it once the session can be reached. */
  restore(): void {
    const { fromRunners, host, turns } = this.#parts;
    if (turns === undefined) return;
    for (const link of host.links())
      if (link.attachment.kind === "runner") fromRunners.connected(link);
    turns.restore();
  }

  /** Whether the session was created. */
  get exists(): boolean {
    return this.#parts.log.exists;
  }

  /** The state as of the last event, durable or not; finished messages are not in it. */
  get state(): SessionState {
    return this.#parts.log.state;
  }

  /** Whether anything was ever written here, also before the session was created. */
  get isUsed(): boolean {
    return this.#parts.log.log.last > 0;
  }

  /** Creates the session; answers false where it was there. Throws `session_exists` for another owner. */
  create(
    identity: Identity,
    options: {
      readonly id: string;
      readonly title?: string | undefined;
      readonly gateway?: Gateway | undefined;
      readonly lifetime?: Lifetime | undefined;
    },
  ): Promise<boolean> {
    const { commits, host, lifecycle, log, waking } = this.#parts;
    return commits.submit(() => {
      if (this.exists) {
        if (this.state.createdBy !== identity.subject)
          throw new PerdureError(
            "session_exists",
            "Another owner has a session of this id; choose another id.",
          );
        return false;
      }
      if (options.gateway !== undefined) waking.name(options.gateway);
      log.setId(options.id, options.lifetime);
      log.append({
        type: "session.created",
        by: identity.subject,
        ...(options.title === undefined ? {} : { title: options.title }),
        at: host.clock.now(),
      });
      log.flush();
      lifecycle.ensureTimers();
      return true;
    });
  }

  /** The session at a glance. */
  info(): SessionInfo {
    const { log, people, relay, turns, waking } = this.#parts;
    return sessionInfo(log, {
      runner: relay.presence(),
      presence: people.now() ?? null,
      runsTurns: turns !== undefined,
      hasGateway: waking.hasGateway,
    });
  }

  /** Executes a command exactly once. Never rejects for a reason that the sender can do something about. */
  command(identity: Identity, id: string, command: Command): Promise<Reply> {
    return this.#parts.fromReaders.command(identity, id, command, () => {});
  }

  /** Approvals of any age; see `SessionRpc.approvals`. */
  approvals(filter: ApprovalFilter = {}): ApprovalPage {
    const open = this.state.approvals.map(({ approval }) => approval);
    return this.#parts.approvals.page(filter, open);
  }

  /** A page of durable events; see `SessionRpc.events`. */
  events(after: number): EventPage {
    const { log } = this.#parts.log;
    const { head, floor } = log;
    if (!Number.isSafeInteger(after) || after < floor || after > head)
      throw new PerdureError(
        "bad_request",
        `This log has positions ${floor + 1} to ${head}; read the messages and go on from a cursor within it.`,
        { floor, head },
      );
    return { ...log.read(after), head, floor };
  }

  /** The metadata. */
  meta(): JsonObject {
    return this.state.meta;
  }

  /** Merges metadata shallowly; a null deletes its key. Answers the result. */
  setMeta(patch: JsonObject, by: string): Promise<JsonObject> {
    const { commits, host, log } = this.#parts;
    return commits.submit(() => {
      setMeta(log, host.metaSchema(), patch, by, host.clock.now());
      log.flush();
      return this.state.meta;
    });
  }

  /** Retention: forgets events up to `position`, but none of what is open. Answers the new floor. */
  trim(position: number): Promise<number> {
    const { commits, log } = this.#parts;
    return commits.submit(() => {
      log.flush();
      return log.trim(position);
    });
  }

  /** Ends the session before it is erased. */
  prepareErasure(identity: Identity): Promise<void> {
    const { commits, lifecycle, log, outbound } = this.#parts;
    return commits.submit((commit) => {
      lifecycle.prepareErasure(identity.subject);
      log.flush();
      outbound.sendAwayIfOver(commit);
    });
  }

  /** The session is erased: this memory of it writes nothing any more. */
  end(): void {
    this.#parts.commits.close(
      new PerdureError("session_not_found", "There is no such session: it was erased."),
    );
  }

  /** A socket was accepted. */
  connected(link: Link): void {
    if (!this.exists) return link.close(CLOSE.notFound, "There is no such session.");
    if (this.sharing.closeRevoked(link)) return;
    if (link.attachment.kind === "runner") this.#parts.fromRunners.connected(link);
  }

  /** A socket is gone, with this close code. */
  disconnected(link: Link, code: number): void {
    if (link.attachment.kind === "runner") this.#parts.fromRunners.disconnected(code);
    else this.#parts.fromReaders.disconnected(link);
  }

  /** A frame has arrived. Rejects with `bad_frame` and its like: the caller closes the socket. */
  async receive(link: Link, text: string): Promise<void> {
    const { fromReaders, fromRunners } = this.#parts;
    if (this.sharing.closeRevoked(link)) return;
    await (link.attachment.kind === "runner" ? fromRunners : fromReaders).receive(link, text);
  }

  /** A timer is due. Answers whether it was the session's own. */
  async timer(name: string): Promise<boolean> {
    const { commits, host, log, outbound, retention, turns, waking } = this.#parts;
    if (await this.tasks.timer(name)) return true;
    if (name === WAKING_TIMER) {
      const { gateways: policy, clock } = host;
      await attemptWaking({ waking, queue: commits.queue, log, policy, clock });
      return true;
    }
    if (await this.history.timer(name)) return true;
    if (await retention.timer(name)) return true;
    // Set by versions that told the list by a timer of its own; its memory being new, this one tells it anyway.
    if (name === "perdure:listing") return true;
    if ((await turns?.timer(name)) === true) return true;
    return commits.submit((commit) => {
      const isOwn = this.#ring(name);
      if (!isOwn) return false;
      commits.flushWithBatch();
      outbound.sendAwayIfOver(commit);
      return true;
    });
  }

  /** The alarm has rung, for a timer or for the list. */
  async alarm(): Promise<void> {
    await this.#parts.listing.tell();
  }

  #ring(timer: string): boolean {
    const { cancellations, decisions, lifecycle, stalling } = this.#parts;
    return (
      decisions.expire(timer, (turn, by) => void cancellations.cancel(turn, by)) ||
      cancellations.ring(timer) ||
      stalling.ring(timer) ||
      lifecycle.ring(timer)
    );
  }
}
