/** The order in which messages are read, which is not always the one in which they began. */

import type { PlacedMessage } from "../protocol/index.ts";
import type { SessionMessage } from "./session.ts";

const shown = new WeakMap<PlacedMessage, SessionMessage>();

/** Finished messages turn by turn: a prompt that was queued before the answer to another one stands behind that answer. */
export type ReadingOrder = ReadonlyMap<string, readonly SessionMessage[]>;

/** Each turn stands where its first message does; a message of no turn stands alone. */
export function readingOrder(messages: readonly PlacedMessage[]): ReadingOrder {
  const turns = new Map<string, SessionMessage[]>();
  for (const placed of messages) {
    // No id of a turn has a space.
    const turn = placed.turn ?? `at ${placed.position}`;
    const known = turns.get(turn);
    if (known === undefined) turns.set(turn, [messageOf(placed)]);
    else known.push(messageOf(placed));
  }
  return turns;
}

/** All messages in order; the one that is being written stands behind what its turn has said so far. */
export function inOrder(
  order: ReadingOrder,
  open: SessionMessage | undefined,
): readonly SessionMessage[] {
  if (open === undefined) return [...order.values()].flat();
  const list = [...order].flatMap(([turn, messages]) =>
    turn === open.turn ? [...messages, open] : messages,
  );
  return open.turn !== undefined && order.has(open.turn) ? list : [...list, open];
}

/** The same object for the same message, so that a component which got it need not render again. */
function messageOf(placed: PlacedMessage): SessionMessage {
  const known = shown.get(placed);
  if (known !== undefined) return known;
  const { message, turn, at } = placed;
  const made: SessionMessage = { ...message, turn, at };
  shown.set(placed, made);
  return made;
}
