/**
 * The runner's side of a session: who may write (claims and epochs), what has arrived (numbers per spool), and what the
 * runner has still to do (commands, delivered until the log says that they were begun).
 */

import { Producers } from "../log/index.ts";
import type { Clock, Link, Sql } from "../object/index.ts";
import type {
  ApprovalRequest,
  RunnerCommand,
  RunnerEvent,
  RunnerFrame,
  RunnerPresence,
  RunnerServerFrame,
  SessionState,
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
import type { Decisions } from "./decisions.ts";
import type { SessionLog } from "./session-log.ts";

/** The claim that is in force: a newer one never yields to an older. */
interface Claim {
  readonly epoch: number;
  readonly process: string;
}

/** What a frame of a runner asks of the rest of the session. */
export interface RelayOutcome {
  /** Frames to send after the commit. */
  readonly sends: readonly { readonly link: Link; readonly frame: Unstamped }[];
  /** Links to close after the commit. */
  readonly closes: readonly {
    readonly link: Link;
    readonly code: number;
    readonly reason: string;
  }[];
}

type Unstamped = RunnerServerFrame extends infer Frame
  ? Frame extends { i: string }
    ? Omit<Frame, "i">
    : never
  : never;

const NOTHING: RelayOutcome = { sends: [], closes: [] };

/** The relay of one session. Its methods run inside the commit queue. */
export class Relay {
  readonly #log: SessionLog;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #approvals: Approvals;
  readonly #decisions: Decisions;
  readonly #producers: Producers;
  readonly #links: () => readonly Link[];
  readonly #session: () => string;
  #claim: Claim;
  /** Numbers of the commands that were sent on a link. Lost with memory, and then sent again: the runner knows them. */
  readonly #delivered = new WeakMap<Link, Set<number>>();

  constructor(options: {
    readonly log: SessionLog;
    readonly sql: Sql;
    readonly clock: Clock;
    readonly approvals: Approvals;
    readonly decisions: Decisions;
    readonly links: () => readonly Link[];
    readonly session: () => string;
  }) {
    this.#log = options.log;
    this.#sql = options.sql;
    this.#clock = options.clock;
    this.#approvals = options.approvals;
    this.#decisions = options.decisions;
    this.#links = options.links;
    this.#session = options.session;
    this.#producers = new Producers(options.sql);
    this.#claim = options.sql.run<{ epoch: number; process: string }>(
      "SELECT epoch, process FROM claim WHERE id = 1",
    )[0] ?? {
      epoch: 0,
      process: "",
    };
  }

  /** The runner that is connected under the claim in force. */
  presence(): RunnerPresence | null {
    const link = this.#current();
    if (link === undefined) return null;
    const { runner } = this.#log.state;
    const { epoch } = this.#claim;
    return {
      epoch,
      agent: runner?.epoch === epoch ? runner.agent : undefined,
      since: link.attachment.connectedAt,
    };
  }

  /** A frame of a runner. */
  receive(link: Link, frame: RunnerFrame): RelayOutcome {
    return frame.t === "hello" ? this.#hello(link, frame) : this.#events(link, frame);
  }

  /** Acknowledgements and commands that became due with a commit. */
  after(hasFlushed: boolean): RelayOutcome {
    const link = this.#current();
    if (link === undefined) return NOTHING;
    const sends: { link: Link; frame: Unstamped }[] = [];
    if (hasFlushed)
      sends.push({ link, frame: { t: "ack", r: this.#log.producer.durableR, turn: this.#turn() } });
    for (const command of this.#undelivered(link))
      sends.push({ link, frame: { t: "command", command } });
    return { sends, closes: [] };
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const claim = this.#claim;
    return () => {
      this.#claim = claim;
    };
  }

  #hello(link: Link, frame: Extract<RunnerFrame, { t: "hello" }>): RelayOutcome {
    if (frame.v !== PROTOCOL_VERSION)
      throw new PerdureError(
        "unsupported_version",
        `This server speaks version ${PROTOCOL_VERSION}; update the runner.`,
      );
    const isSameProcess = frame.process === this.#claim.process;
    if (!isSameProcess && frame.epoch !== undefined && frame.epoch <= this.#claim.epoch)
      return fence(link);
    const others = this.#links().filter(
      (other) => other !== link && other.attachment.kind === "runner",
    );
    const closes = others
      .filter((other) => other.attachment.epoch !== undefined)
      .map((other) =>
        isSameProcess && other.attachment.process === frame.process
          ? {
              link: other,
              code: CLOSE.replaced,
              reason: "A newer connection of this runner took over.",
            }
          : { link: other, code: CLOSE.fenced, reason: "Another runner has claimed this session." },
      );
    if (!isSameProcess) this.#mint(frame.process);
    link.attach({ epoch: this.#claim.epoch, process: frame.process });
    // What the previous connection sent is kept before the number that this one must go on from is told.
    this.#log.flush();
    this.#adopt(frame.spool, frame.first);
    this.#delivered.delete(link);
    const welcome: Unstamped = {
      t: "welcome",
      v: PROTOCOL_VERSION,
      session: this.#session(),
      epoch: this.#claim.epoch,
      r: this.#log.producer.durableR,
      turn: this.#turn(),
      agentSession: this.#log.state.runner?.agentSession ?? null,
    };
    return { sends: [{ link, frame: welcome }], closes };
  }

  #events(link: Link, frame: Extract<RunnerFrame, { t: "events" }>): RelayOutcome {
    const { epoch } = link.attachment;
    if (epoch === undefined)
      throw new PerdureError("bad_frame", "A runner's first frame is `hello`.");
    if (epoch !== this.#claim.epoch || frame.epoch !== epoch) return fence(link);
    const known = this.#log.producer.r;
    if (frame.r > known + 1)
      return { sends: [{ link, frame: { t: "expect", r: known } }], closes: [] };
    const fresh = frame.e.slice(known + 1 - frame.r);
    if (fresh.length === 0)
      return {
        sends: [{ link, frame: { t: "ack", r: this.#log.producer.durableR, turn: this.#turn() } }],
        closes: [],
      };
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
        this.#log.append({ ...event, epoch: this.#claim.epoch }, r);
        this.#interrupt();
        return true;
      case "approval.requested":
        this.#ask(event, r);
        return true;
      case "approval.closed":
        this.#log.append(event, r);
        this.#approvals.move(event.approval, event.why);
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
        this.#withdrawOpen(event.turn);
        this.#log.append(event, r);
        return true;
      case "tasks.changed":
        this.#log.append(event, r);
        return true;
    }
  }

  /** A new process has started: whatever the one before had open is over, and its approvals have lost their asker. */
  #interrupt(): void {
    const at = this.#clock.now();
    const turn = runningTurn(this.#log.state);
    for (const approval of this.#log.state.approvals) {
      this.#approvals.move(approval.approval, "orphaned");
      this.#log.append({
        type: "approval.closed",
        approval: approval.approval,
        why: "orphaned",
        at,
      });
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

  #withdrawOpen(turn: string): void {
    if (runningTurn(this.#log.state)?.id !== turn) return;
    for (const approval of this.#log.state.approvals)
      this.#approvals.move(approval.approval, "withdrawn");
  }

  /** Records a question; one that is identical to a question whose decision was never taken gets that decision, once. */
  #ask(
    event: ApprovalRequest & { readonly type: "approval.requested"; readonly at: number },
    r: number,
  ): void {
    const request = { ...event, digest: approvalDigest(event), epoch: this.#claim.epoch };
    const isKnown = this.#approvals.find(event.approval) !== undefined;
    const position = this.#log.append(request, r);
    if (isKnown) return;
    this.#approvals.request(position, request);
    const orphan = this.#approvals.findOrphanedDecision(request.digest);
    if (
      orphan?.option !== undefined &&
      request.options.some((option) => option.id === orphan.option)
    ) {
      this.#approvals.move(orphan.approval, "consumed");
      this.#decisions.decide(request.approval, orphan.option, orphan.by ?? "", {
        reuses: orphan.approval,
      });
    } else this.#decisions.expireAt(request.approval, request.expiresAt);
  }

  #mint(process: string): void {
    this.#claim = { epoch: this.#claim.epoch + 1, process };
    this.#sql.run(
      `INSERT INTO claim (id, epoch, process) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, process = excluded.process`,
      this.#claim.epoch,
      process,
    );
  }

  /**
   * The spool that writes from now on. A runner drops only what was acknowledged, so the first event that it holds tells
   * how far it had got, also where that is not known here any more.
   */
  #adopt(spool: string, first: number): void {
    const { spool: current, durableR } = this.#log.producer;
    const known = current === spool ? durableR : (this.#producers.last(spool) ?? 0);
    if (current !== null && current !== spool)
      this.#producers.keep(current, this.#claim.epoch, durableR);
    this.#log.setProducer(spool, Math.max(known, first - 1));
  }

  #current(): Link | undefined {
    return this.#links().findLast(
      ({ attachment }) =>
        attachment.kind === "runner" &&
        attachment.epoch === this.#claim.epoch &&
        this.#claim.epoch > 0,
    );
  }

  #turn(): string | null {
    return runningTurn(this.#log.state)?.id ?? null;
  }

  /** Commands for a runner whose process has started and that have not been sent to it on this connection. */
  #undelivered(link: Link): readonly RunnerCommand[] {
    if (this.#log.state.runner?.epoch !== this.#claim.epoch) return [];
    const sent = this.#delivered.get(link) ?? new Set<number>();
    this.#delivered.set(link, sent);
    const fresh = pendingCommands(this.#log.state).filter((command) => !sent.has(command.command));
    for (const command of fresh) sent.add(command.command);
    return fresh;
  }
}

/** Commands that the log does not say were begun. One prompt at a time: the next is due when the turn before has ended. */
export function pendingCommands(state: SessionState): readonly RunnerCommand[] {
  const [first] = state.turns;
  const isFree = first?.state === "queued" && state.lifecycle === "active";
  const prompts: RunnerCommand[] = isFree
    ? [{ kind: "prompt", command: first.command, turn: first.id, message: first.message }]
    : [];
  const answers = state.approvals.flatMap((approval): RunnerCommand[] =>
    approval.command === undefined
      ? []
      : [
          {
            kind: "answer",
            command: approval.command,
            turn: approval.turn,
            approval: approval.approval,
            option: approval.option ?? "",
            digest: approval.digest ?? "",
          },
        ],
  );
  const cancels = state.cancels.map(({ command, turn }): RunnerCommand => ({
    kind: "cancel",
    command,
    turn,
  }));
  return [...prompts, ...answers, ...cancels].toSorted((a, b) => a.command - b.command);
}

function fence(link: Link): RelayOutcome {
  return {
    sends: [],
    closes: [
      {
        link,
        code: CLOSE.fenced,
        reason: "Another runner has claimed this session; this one must end.",
      },
    ],
  };
}
