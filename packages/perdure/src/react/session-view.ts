/** What a component draws, derived from what the client knows. */

import type { ClientState, PendingCommand } from "../client/index.ts";
import type {
  Approval,
  PerdureError,
  PlacedMessage,
  RunnerPresence,
  SessionState,
} from "../protocol/index.ts";
import { EMPTY_STATE, runningTurn } from "../protocol/index.ts";
import { inOrder, readingOrder } from "./reading-order.ts";
import { remember } from "./remember.ts";
import type { Presence, SessionMessage, SessionStatus, SessionView } from "./session.ts";

/** What a view is made of. */
export interface ViewSource {
  readonly state: ClientState;
  /** Messages that were loaded later and are older than those of the state. */
  readonly earlier: readonly PlacedMessage[];
  readonly hasEarlier: boolean;
  readonly error: PerdureError | undefined;
}

const NOBODY: Presence["people"] = [];

/** The state of a client before its first connection. */
export const IDLE_STATE: ClientState = {
  link: "idle",
  problem: undefined,
  subject: undefined,
  role: undefined,
  session: undefined,
  hasEarlier: false,
  cursor: 0,
  runner: null,
  presence: undefined,
  outbox: [],
};

/** Derives views of one session. Parts whose source did not change are the same objects as in the view before. */
export function viewer(name: string): (source: ViewSource) => SessionView {
  const orderOf = remember((earlier: readonly PlacedMessage[], live: readonly PlacedMessage[]) =>
    readingOrder([...earlier, ...live]),
  );
  const openOf = remember(
    (open: SessionState["open"], turn: string | undefined): SessionMessage | undefined =>
      open && { ...open.message, turn },
  );
  const pendingOf = remember(pendingMessages);
  const messagesOf = remember(
    (
      order: ReturnType<typeof readingOrder>,
      open: SessionMessage | undefined,
      pending: readonly SessionMessage[],
    ): readonly SessionMessage[] => [...inOrder(order, open), ...pending],
  );
  const approvalsOf = remember((approvals: readonly Approval[]) =>
    approvals.filter(({ state }) => state === "pending"),
  );
  const presenceOf = remember(
    (runner: RunnerPresence | null, presence: ClientState["presence"]): Presence => ({
      runner,
      people: presence?.people ?? NOBODY,
    }),
  );

  return ({ state, earlier, hasEarlier, error }) => {
    const session = state.session ?? EMPTY_STATE;
    const pending = pendingOf(state.outbox, session.messages);
    const approvals = approvalsOf(session.approvals);
    return {
      name,
      messages: messagesOf(
        orderOf(earlier, session.messages),
        openOf(session.open, runningTurn(session)?.id),
        pending,
      ),
      hasEarlier,
      status: statusOf(session, approvals.length > 0, pending.length > 0),
      approvals,
      tasks: session.tasks,
      meta: session.meta,
      lifecycle: session.lifecycle,
      presence: presenceOf(state.runner, state.presence),
      link: state.link,
      error,
      role: state.role,
      subject: state.subject,
    };
  };
}

/** A prompt that is on its way counts as queued: it waits for its turn, only further from it. */
function statusOf(session: SessionState, isAsked: boolean, isSending: boolean): SessionStatus {
  const turn = runningTurn(session);
  if (turn !== undefined) return isAsked ? "waiting" : turn.isStalled ? "stalled" : "running";
  return session.turns.length > 0 || isSending ? "queued" : "idle";
}

/** Prompts on their way. One may be in the log before its reply is here: then it is shown once. */
function pendingMessages(
  outbox: readonly PendingCommand[],
  messages: readonly PlacedMessage[],
): readonly SessionMessage[] {
  if (outbox.length === 0) return [];
  const known = new Set(messages.map(({ message }) => message.id));
  return outbox.flatMap(({ id, command }): readonly SessionMessage[] =>
    command.op === "prompt" && !known.has(id) ? [pendingMessage(id, command)] : [],
  );
}

/** A prompt as its message will be. */
function pendingMessage(
  id: string,
  { parts, metadata }: Pick<SessionMessage, "parts" | "metadata">,
): SessionMessage {
  return { id, role: "user", parts, metadata, turn: id, pending: true };
}
