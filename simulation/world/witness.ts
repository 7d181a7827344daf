/** Reads the log as soon as it is durable, and holds against it whatever is said of it later. */

import { canonicalJson } from "../../packages/perdure/src/object/index.ts";
import { EMPTY_STATE, reduce, splitRun } from "../../packages/perdure/src/protocol/index.ts";
import type { SessionEvent, SessionState } from "../../packages/perdure/src/protocol/index.ts";
import { Violation } from "../runtime/runtime.ts";
import type { SimulatedSession } from "./simulated-session.ts";
import type { Spools } from "./spools.ts";

/** The log as it was when each event became durable. */
export class Witness {
  readonly events: SessionEvent[] = [];
  /** The head before the disk last confirmed something. */
  headBefore = 0;
  readonly #spools: Spools;
  /** The state after all of them, by the product's own reducer. */
  state: SessionState = EMPTY_STATE;

  constructor(spools: Spools) {
    this.#spools = spools;
  }

  get head(): number {
    return this.events.length;
  }

  /** Takes what has become durable. */
  read(object: SimulatedSession): void {
    if (!object.isCreated) return;
    for (;;) {
      const page = object.durable(this.head);
      if (page.head < this.head)
        throw new Violation(`L1 the log had ${this.head} durable events and has ${page.head}.`);
      const events = page.events.flatMap((event) => splitRun(event));
      if (events.length > 0 && page.position !== this.head + 1)
        throw new Violation(`L1 after ${this.head} the log goes on with ${page.position}.`);
      for (const event of events) {
        this.events.push(event);
        this.#spools.logged(event, this.events.length);
        this.state = reduce(this.state, event, this.events.length);
      }
      if (this.head >= page.head) return;
      if (events.length === 0)
        throw new Violation(`L1 the log ends at ${this.head} of ${page.head}.`);
    }
  }

  /** Reads everything again that retention has left: nothing has changed. */
  readAgain(object: SimulatedSession): void {
    let position = object.durable(this.head).floor;
    while (position < this.head) {
      const page = object.durable(position);
      for (const event of page.events.flatMap((wire) => splitRun(wire))) {
        position += 1;
        if (JSON.stringify(event) !== JSON.stringify(this.events[position - 1]))
          throw new Violation(`L1 the event at ${position} is another one than it was.`);
      }
      if (page.events.length === 0) throw new Violation(`L1 the log ends at ${position}.`);
    }
  }

  /** What a new life of the object's memory has loaded is what follows from the log. */
  checkLoaded(object: SimulatedSession): void {
    const [loaded, derived] = [summary(object.state), summary(this.state)];
    for (const key of new Set([...Object.keys(loaded), ...Object.keys(derived)]))
      if (loaded[key] !== derived[key])
        throw new Violation(
          `T12 of the state, \`${key}\` was loaded as ${loaded[key]}; by the log it is ${derived[key]}.`,
        );
  }
}

/** What of a state must be the same however it was come by: all but the finished messages, which are in a table. */
function summary({ messages: _messages, ...rest }: SessionState): Record<string, string> {
  return Object.fromEntries(
    Object.entries(rest).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, canonicalJson(value)]],
    ),
  );
}
