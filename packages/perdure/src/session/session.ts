/**
 * One session, without the platform: the same code runs in the object and over `node:sqlite`. All that changes goes
 * through the commit queue; frames leave only after the writes that they tell of.
 */

import type { Commit, Identity, Link } from "../object/index.ts";
import { Commands, CommitQueue, RevertibleSql, storeRefusal } from "../object/index.ts";
import type {
  ClientFrame,
  Command,
  Gateway,
  JsonObject,
  Reply,
  RunnerServerFrame,
  ServerFrame,
  SessionState,
} from "../protocol/index.ts";
import {
  CLOSE,
  parseClientFrame,
  parseId,
  parseRunnerFrame,
  PerdureError,
  permits,
  problemOf,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import { Approvals } from "./approvals.ts";
import { Cancellations } from "./cancellations.ts";
import { execute } from "./commands.ts";
import { CopySource } from "./copy-source.ts";
import { Decisions } from "./decisions.ts";
import { closeExpired } from "./expiry.ts";
import { ListingOutbox } from "./listing-outbox.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Lifetime } from "./lifetime.ts";
import { sessionInfo } from "./listing.ts";
import { LocalTurns } from "./local-turns.ts";
import { setMeta } from "./metadata.ts";
import { People } from "./people.ts";
import { Readers } from "./readers.ts";
import type { RelayOutcome } from "./relay.ts";
import { Relay } from "./relay.ts";
import type { ApprovalRecord, EventPage, SessionInfo } from "./rpc.ts";
import { RetentionRunner } from "./retention.ts";
import { SessionHistory } from "./session-history.ts";
import type { SessionHost } from "./session-host.ts";
import { SessionLog } from "./session-log.ts";
import { SessionTasks } from "./session-tasks.ts";
import { Sharing } from "./sharing.ts";
import { Stalling } from "./stalling.ts";
import { attemptWaking } from "./waking-attempt.ts";
import { Waking, WAKING_TIMER } from "./waking.ts";

/** With this a runner says goodbye: any other close may be a link that broke. */
const LEFT = 1000;

/** How long runner events wait to be stored: they are shown meanwhile, and the runner holds them. */
const FLUSH_AFTER_MS = 1_250;

/** One session. */
export class Session {
  readonly #host: SessionHost;
  readonly #sql: RevertibleSql;
  readonly #log: SessionLog;
  readonly #approvals: Approvals;
  readonly #decisions: Decisions;
  readonly #lifecycle: Lifecycle;
  readonly #cancellations: Cancellations;
  readonly #stalling: Stalling;
  readonly #commands: Commands;
  readonly #relay: Relay;
  /** Turns that run in the object, where the user's class runs them. */
  readonly #turns: LocalTurns | undefined;
  readonly #readers: Readers;
  readonly #people: People;
  readonly #waking: Waking;
  readonly #queue: CommitQueue;
  readonly #retention: RetentionRunner;
  readonly tasks: SessionTasks;
  readonly sharing: Sharing;
  readonly #listing: ListingOutbox;
  /** What is given away of this session where it is copied. */
  readonly copy: CopySource;
  readonly history: SessionHistory;
  /** Whether the batch under way has something that must not wait for the next flush. */
  #isFlushDue = false;
  #flushTimer: (() => void) | undefined;

  /** Loads the session. Storage must be migrated. */
  constructor(host: SessionHost) {
    this.#host = host;
    const { clock, timers } = host;
    this.#sql = new RevertibleSql(host.sql, { mark: () => this.#mark() });
    const onLine = () => this.#listing.changed();
    this.#log = new SessionLog(this.#sql, clock, onLine, host.isSearchable);
    this.#listing = new ListingOutbox(host, this.#log);
    this.#approvals = new Approvals(this.#sql, this.#log.log.content);
    this.copy = new CopySource(this.#log, this.#approvals);
    this.#decisions = new Decisions(this.#log, this.#approvals, timers, clock);
    this.#commands = new Commands(this.#sql, clock);
    const runsTurns = host.turns !== undefined;
    const isAttended = () => runsTurns || this.#relay.presence() !== null;
    const life = { log: this.#log, decisions: this.#decisions, timers, clock };
    this.#lifecycle = new Lifecycle({ ...life, lifetime: () => host.lifetime?.() ?? {} });
    this.#cancellations = new Cancellations({ ...life, isAttended, runsTurns });
    this.#stalling = new Stalling({ ...life, isAttended });
    const session = () => this.#log.id ?? "";
    const links = () => host.links();
    this.#relay = new Relay({
      log: this.#log,
      sql: this.#sql,
      clock,
      approvals: this.#approvals,
      decisions: this.#decisions,
      // A session that runs its own turns has no runner, also where a socket of one is from before.
      links: runsTurns ? () => [] : links,
      session,
      onRedelivery: (isLast) => {
        this.#perform(this.#relay.redelivered(isLast));
        if (isLast) this.#runnerDropped();
      },
    });
    this.#waking = new Waking({
      sql: this.#sql,
      log: this.#log,
      timers,
      clock,
      policy: host.gateways,
      hasRunner: isAttended,
    });
    this.sharing = new Sharing({
      sql: this.#sql,
      log: this.#log,
      clock,
      queue: () => this.#queue,
      links,
    });
    this.#readers = new Readers(this.#log, clock, {
      closeRefused: (link) => this.#closeRefused(link),
      people: () => this.#people.now(),
      incarnation: host.incarnation,
      session,
      presence: () => this.#relay.presence(),
    });
    this.#people = new People({
      clock,
      links,
      isShown: () => host.showsPeople?.() ?? true,
      announce: (people) => this.#readers.announcePeople(people),
    });
    this.#queue = new CommitQueue({
      transaction: (work) => this.#sql.transaction(work),
      seal: () => this.#seal(),
      sync: () => host.sync(),
      publish: () => this.#publish(),
      onFault: (error) => host.abort(error),
    });
    this.history = new SessionHistory({
      log: this.#log,
      commands: this.#commands,
      clock,
      timers,
      queue: this.#queue,
    });
    this.#retention = new RetentionRunner({
      log: this.#log,
      clock,
      timers,
      queue: this.#queue,
      policy: () => host.retention?.() ?? {},
    });
    this.tasks = new SessionTasks({
      log: this.#log,
      clock,
      timers,
      queue: this.#queue,
      onTaskDue: (task) => host.onTaskDue(task),
    });
    this.#turns =
      host.turns &&
      new LocalTurns({
        host: host.turns,
        log: this.#log,
        sql: this.#sql,
        clock,
        timers,
        approvals: this.#approvals,
        decisions: this.#decisions,
        commit: (work) => this.#commit(work),
        sync: () => host.sync(),
      });
    this.history.prepare();
    this.#relay.restore();
    if (this.#waking.isLost) void this.#queue.submit(() => this.#waking.recover());
    for (const link of links()) this.sharing.closeRevoked(link);
    for (const link of links()) if (link.attachment.kind !== "runner") this.#readers.restore(link);
    this.#listing.restore();
    if (this.#stalling.isUnnoticed) this.#queue.submit(() => this.#stalling.left()).catch(() => {});
  }

  /** Goes on with what the memory before has left. Call it once the session can be reached. */
  restore(): void {
    if (this.#turns === undefined) return;
    for (const link of this.#host.links()) this.#refuseRunner(link);
    this.#turns.restore();
  }

  /** Whether the session was created. */
  get exists(): boolean {
    return this.#log.state.lifecycle !== "initializing";
  }

  /** The state as of the last event, durable or not; finished messages are not in it. */
  get state(): SessionState {
    return this.#log.state;
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
    return this.#queue.submit(() => {
      if (this.exists) {
        if (this.state.createdBy !== identity.subject)
          throw new PerdureError(
            "session_exists",
            "Another owner has a session of this id; choose another id.",
          );
        return false;
      }
      if (options.gateway !== undefined) this.#waking.name(options.gateway);
      this.#log.setId(options.id, options.lifetime);
      this.#log.append({
        type: "session.created",
        by: identity.subject,
        ...(options.title === undefined ? {} : { title: options.title }),
        at: this.#host.clock.now(),
      });
      this.#log.flush();
      this.#lifecycle.ensureTimers();
      return true;
    });
  }

  /** Whether anything was ever written here, also before the session was created. */
  get isUsed(): boolean {
    return this.#log.log.last > 0;
  }

  /** The session at a glance. */
  info(): SessionInfo {
    return sessionInfo(this.#log, this.#relay.presence(), this.#people.now() ?? null);
  }

  /** Executes a command exactly once. Never rejects for a reason that the sender can do something about. */
  async command(identity: Identity, id: string, command: Command): Promise<Reply> {
    return this.#submitCommand(identity, id, command, () => {});
  }

  /** Approvals of any age; see `SessionRpc.approvals`. */
  approvals(state?: ApprovalRecord["state"]): readonly ApprovalRecord[] {
    return this.#approvals.list(state);
  }

  /** A page of durable events; see `SessionRpc.events`. */
  events(after: number): EventPage {
    const { head, floor } = this.#log.log;
    if (!Number.isSafeInteger(after) || after < floor || after > head)
      throw new PerdureError(
        "bad_request",
        `This log has positions ${floor + 1} to ${head}; read the messages and go on from a cursor within it.`,
        { floor, head },
      );
    return { ...this.#log.log.read(after), head, floor };
  }

  /** The metadata. */
  meta(): JsonObject {
    return this.state.meta;
  }

  /** Merges metadata shallowly; a null deletes its key. Answers the result. */
  setMeta(patch: JsonObject, by: string): Promise<JsonObject> {
    return this.#queue.submit(() => {
      setMeta(this.#log, this.#host.metaSchema(), patch, by, this.#host.clock.now());
      this.#log.flush();
      return this.state.meta;
    });
  }

  /** Retention: forgets events up to `position`, but none of what is open. Answers the new floor. */
  trim(position: number): Promise<number> {
    return this.#queue.submit(() => {
      this.#log.flush();
      return this.#log.trim(position);
    });
  }

  /** Ends the session before it is erased. */
  prepareErasure(identity: Identity): Promise<void> {
    return this.#queue.submit((commit) => {
      this.#lifecycle.prepareErasure(identity.subject);
      this.#log.flush();
      this.#sendAwayIfOver(commit);
    });
  }

  /** The session is erased: this memory of it writes nothing any more. */
  end(): void {
    this.#flushTimer?.();
    this.#queue.close(
      new PerdureError("session_not_found", "There is no such session: it was erased."),
    );
  }

  /** A socket was accepted. */
  connected(link: Link): void {
    if (!this.exists) return link.close(CLOSE.notFound, "There is no such session.");
    if (this.sharing.closeRevoked(link)) return;
    if (link.attachment.kind === "runner" && this.#isOver)
      link.close(CLOSE.terminated, "This session is terminated.");
    else if (this.#turns !== undefined) this.#refuseRunner(link);
  }

  /** A socket is gone, with this close code. */
  disconnected(link: Link, code: number): void {
    if (link.attachment.kind !== "runner") {
      this.#readers.remove(link);
      return this.#people.changed(link);
    }
    this.#readers.announce({ t: "runner", runner: this.#relay.presence() });
    this.#runnerDropped(code === LEFT);
  }

  /** A frame has arrived. Rejects with `bad_frame` and its like: the caller closes the socket. */
  async receive(link: Link, text: string): Promise<void> {
    if (this.sharing.closeRevoked(link)) return;
    if (link.attachment.kind === "runner") {
      if (this.#turns !== undefined) throw new PerdureError("forbidden", NO_RUNNER);
      return this.#receiveFromRunner(link, text);
    }
    const frame = parseClientFrame(text);
    if (!permits(link.attachment.role, "read"))
      throw new PerdureError("forbidden", "This role may not read.");
    await this.#receiveFromReader(link, frame);
  }

  /** A timer is due. Answers whether it was the session's own. */
  async timer(name: string): Promise<boolean> {
    if (await this.tasks.timer(name)) return true;
    if (name === WAKING_TIMER) {
      const { gateways: policy, clock } = this.#host;
      const [waking, queue, log] = [this.#waking, this.#queue, this.#log];
      await attemptWaking({ waking, queue, log, policy, clock });
      return true;
    }
    if (await this.history.timer(name)) return true;
    if (await this.#retention.timer(name)) return true;
    // Set by versions that told the list by a timer of its own; its memory being new, this one tells it anyway.
    if (name === "perdure:listing") return true;
    if ((await this.#turns?.timer(name)) === true) return true;
    return this.#queue.submit((commit) => {
      const isOwn = this.#ring(name);
      if (!isOwn) return false;
      this.#isFlushDue = true;
      this.#sendAwayIfOver(commit);
      return true;
    });
  }

  /** The alarm has rung, for a timer or for the list. */
  async alarm(): Promise<void> {
    await this.#listing.tell();
  }

  #ring(timer: string): boolean {
    return (
      this.#decisions.expire(timer, (turn, by) => void this.#cancellations.cancel(turn, by)) ||
      this.#cancellations.ring(timer) ||
      this.#stalling.ring(timer) ||
      this.#lifecycle.ring(timer)
    );
  }

  /** Runs a job whose events are flushed with the batch. */
  #commit<T>(work: () => T): Promise<T> {
    return this.#queue.submit(() => {
      this.#isFlushDue = true;
      return work();
    });
  }

  #refuseRunner(link: Link): void {
    if (link.attachment.kind === "runner") link.close(CLOSE.forbidden, NO_RUNNER);
  }

  async #receiveFromReader(link: Link, frame: ClientFrame): Promise<void> {
    switch (frame.t) {
      case "hello":
        if (frame.v !== PROTOCOL_VERSION)
          throw new PerdureError(
            "unsupported_version",
            `This server speaks version ${PROTOCOL_VERSION}; reload or update.`,
          );
        // A stream of another protocol would dial again and again.
        if (
          this.#isOver &&
          link.attachment.kind === "dialect" &&
          frame.after === this.#log.log.head
        )
          throw new PerdureError("session_terminated", "This session is over; nothing follows.");
        this.#readers.hello(link, frame.after);
        return this.#people.changed(link);
      case "ack":
        return this.#readers.acknowledge(link, frame.d);
      case "command": {
        const answer = (reply: Reply) =>
          this.#send(link, { t: "reply", i: this.#host.incarnation, id: frame.id, reply });
        await this.#submitCommand(link.attachment, frame.id, frame.command, answer);
      }
    }
  }

  async #submitCommand(
    identity: Identity,
    id: string,
    command: Command,
    answer: (reply: Reply) => void,
  ): Promise<Reply> {
    try {
      parseId(id);
      if (!permits(identity.role, command.op))
        throw new PerdureError(
          "forbidden",
          `The role ${identity.role} may not ${command.op}; ask for another token.`,
        );
      const answered = (reply: Reply, commit: Commit) => {
        commit.after(() => answer(reply));
        this.#sendAwayIfOver(commit);
        return reply;
      };
      return await this.#queue.submit(
        (commit) => answered(this.#execute(identity, id, command), commit),
        (error, commit) => answered(storeRefusal(error), commit),
      );
    } catch (error) {
      const reply: Reply = { ok: false, error: problemOf(error) };
      answer(reply);
      return reply;
    }
  }

  #execute(identity: Identity, id: string, command: Command): Reply {
    if (!this.exists)
      throw new PerdureError("session_not_found", "There is no such session; create it first.");
    const context = {
      log: this.#log,
      decisions: this.#decisions,
      timers: this.#host.timers,
      waking: this.#waking,
      lifecycle: this.#lifecycle,
      cancellations: this.#cancellations,
      metaSchema: this.#host.metaSchema(),
      at: this.#host.clock.now(),
      by: identity.subject,
    };
    this.#turns?.drain();
    const reply = this.#commands.once(id, identity.subject, command, () => ({
      ok: true,
      result: execute(context, id, command),
    }));
    this.#waking.review();
    this.#isFlushDue = true;
    return reply;
  }

  async #receiveFromRunner(link: Link, text: string): Promise<void> {
    const frame = parseRunnerFrame(text);
    await this.#queue.submit((commit) => {
      if (this.#isOver)
        throw new PerdureError(
          "session_terminated",
          "This session is terminated; it takes no more events.",
        );
      const outcome = this.#relay.receive(link, frame);
      if (frame.t === "hello") this.#waking.settle();
      commit.after(() => this.#perform(outcome));
      if (frame.t !== "hello") return;
      this.#stalling.came();
      this.#log.flush();
      commit.after(() => {
        this.#perform(this.#relay.welcomed(link));
        this.#readers.announce({ t: "runner", runner: this.#relay.presence() });
      });
    });
  }

  /** A runner's connection is gone. A timer that cannot be set now is set when the session is loaded again. */
  #runnerDropped(hasLeft = false): void {
    const dropped = () => {
      this.#waking.dropped(hasLeft);
      this.#stalling.left();
    };
    this.#queue.submit(dropped).catch(() => {});
  }

  /** One row for all that a batch has appended. */
  #seal(): void {
    if (this.#turns?.advance() === true) this.#isFlushDue = true;
    if (this.#isFlushDue) this.#log.flush();
    this.#isFlushDue = false;
    this.#retention.schedule();
  }

  /** Tells everybody what a batch has changed. Runs after its writes; the platform holds it until they are durable. */
  #publish(): void {
    const news = this.#log.takeNews();
    this.#readers.publish(news);
    for (const event of news.events)
      if (event.type === "session.created") this.#host.onLifecycle?.("active");
      else if (event.type === "session.lifecycle") this.#host.onLifecycle?.(event.state);
    if (news.hasFlushed) this.#perform(this.#relay.flushed());
    this.#turns?.published();
    this.#scheduleFlush();
    void this.#listing.tell();
  }

  #perform({ sends, closes }: RelayOutcome): void {
    for (const { link, frame } of sends) this.#send(link, { ...frame, i: this.#host.incarnation });
    for (const { link, code, reason } of closes) link.close(code, reason);
  }

  #send(link: Link, frame: ServerFrame | RunnerServerFrame): void {
    if (!this.#closeRefused(link)) link.send(JSON.stringify(frame));
  }

  /** Closes a link whose token has expired or was taken back; answers whether it was. */
  #closeRefused(link: Link): boolean {
    return closeExpired(link, this.#host.clock) || this.sharing.closeRevoked(link);
  }

  #scheduleFlush(): void {
    if (this.#log.log.tail.length === 0) {
      this.#flushTimer?.();
      this.#flushTimer = undefined;
    } else
      this.#flushTimer ??= this.#host.clock.after(FLUSH_AFTER_MS, () => {
        this.#flushTimer = undefined;
        // A flush that fails ends the object; the runner sends its events again to the next.
        this.#queue.submit(() => this.#log.flush()).catch(() => {});
      });
  }

  get #isOver(): boolean {
    return this.state.lifecycle === "terminated";
  }

  /** After the replies of a terminated session everybody who has been told everything is sent away. */
  #sendAwayIfOver(commit: Commit): void {
    if (!this.#isOver) return;
    commit.after(() => {
      for (const link of this.#host.links()) {
        if (link.attachment.kind === "runner")
          link.close(CLOSE.terminated, "This session is terminated.");
        else this.#readers.dismiss(link);
      }
    });
  }

  #mark(): () => void {
    const revertLog = this.#log.mark();
    const revertRetention = this.#retention.mark();
    const revertRelay = this.#relay.mark();
    const revertWaking = this.#waking.mark();
    const revertSharing = this.sharing.mark();
    const revertTimers = this.#host.timers.mark();
    const revertTurns = this.#turns?.mark();
    return () => {
      revertTimers();
      revertLog();
      revertRetention();
      revertWaking();
      revertSharing();
      revertRelay();
      revertTurns?.();
    };
  }
}

const NO_RUNNER = "This session runs its turns itself; it takes no runner.";
