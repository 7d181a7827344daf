/** What a Worker calls on a session for somebody whom it has authenticated. */

import { serialized } from "../object/index.ts";
import type { Identity, Serialized } from "../object/index.ts";
import type { Command, Gateway, PlacedMessage, Reply, Task } from "../protocol/index.ts";
import { PerdureError, problemOf } from "../protocol/index.ts";
import { CopyService } from "./copy-service.ts";
import type { Invitation } from "./invitations.ts";
import type { Lifetime } from "./lifetime.ts";
import { attempt, authorize } from "./rpc-answer.ts";
import type {
  ApprovalFilter,
  ApprovalPage,
  EventPage,
  Result,
  SessionInfo,
  SessionRpc,
} from "./rpc.ts";
import type { SearchOptions } from "./message-search.ts";
import type { SearchPage } from "./projection.ts";
import type { Revocation } from "./revocations.ts";
import type { InvitationRequest, Joined } from "./sharing.ts";
import type { TaskFilter } from "./task-table.ts";

/** The methods of `SessionRpc`: each takes who asks, authorizes by role, and answers a value or the problem. */
export abstract class SessionService<Env = unknown> extends CopyService<Env> implements SessionRpc {
  async create(
    identity: Identity,
    options: {
      readonly id: string;
      readonly title?: string;
      readonly gateway?: Gateway;
      readonly lifetime?: Lifetime;
    },
  ): Promise<Serialized<Result<SessionInfo & { readonly created: boolean }>>> {
    return attempt(async () => {
      authorize(identity, "create");
      this.session.sharing.check(identity);
      const created = await this.session.create(identity, options);
      return { ...this.session.info(), created };
    });
  }

  async describe(identity: Identity): Promise<Serialized<Result<SessionInfo>>> {
    return attempt(() => this.existing(identity, "describe").info());
  }

  async command(identity: Identity, id: string, command: Command): Promise<Serialized<Reply>> {
    try {
      return serialized(await this.existing(identity, "describe").command(identity, id, command));
    } catch (error) {
      return serialized<Reply>({ ok: false, error: problemOf(error) });
    }
  }

  async erase(identity: Identity): Promise<Serialized<Result<{ readonly erased: true }>>> {
    return attempt(async () => {
      authorize(identity, "erase");
      if (!this.isBlank && this.session.exists) {
        this.session.sharing.check(identity);
        await this.session.prepareErasure(identity);
        await this.eraseSession();
      }
      return { erased: true as const };
    });
  }

  async invitations(identity: Identity): Promise<Serialized<Result<readonly Invitation[]>>> {
    return attempt(() => this.existing(identity, "share").sharing.list());
  }

  async invite(
    identity: Identity,
    request: InvitationRequest,
  ): Promise<Serialized<Result<Invitation>>> {
    return attempt(() =>
      this.existing(identity, "share").sharing.invite(request, identity.subject),
    );
  }

  async join(invitation: string, subject: string): Promise<Serialized<Result<Joined>>> {
    return attempt(() => this.found().sharing.join(invitation, subject));
  }

  async revoke(
    identity: Identity,
    revocation: Revocation,
  ): Promise<Serialized<Result<{ readonly revoked: true }>>> {
    return attempt(async () => {
      await this.existing(identity, "share").sharing.revoke(revocation, identity.subject);
      return { revoked: true as const };
    });
  }

  async messages(
    identity: Identity,
    options: { readonly before?: number; readonly limit?: number } = {},
  ): Promise<
    Serialized<
      Result<{ readonly messages: readonly PlacedMessage[]; readonly hasEarlier: boolean }>
    >
  > {
    return attempt(() =>
      this.existing(identity, "read").history.messages(options.before, options.limit),
    );
  }

  async message(identity: Identity, id: string): Promise<Serialized<Result<PlacedMessage>>> {
    return attempt(() => {
      const message = this.existing(identity, "read").history.find(id);
      if (message === undefined)
        throw new PerdureError("not_found", "There is no finished message of this id.");
      return message;
    });
  }

  async search(
    identity: Identity,
    query: string,
    options?: SearchOptions,
  ): Promise<Serialized<Result<SearchPage>>> {
    return attempt(() => this.existing(identity, "read").history.search(query, options));
  }

  async tasks(
    identity: Identity,
    filter?: TaskFilter,
  ): Promise<Serialized<Result<readonly Task[]>>> {
    return attempt(() => this.existing(identity, "read").tasks.list(filter));
  }

  async task(identity: Identity, id: string): Promise<Serialized<Result<Task>>> {
    return attempt(() => {
      const task = this.existing(identity, "read").tasks.find(id);
      if (task === undefined)
        throw new PerdureError("task_not_found", "There is no such task; it was never created.");
      return task;
    });
  }

  async approvals(
    identity: Identity,
    filter?: ApprovalFilter,
  ): Promise<Serialized<Result<ApprovalPage>>> {
    return attempt(() => this.existing(identity, "read").approvals(filter));
  }

  async events(identity: Identity, after: number): Promise<Serialized<Result<EventPage>>> {
    return attempt(() => this.existing(identity, "read").events(after));
  }
}
