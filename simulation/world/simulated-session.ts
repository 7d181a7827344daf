import type { Message, SessionState, Task } from "../../packages/perdure/src/protocol/index.ts";
import type {
  ApprovalRecord,
  EventPage,
  SessionInfo,
  SessionListing,
} from "../../packages/perdure/src/session/rpc.ts";
import { SessionIndexDO } from "../../packages/perdure/src/directory/session-index-do.ts";
import { SessionDO } from "../../packages/perdure/src/session/session-do.ts";

/** The product's object, with windows through which the simulation looks in. */
export class SimulatedSession extends SessionDO {
  /** Whether there is a session. */
  get isCreated(): boolean {
    return !this.isBlank && this.session.exists;
  }

  /** What memory holds. */
  get state(): SessionState {
    return this.session.state;
  }

  /** The newest finished messages, as the table has them. */
  finished(): readonly Message[] {
    return this.session.history.recent(200).map(({ message }) => message);
  }

  get info(): SessionInfo {
    return this.session.info();
  }

  /** The newest records of approvals, newest first. */
  get records(): readonly ApprovalRecord[] {
    return this.session.approvals({ limit: 200 }).approvals;
  }

  get allTasks(): readonly Task[] {
    return this.session.tasks.list();
  }

  durable(after: number): EventPage {
    return this.session.events(after);
  }

  /** Retention, which a subclass decides about. */
  trim(position: number): Promise<number> {
    return this.session.trim(position);
  }
}

/** The product's list of sessions. */
export class SimulatedIndex extends SessionIndexDO {
  /** Its lines. */
  get lines(): readonly SessionListing[] {
    if (this.isBlank) return [];
    return this.sql
      .run<{ listing: string }>("SELECT listing FROM sessions")
      .map(({ listing }) => JSON.parse(listing) as SessionListing);
  }
}
