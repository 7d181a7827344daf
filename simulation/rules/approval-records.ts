/** The records of approvals are what follows from the log. */

import { createHash } from "node:crypto";
import { canonicalJson } from "../../packages/perdure/src/object/index.ts";
import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import { EMPTY_STATE, reduce, runningTurn } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import type { Placed } from "./common.ts";
import { must, of } from "./common.ts";

interface Expected {
  readonly request: Placed<"approval.requested">;
  state: string;
  decision: Placed<"approval.decided"> | undefined;
  isOpen: boolean;
}

/** A1, A3 to A6, A8 to A13 and A15, by the log alone. */
class Book {
  readonly records = new Map<string, Expected>();
  readonly #log: readonly SessionEvent[];
  /** A new process has started: what was open is being closed. */
  #isStarting = false;

  constructor(log: readonly SessionEvent[]) {
    this.#log = log;
  }

  get open(): readonly Expected[] {
    return [...this.records.values()].filter(({ isOpen }) => isOpen);
  }

  /** The next event; `turn` is the turn that ran before it. */
  take(event: SessionEvent, position: number, turn: string | undefined): void {
    if (this.#isStarting && event.type !== "approval.closed") {
      this.#isStarting = false;
      must(this.open.length === 0, `A9 ${nameOf(this.open[0])} has lost its asker, and is open`);
    }
    switch (event.type) {
      case "approval.requested":
        return this.#ask({ ...event, position }, turn);
      case "approval.decided":
        return this.#decide({ ...event, position });
      case "approval.closed": {
        const record = this.records.get(event.approval);
        if (record?.isOpen !== true) return;
        record.state = event.why;
        record.isOpen = false;
        return;
      }
      case "command.begun":
        for (const record of this.open) {
          if (record.decision?.position !== event.command) continue;
          record.state = "delivered";
          record.isOpen = false;
        }
        return;
      case "turn.ended":
        if (event.turn !== turn) return;
        for (const record of this.open) {
          if (record.request.turn !== turn) continue;
          record.state = "withdrawn";
          record.isOpen = false;
        }
        return;
      case "runner.started":
        this.#isStarting = true;
        for (const record of this.#orphans()) record.state = "withdrawn";
        return;
      default:
    }
  }

  #ask(request: Placed<"approval.requested">, turn: string | undefined): void {
    const { approval, kind, title, input, digest, options, position } = request;
    if (this.records.get(approval)?.isOpen === true) return;
    const text = canonicalJson({ kind, title, input });
    must(
      digest === createHash("sha256").update(text).digest("hex"),
      `A1 the digest of ${approval} is not of ${text}`,
    );
    const next = this.#log[position];
    const orphan = this.#orphans().find((record) => record.request.digest === digest);
    this.records.set(approval, { request, state: "pending", decision: undefined, isOpen: true });
    if (request.turn !== turn)
      return must(
        next?.type === "approval.closed" && next.approval === approval && next.why === "withdrawn",
        `A15 nobody waits for ${approval}, and it is open`,
      );
    const isReused = next?.type === "approval.decided" && next.reuses !== undefined;
    const option = orphan?.decision?.option;
    if (orphan === undefined || !options.some(({ id }) => id === option))
      return must(!isReused, `A10 ${approval} was given a decision that was not to be had`);
    must(
      isReused &&
        next.approval === approval &&
        next.reuses === nameOf(orphan) &&
        next.option === option &&
        next.by === orphan.decision?.by,
      `A10 ${approval} is the question of ${nameOf(orphan)}, and was not given its decision`,
    );
    orphan.state = "consumed";
    return undefined;
  }

  #decide(decision: Placed<"approval.decided">): void {
    const { approval, option } = decision;
    const record = this.records.get(approval);
    must(
      record !== undefined && record.isOpen && record.state === "pending",
      `A5 ${approval} was decided, and was ${record?.state}`,
    );
    const chosen = record.request.options.find(({ id }) => id === option);
    must(chosen !== undefined, `A3 ${approval} was decided with ${option}, which was not offered`);
    must(
      decision.approved === ["allow_once", "allow_always"].includes(chosen.kind),
      `A6 ${approval} was decided with ${option}, and approved is ${decision.approved}`,
    );
    record.state = "decided";
    record.decision = decision;
  }

  /** Decisions that nobody took, oldest question first. */
  #orphans(): readonly Expected[] {
    return [...this.records.values()].filter(
      ({ state, decision }) => state === "orphaned" && decision !== undefined,
    );
  }
}

/** The table of approvals against the log, and what losers were told against both. */
export function checkRecords(world: World, log: readonly SessionEvent[]): void {
  const book = new Book(log);
  let state = EMPTY_STATE;
  log.forEach((event, index) => {
    book.take(event, index + 1, runningTurn(state)?.id);
    state = reduce({ ...state, messages: [] }, event, index + 1);
  });
  world.object.peek(({ records }) => {
    must(
      records.length === Math.min(200, book.records.size),
      `A4 there are ${records.length} records of ${book.records.size} approvals`,
    );
    for (const record of records) {
      const expected = book.records.get(record.approval);
      const rule = RULE_OF_STATE[expected?.state ?? ""] ?? "A4";
      must(
        record.state === expected?.state,
        `${rule} the record of ${record.approval} says ${record.state}; by the log it is ${expected?.state}`,
      );
      const { option, approved, by, at } = expected.decision ?? {};
      must(
        record.option === option &&
          record.approved === approved &&
          record.by === by &&
          record.decidedAt === at,
        `A4 the record of ${record.approval} has another decision than the log`,
      );
    }
  });
  checkLosers(world, log, book);
}

/** Which rule says that a record gets into a state. */
const RULE_OF_STATE: Readonly<Record<string, string>> = {
  delivered: "A12",
  orphaned: "A9",
  withdrawn: "A8",
  consumed: "A10",
};

/** A2 and A5: who decides too late is told what became of the question. */
function checkLosers({ requests }: World, log: readonly SessionEvent[], { records }: Book): void {
  const decided = of(log, "approval.decided");
  for (const { label, command, answers } of requests.all) {
    if (command.op !== "decide") continue;
    const winner = decided.find(({ approval }) => approval === command.approval);
    for (const answer of answers) {
      if (answer.ok) continue;
      const { code, extra } = answer.problem;
      if (code === "already_decided")
        must(
          winner !== undefined &&
            extra?.["option"] === winner.option &&
            extra["by"] === winner.by &&
            extra["decidedAt"] === winner.at,
          `A2 ${label} was told ${JSON.stringify(extra)}; the winner is ${JSON.stringify(winner)}`,
        );
      if (code === "approval_closed")
        must(
          winner === undefined && extra?.["state"] === records.get(command.approval)?.state,
          `A5 ${label} was told ${JSON.stringify(extra)} of ${command.approval}`,
        );
      if (code === "bad_request")
        must(
          command.option === "maybe",
          `A3 ${label} chose ${command.option}, which is an option, and was refused`,
        );
      if (code === "approval_not_found")
        must(!records.has(command.approval), `A5 ${label} was told that there is no such question`);
    }
  }
}

const nameOf = (record: Expected | undefined) => record?.request.approval;
