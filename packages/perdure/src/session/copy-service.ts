/** What a Worker calls to copy a session: on the one that is copied, and on the one that becomes the copy. */

import { systemClock } from "../object/index.ts";
import type { Identity, Serialized } from "../object/index.ts";
import type { Action } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { CopyCursor, CopyHeader, CopyLine, CopyPage } from "./copy-lines.ts";
import type { CopyOrder, CopyProgress, CopyRpc, Result } from "./rpc.ts";
import { attempt, authorize } from "./rpc-answer.ts";
import type { CopyTerms } from "./session-copy.ts";
import { beginCopy, copyIn, SessionCopy } from "./session-copy.ts";
import { SessionLog } from "./session-log.ts";
import { SessionObject } from "./session-object.ts";
import type { Session } from "./session.ts";

/** The methods of `CopyRpc`. */
export abstract class CopyService<Env = unknown> extends SessionObject<Env> implements CopyRpc {
  #copy: SessionCopy | undefined;

  async copyHeader(identity: Identity, at?: number): Promise<Serialized<Result<CopyHeader>>> {
    return attempt(() => this.existing(identity, "export").copy.header(at));
  }

  async copyPage(
    identity: Identity,
    header: CopyHeader,
    cursor: CopyCursor,
  ): Promise<Serialized<Result<CopyPage>>> {
    return attempt(() => this.existing(identity, "export").copy.page(header, cursor));
  }

  async beginCopy(identity: Identity, order: CopyOrder): Promise<Serialized<Result<CopyProgress>>> {
    return attempt(() => {
      authorize(identity, "create");
      const { at, ...terms } = order;
      this.#begin({ ...terms, by: identity.subject }, at);
      return this.#progress();
    });
  }

  async takeCopy(
    identity: Identity,
    lines: readonly CopyLine[],
  ): Promise<Serialized<Result<CopyProgress>>> {
    return attempt(() => {
      this.#change(identity, (copy) => copy.take(lines));
      return this.#progress();
    });
  }

  async finishCopy(identity: Identity): Promise<Serialized<Result<CopyProgress>>> {
    return attempt(() => {
      if (this.#progress().isWhole) return this.#progress();
      this.#change(identity, (copy) => copy.finish());
      this.#copy = undefined;
      this.forgetSession();
      // Loading it tells the owner's list.
      void this.session;
      return this.#progress();
    });
  }

  /** The session, for somebody who may do this with it. */
  protected existing(identity: Identity, action: Action): Session {
    const session = this.found();
    authorize(identity, action);
    session.sharing.check(identity);
    return session;
  }

  /** The session, where there is one that is whole. */
  protected found(): Session {
    if (this.isBlank || this.isCopying || !this.session.exists)
      throw new PerdureError("session_not_found", "There is no such session; create it first.");
    return this.session;
  }

  /** Begins, or goes on with the same copy. Another one that was begun here by the same owner and never finished gives way. */
  #begin(terms: CopyTerms, at: number | undefined): void {
    if (!this.isBlank) {
      const known = copyIn(this.sql);
      if (known !== undefined && isSame(known.terms, terms, at)) return;
      if (known === undefined ? this.session.isUsed : known.isWhole || known.terms.by !== terms.by)
        throw new PerdureError(
          "session_exists",
          "There is a session of this id already; choose another id.",
        );
      this.#copy = undefined;
      this.forgetSession();
    }
    beginCopy(this.sql, this.timers, systemClock, terms);
  }

  /** What a change throws may have left memory ahead of storage: the next one begins from storage. */
  #change(identity: Identity, change: (copy: SessionCopy) => void): void {
    authorize(identity, "create");
    const known = this.isBlank ? undefined : copyIn(this.sql);
    if (known === undefined || known.isWhole || known.terms.by !== identity.subject)
      throw new PerdureError(
        "session_not_found",
        "No copy of yours is under way here; begin it first.",
      );
    try {
      this.#copy ??= new SessionCopy({
        terms: known.terms,
        sql: this.sql,
        clock: systemClock,
        timers: this.timers,
        log: new SessionLog(this.sql, systemClock),
      });
      change(this.#copy);
    } catch (error) {
      this.#copy = undefined;
      throw error;
    }
  }

  #progress(): CopyProgress {
    const known = this.isBlank ? undefined : copyIn(this.sql);
    if (known === undefined)
      throw new PerdureError("session_not_found", "No copy is under way here; begin it first.");
    const { header } = known.terms;
    if (known.isWhole) return { header, received: header.position, isWhole: true };
    const received = this.#copy?.received ?? new SessionLog(this.sql, systemClock).log.head;
    return { header, received: Math.max(received, header.floor), isWhole: false };
  }
}

/** Only a fork goes on: what an import has is checked when all of its file has come. */
function isSame(known: CopyTerms, terms: CopyTerms, at: number | undefined): boolean {
  return (
    known.kind === "forked" &&
    terms.kind === "forked" &&
    known.by === terms.by &&
    known.header.session === terms.header.session &&
    (at === undefined || at === known.header.position)
  );
}
