/**
 * Questions of a turn of the object's own. A question's id is made of the turn, the question and how often this run has
 * asked it, so a run that begins again finds its own questions and answers. Writes only inside the commit queue.
 */

import type { Clock } from "../object/index.ts";
import { digestOf } from "../object/index.ts";
import type { ApprovalOption } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Approvals } from "./approvals.ts";
import { approvalDigest } from "./approvals.ts";
import type { Decisions } from "./decisions.ts";
import type { SessionLog } from "./session-log.ts";
import type { TurnDecision, TurnQuestion } from "./turn-context.ts";
import type { TurnSteps } from "./turn-steps.ts";

const OPTIONS: readonly ApprovalOption[] = [
  { id: "allow", name: "Allow", kind: "allow_once" },
  { id: "reject", name: "Reject", kind: "reject_once" },
];

/** Where an answer stands among the steps of its turn. */
const stepOf = (approval: string) => `approval:${approval}`;

/** A question with its id. */
export interface AskedQuestion extends TurnQuestion {
  readonly approval: string;
  readonly turn: string;
  readonly digest: string;
  readonly options: readonly ApprovalOption[];
}

interface Answer {
  readonly approval: string;
  readonly decision: TurnDecision;
}

/** The questions of one session's own turns, and who waits for them. */
export class TurnApprovals {
  readonly #log: SessionLog;
  readonly #steps: TurnSteps;
  readonly #approvals: Approvals;
  readonly #decisions: Decisions;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, (decision: TurnDecision) => void>();
  /** Answers of the batch under way: given when it is written. */
  #answers: readonly Answer[] = [];

  constructor(options: {
    readonly log: SessionLog;
    readonly steps: TurnSteps;
    readonly approvals: Approvals;
    readonly decisions: Decisions;
    readonly clock: Clock;
  }) {
    this.#log = options.log;
    this.#steps = options.steps;
    this.#approvals = options.approvals;
    this.#decisions = options.decisions;
    this.#clock = options.clock;
  }

  /** Resolves with the answer once it is taken. */
  wait(approval: string): Promise<TurnDecision> {
    return new Promise((resolve) => this.#waiting.set(approval, resolve));
  }

  /** Nobody waits any more: the turn is over. */
  clear(): void {
    this.#waiting.clear();
  }

  /** Records a question, unless this turn has asked it before. */
  ask(question: AskedQuestion): void {
    const { approval, turn, digest, kind, title, input, options, toolCallId, expiresAt } = question;
    const known = this.#steps.find(turn, stepOf(approval));
    if (known !== undefined) {
      this.#answer(approval, JSON.parse(known) as TurnDecision);
      return;
    }
    if (this.#log.state.approvals.some((open) => open.approval === approval)) return;
    const request = {
      approval,
      turn,
      kind,
      title,
      input: input ?? null,
      options,
      digest,
      ...(toolCallId === undefined ? {} : { toolCallId }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      at: this.#clock.now(),
    };
    const position = this.#log.append({ type: "approval.requested", ...request });
    this.#approvals.request(position, { ...request, epoch: 0 });
    this.#decisions.expireAt(approval, expiresAt);
  }

  /** Takes every decision: it is used up, and kept for this and later runs of its turn. */
  take(): void {
    for (const {
      approval,
      turn,
      command,
      approved = false,
      option = "",
      by = "",
      reason,
    } of this.#log.state.approvals) {
      if (command === undefined) continue;
      const decision = { approved, option, by, ...(reason === undefined ? {} : { reason }) };
      this.#steps.put(turn, stepOf(approval), JSON.stringify(decision));
      this.#approvals.move(approval, "delivered");
      this.#log.append({ type: "command.begun", command, at: this.#clock.now() });
      this.#answer(approval, decision);
    }
  }

  /** A batch was written: those who wait hear. */
  published(): void {
    const answers = this.#answers;
    this.#answers = [];
    for (const { approval, decision } of answers) {
      this.#waiting.get(approval)?.(decision);
      this.#waiting.delete(approval);
    }
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const answers = this.#answers;
    return () => {
      this.#answers = answers;
    };
  }

  #answer(approval: string, decision: TurnDecision): void {
    this.#answers = [...this.#answers, { approval, decision }];
  }
}

/** Checks a question and names it. `timesAsked` tells how often this run asked the same before. Throws `bad_request`. */
export function askedQuestion(
  turn: string,
  question: TurnQuestion,
  timesAsked: (digest: string) => number,
): AskedQuestion {
  const { kind, title, options = OPTIONS } = question;
  if (typeof kind !== "string" || typeof title !== "string")
    throw new PerdureError("bad_request", "A question has a `kind` and a `title`, both text.");
  const offers = (prefix: string) => options.some((option) => option.kind.startsWith(prefix));
  if (!offers("allow") || !offers("reject"))
    throw new PerdureError(
      "bad_request",
      "A question offers at least one option that allows and one that rejects.",
    );
  const digest = approvalDigest(question);
  const approval = digestOf(`${turn} ${digest} ${timesAsked(digest)}`).slice(0, 32);
  return { ...question, options, approval, turn, digest };
}
