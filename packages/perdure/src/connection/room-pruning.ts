/** Finding members whose connection is gone without a word: a deploy, a crash, a leave that never arrived. */

import type { Clock, Timers } from "../object/index.ts";
import { inParallel } from "../object/index.ts";
import { isObject } from "../protocol/index.ts";
import type { RoomReach } from "./room-fan-out.ts";
import type { JoinStamp, RoomMembers } from "./room-members.ts";
import { TimeLimit } from "./time-limit.ts";

/** The timer of the next look. */
export const PRUNE_TIMER = "perdure:prune";

/** Time to the first look, in milliseconds. */
const FIRST_WAIT_MS = 10 * 60 * 1000;

/** Longest time between looks: each wakes the objects of all members. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

/** Members that are asked for each ring of the alarm, which is an event with its own allowance of calls. */
const BATCH_MEMBERS = 200;

/** Members that are asked at once. */
const CONCURRENCY = 20;

/** How long a member may take to answer, in milliseconds. */
const ANSWER_LIMIT_MS = 5_000;

/** How a look stands. */
interface Look {
  /** The member that was asked last; null: it has not begun. */
  readonly after: string | null;
  /** Members that it has found gone. */
  readonly found: number;
  /** The time before this look, in milliseconds. */
  readonly wait: number;
}

/** What pruning needs of the room. */
export interface PruningRoom {
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly members: RoomMembers;
  readonly reach: RoomReach;
  /** A member has no open socket in the room; `stamp` is from before it was asked. */
  readonly onGone: (userId: string, stamp: JoinStamp) => void;
}

/**
 * Asks all members, in batches, whether they are still there. The time between looks doubles while nothing is found, and a join
 * brings the next one near. A room without members has no timer.
 */
export class RoomPruning {
  readonly #room: PruningRoom;
  readonly #limit: TimeLimit;

  constructor(room: PruningRoom) {
    this.#room = room;
    this.#limit = new TimeLimit(room.clock, ANSWER_LIMIT_MS);
  }

  /** A user has become a member. Belongs into the transaction in which it does. */
  joined(): void {
    const { clock, timers } = this.#room;
    // Near enough: among many joins one writes.
    if ((timers.dueAt(PRUNE_TIMER) ?? Infinity) > clock.now() + FIRST_WAIT_MS)
      this.#lookIn(FIRST_WAIT_MS, firstLook(FIRST_WAIT_MS));
  }

  /** The last member has left. */
  emptied(): void {
    this.#room.timers.cancel(PRUNE_TIMER);
  }

  /** The timer is due: asks the next batch. */
  async look(payload: unknown): Promise<void> {
    const { after, found, wait } = lookOf(payload);
    const { members } = this.#room;
    const batch = members
      .page({ limit: BATCH_MEMBERS, after: after ?? undefined })
      .map(({ userId }) => userId);
    const gone = found + (await this.#ask(batch));
    if (members.count === 0) return;
    const last = batch[BATCH_MEMBERS - 1];
    if (last !== undefined) return this.#lookIn(0, { after: last, found: gone, wait });
    const next = gone > 0 ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
    this.#lookIn(next, firstLook(next));
  }

  #lookIn(milliseconds: number, look: Look): void {
    const { clock, timers } = this.#room;
    timers.set(PRUNE_TIMER, clock.now() + milliseconds, look);
  }

  /** Asks some members; answers how many of them were gone. */
  async #ask(userIds: readonly string[]): Promise<number> {
    const answers = await inParallel(userIds, CONCURRENCY, (userId) => this.#isGone(userId));
    return answers.filter(Boolean).length;
  }

  async #isGone(userId: string): Promise<boolean> {
    const { name, members, reach, onGone } = this.#room;
    const stamp = members.stampOf(userId);
    if (stamp === undefined) return false;
    try {
      if (await this.#limit.within(reach.memberObject(userId).isIn(name))) return false;
    } catch {
      // Whoever does not answer may still be there.
      return false;
    }
    onGone(userId, stamp);
    return true;
  }
}

const firstLook = (wait: number): Look => ({ after: null, found: 0, wait });

function lookOf(payload: unknown): Look {
  const { after, found, wait } = isObject(payload) ? payload : {};
  return {
    after: typeof after === "string" ? after : null,
    found: typeof found === "number" ? found : 0,
    wait: typeof wait === "number" ? wait : FIRST_WAIT_MS,
  };
}
