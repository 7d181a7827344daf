/**
 * The runner's side of a session: who may write (claims and epochs), what has arrived (numbers per spool), and what the
 * runner has still to do (commands, delivered until the log says that they were begun).
 */

import { Producers } from "../log/index.ts";
import type { Clock, Link, Sql } from "../object/index.ts";
import type {
  AgentInfo,
  ApprovalRequest,
  RunnerCommand,
  RunnerEvent,
  RunnerFrame,
  RunnerPresence,
  RunnerServerFrame,
  Unstamped,
} from "../protocol/index.ts";
import {
  CLOSE,
  isControl,
  PerdureError,
  PROTOCOL_VERSION,
  runningTurn,
} from "../protocol/index.ts";
import type { Approvals } from "./approvals.ts";
import { approvalDigest } from "./approvals.ts";
import { Claims } from "./claims.ts";
import type { Decisions } from "./decisions.ts";
import { Redelivery } from "./redelivery.ts";
import { pendingCommands } from "./runner-commands.ts";
import type { SessionLog } from "./session-log.ts";
import { planOf } from "./tasks.ts";

/** What a frame of a runner asks of the rest of the session. */
export interface RelayOutcome {
  /** Frames to send after the commit. */
  readonly sends: readonly { readonly link: Link; readonly frame: Unstamped<RunnerServerFrame> }[];
  /** Links to close after the commit. */
  readonly closes: readonly {
    readonly link: Link;
    readonly code: number;
    readonly reason: string;
  }[];
}

const NOTHING: RelayOutcome = { sends: [], closes: [] };

/** UTF-16 units of what an agent says of itself that a connection keeps: an attachment is small. */
const MAX_AGENT_TEXT = 200;

/** The relay of one session. Its methods run inside the commit queue. */
export class Relay {
  readonly #log: SessionLog;
  readonly #clock: Clock;
  readonly #approvals: Approvals;
  readonly #decisions: Decisions;
  readonly #producers: Producers;
  readonly #claims: Claims;
  readonly #links: () => readonly Link[];
  readonly #session: () => string;
  /** Numbers of the commands that were sent on a link. Lost with memory, and then sent again: the runner knows them. */
  readonly #delivered = new WeakMap<Link, Set<number>>();
  /** Links whose welcome is not sent yet, and whether an acknowledgement waits behind it. */
  readonly #unwelcomed = new Map<Link, boolean>();
  readonly #redelivery: Redelivery;

  constructor(options: {
    readonly log: SessionLog;
    readonly sql: Sql;
    readonly clock: Clock;
    readonly approvals: Approvals;
    readonly decisions: Decisions;
    readonly links: () => readonly Link[];
    readonly session: () => string;
    /** Commands must be sent again: call `redelivered` and do what it says. */
    readonly onRedelivery: (isLast: boolean) => void;
  }) {
    this.#log = options.log;
    this.#redelivery = new Redelivery(options.clock, options.onRedelivery);
    this.#clock = options.clock;
    this.#approvals = options.approvals;
    this.#decisions = options.decisions;
    this.#links = options.links;
    this.#session = options.session;
    this.#producers = new Producers(options.sql);
    this.#claims = new Claims(options.sql);
    const { spool, r } = this.#claims.current;
    const { producer } = this.#log;
    if (spool !== null && (spool !== producer.spool || r > producer.r))
      this.#log.setProducer(spool, r);
  }

  /** The runner that is connected under the claim in force. */
  presence(): RunnerPresence | null {
    const link = this.#current();
    if (link === undefined) return null;
    const { runner } = this.#log.state;
    const { epoch } = this.#claims.current;
    return {
      epoch,
      agent: runner?.epoch === epoch ? runner.agent : link.attachment.agent,
      since: link.attachment.connectedAt,
    };
  }

  /** A frame of a runner. */
  receive(link: Link, frame: RunnerFrame): RelayOutcome {
    return frame.t === "hello" ? this.#hello(link, frame) : this.#events(link, frame);
  }

  /** The log was flushed: what is to be acknowledged, and the commands that became due. */
  flushed(): RelayOutcome {
    const link = this.#current();
    if (link === undefined) return NOTHING;
    if (this.#unwelcomed.has(link)) {
      this.#unwelcomed.set(link, true);
      return NOTHING;
    }
    return {
      sends: [{ link, frame: this.#acknowledgement() }, ...this.#deliver(link)],
      closes: [],
    };
  }

  /** The welcome was sent: what had to wait behind it. */
  welcomed(link: Link): RelayOutcome {
    const isHeld = this.#unwelcomed.get(link) ?? false;
    this.#unwelcomed.delete(link);
    if (link !== this.#current()) return NOTHING;
    // What was sent on the connection before is sent on this one now: the wait for its begin starts anew.
    this.#watch(undefined);
    return isHeld ? this.flushed() : { sends: this.#deliver(link), closes: [] };
  }

  /** Commands that were sent and not begun, once more; after the last time the connection ends, so that a new one is made. */
  redelivered(isLast: boolean): RelayOutcome {
    const link = this.#current();
    if (link === undefined || isLast) {
      this.#watch(undefined);
      return { sends: [], closes: link === undefined ? [] : [silent(link)] };
    }
    this.#delivered.delete(link);
    return this.#unwelcomed.has(link) ? NOTHING : { sends: this.#deliver(link), closes: [] };
  }

  /** Memory is new: what an earlier one had delivered is watched on. */
  restore(): void {
    this.#watch(this.#current());
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    return this.#claims.mark();
  }

  #hello(link: Link, frame: Extract<RunnerFrame, { t: "hello" }>): RelayOutcome {
    if (frame.v !== PROTOCOL_VERSION)
      throw new PerdureError(
        "unsupported_version",
        `This server speaks version ${PROTOCOL_VERSION}; update the runner.`,
      );
    const { current } = this.#claims;
    const isHolder = frame.process === current.process;
    const epoch = this.#claims.epochOf(frame.process) ?? frame.epoch;
    if (!isHolder && epoch !== undefined && epoch <= current.epoch) return fence(link);
    const others = this.#links().filter(
      (other) => other !== link && isRunner(other) && other.attachment.epoch !== undefined,
    );
    this.#endMessage(frame.spool);
    // What the previous connection sent is kept before the number that this one must go on from is told.
    this.#log.flush();
    this.#adopt(frame);
    this.#delivered.delete(link);
    this.#unwelcomed.set(link, false);
    for (const other of others) other.attach({ epoch: undefined });
    link.attach({
      epoch: this.#claims.current.epoch,
      process: frame.process,
      agent: shortened(frame.agent),
    });
    const welcome: Unstamped<RunnerServerFrame> = {
      t: "welcome",
      v: PROTOCOL_VERSION,
      session: this.#session(),
      epoch: this.#claims.current.epoch,
      r: this.#log.producer.durableR,
      turn: this.#turn(),
      agentSession: this.#log.state.runner?.agentSession ?? null,
    };
    return {
      sends: [{ link, frame: welcome }],
      closes: others.map((other) => this.#ending(other)),
    };
  }

  #events(link: Link, frame: Extract<RunnerFrame, { t: "events" }>): RelayOutcome {
    const { epoch, process } = link.attachment;
    if (process === undefined)
      throw new PerdureError("bad_frame", "A runner's first frame is `hello`.");
    // A connection that another one of its process has replaced may count in another spool.
    if (epoch !== this.#claims.current.epoch) return { sends: [], closes: [this.#ending(link)] };
    if (frame.epoch !== epoch) return fence(link);
    const known = this.#log.producer.r;
    if (frame.r > known + 1)
      return { sends: [{ link, frame: { t: "expect", r: known } }], closes: [] };
    const fresh = frame.e.slice(known + 1 - frame.r);
    if (fresh.length === 0)
      return { sends: [{ link, frame: this.#acknowledgement() }], closes: [] };
    let isBarrier = false;
    fresh.forEach((event, index) => {
      if (this.#take(event, known + 1 + index)) isBarrier = true;
    });
    if (isBarrier || this.#log.log.isTailFull) this.#log.flush();
    return NOTHING;
  }

  /** Takes one event; answers whether it must be durable before anything else happens. */
  #take(event: RunnerEvent, r: number): boolean {
    if (!isControl(event)) {
      this.#log.append(event, r);
      return false;
    }
    switch (event.type) {
      case "runner.started":
        // One of an epoch before is in the backlog of a process that died: this one has not started by it.
        this.#log.append({ ...event, epoch: Math.min(event.epoch, this.#claims.current.epoch) }, r);
        this.#interrupt();
        return true;
      case "approval.requested":
        this.#ask(event, r);
        return true;
      case "approval.closed":
        this.#decisions.close(event.approval, event.why);
        this.#log.append(event, r);
        return true;
      case "command.begun": {
        const answered = this.#log.state.approvals.find(
          (approval) => approval.command === event.command,
        );
        if (answered !== undefined) this.#approvals.move(answered.approval, "delivered");
        this.#log.append(event, r);
        return true;
      }
      case "turn.ended":
        if (this.#log.state.turns.some(({ id, state }) => id === event.turn && state === "queued"))
          throw new PerdureError("bad_frame", "A runner may end only a turn that it has begun.");
        if (runningTurn(this.#log.state)?.id === event.turn) this.#decisions.withdraw(event.turn);
        this.#log.append(event, r);
        return true;
      case "tasks.changed": {
        const tasks = planOf(event.tasks, this.#log.state.tasks, event.at);
        this.#log.append({ ...event, tasks }, r);
        return false;
      }
    }
  }

  /** A new process has started: whatever the one before had open is over, and its approvals have lost their asker. */
  #interrupt(): void {
    const at = this.#clock.now();
    const turn = runningTurn(this.#log.state);
    this.#approvals.forgetOrphanedDecisions();
    for (const { approval } of this.#log.state.approvals) {
      this.#decisions.close(approval, "orphaned");
      this.#log.append({ type: "approval.closed", approval, why: "orphaned", at });
    }
    if (turn === undefined) return;
    this.#log.append({
      type: "turn.ended",
      turn: turn.id,
      outcome: "interrupted",
      reason: "The process that ran it is gone.",
      at,
    });
  }

  /** Records a question; one that is identical to a question whose decision was never taken gets that decision, once. */
  #ask(
    event: ApprovalRequest & { readonly type: "approval.requested"; readonly at: number },
    r: number,
  ): void {
    const id = event.approval;
    const request = { ...event, digest: approvalDigest(event), epoch: this.#claims.current.epoch };
    const isOpen = this.#log.state.approvals.some(({ approval }) => approval === id);
    const position = this.#log.append(request, r);
    if (isOpen) return;
    if (request.turn !== this.#turn()) {
      // From the backlog of a process whose turn is over: nobody waits for the answer.
      this.#approvals.request(position, request);
      this.#decisions.close(id, "withdrawn");
      this.#log.append({
        type: "approval.closed",
        approval: id,
        why: "withdrawn",
        at: this.#clock.now(),
      });
      return;
    }
    const orphan = this.#approvals.findOrphanedDecision(request.digest);
    this.#approvals.request(position, request);
    if (
      orphan?.option !== undefined &&
      request.options.some((option) => option.id === orphan.option)
    ) {
      if (orphan.approval !== id) this.#approvals.move(orphan.approval, "consumed");
      this.#decisions.reuse(id, orphan.option, orphan.by ?? "", orphan.approval);
    } else this.#decisions.expireAt(id, request.expiresAt);
  }

  /**
   * The process and the spool that write from now on. A runner drops only what was acknowledged, so the first event that
   * it holds tells how far it had got, also where that is not known here any more.
   */
  #adopt({ process, spool, first }: Extract<RunnerFrame, { t: "hello" }>): void {
    const { spool: current, durableR } = this.#log.producer;
    const known = current === spool ? durableR : (this.#producers.last(spool) ?? 0);
    const r = Math.max(known, first - 1);
    if (current !== null && current !== spool)
      this.#producers.keep(current, this.#claims.current.epoch, durableR);
    if (process !== this.#claims.current.process) this.#claims.mint(process, spool, r);
    else if (current !== spool || r !== known) this.#claims.goOn(spool, r);
    this.#log.setProducer(spool, r);
  }

  /** Where another spool takes over nobody goes on with what is being written: what its backlog holds is no part of it. */
  #endMessage(spool: string): void {
    const { spool: current } = this.#log.producer;
    if (this.#log.state.open !== undefined && current !== null && current !== spool)
      this.#log.append({ type: "finish", finishReason: "other" });
  }

  /** The connection under the claim in force: `hello` takes the epoch from every other. */
  #current(): Link | undefined {
    const { epoch } = this.#claims.current;
    // Most sessions have few sockets, some have thousands, and many never have a runner.
    if (epoch === 0) return undefined;
    return this.#links().find((link) => isRunner(link) && link.attachment.epoch === epoch);
  }

  /** How a connection ends whose place another one took. */
  #ending(link: Link): Closing {
    return link.attachment.process === this.#claims.current.process ? replaced(link) : fenced(link);
  }

  #turn(): string | null {
    return runningTurn(this.#log.state)?.id ?? null;
  }

  #acknowledgement(): Unstamped<RunnerServerFrame> {
    return { t: "ack", r: this.#log.producer.durableR, turn: this.#turn() };
  }

  /** Commands that have not been sent on this connection, and a watch over those that were not begun. */
  #deliver(link: Link): RelayOutcome["sends"] {
    const sent = this.#delivered.get(link) ?? new Set<number>();
    this.#delivered.set(link, sent);
    const fresh = this.#watch(link).filter(({ command }) => !sent.has(command));
    for (const { command } of fresh) sent.add(command);
    return fresh.map((command) => ({ link, frame: { t: "command", command } }));
  }

  /** Commands for a runner whose process has started. */
  #watch(link: Link | undefined): readonly RunnerCommand[] {
    const hasStarted = this.#log.state.runner?.epoch === this.#claims.current.epoch;
    const pending = link !== undefined && hasStarted ? pendingCommands(this.#log.state) : [];
    this.#redelivery.watch(pending.map(({ command }) => command));
    return pending;
  }
}

type Closing = RelayOutcome["closes"][number];

const isRunner = (link: Link) => link.attachment.kind === "runner";

const replaced = (link: Link): Closing => ({
  link,
  code: CLOSE.replaced,
  reason: "A newer connection of this runner took over.",
});

const silent = (link: Link): Closing => ({
  link,
  code: CLOSE.goingAway,
  reason: "This runner begins nothing of what it is sent; reconnect.",
});

const fenced = (link: Link): Closing => ({
  link,
  code: CLOSE.fenced,
  reason: "Another runner has claimed this session; this one must end.",
});

const fence = (link: Link): RelayOutcome => ({ sends: [], closes: [fenced(link)] });

function shortened(agent: AgentInfo | undefined): AgentInfo | undefined {
  if (agent === undefined) return undefined;
  const { name, title, version } = agent;
  return {
    name: name.slice(0, MAX_AGENT_TEXT),
    ...(title === undefined ? {} : { title: title.slice(0, MAX_AGENT_TEXT) }),
    ...(version === undefined ? {} : { version: version.slice(0, MAX_AGENT_TEXT) }),
  };
}
