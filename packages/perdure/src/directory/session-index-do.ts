import type { Connection, Schema } from "../object/index.ts";
import { systemClock } from "../object/index.ts";
import type { ListOptions, SessionListing, SessionPage } from "../protocol/index.ts";
import { PerdureError, permits } from "../protocol/index.ts";
import type { ShardFunctions, ShardHistory } from "../shard/index.ts";
import { ShardDO } from "../shard/index.ts";
import { DIRECTORY_MIGRATIONS } from "./directory-schema.ts";
import { Directory } from "./directory.ts";
import type { SessionIndexRpc } from "./rpc.ts";
import { sessionDirectory } from "./session-lines.ts";

const EMPTY_PAGE: SessionPage = { sessions: [], next: null };

/**
 * The sessions of one owner: an index object per owner, named by the owner's subject, from the start. It is a shard with one query,
 * `sessions`, which its sockets follow.
 */
export class SessionIndexDO<Env = unknown> extends ShardDO<Env> implements SessionIndexRpc {
  /** The query `sessions`, and nothing that writes. */
  static override readonly functions: ShardFunctions = sessionDirectory;

  /** In memory: a change of a line costs the rows of that line. */
  static override readonly history: ShardHistory = "memory";

  protected static override readonly schemas: readonly Schema[] = [
    ...super.schemas,
    { owner: "session-index", migrations: DIRECTORY_MIGRATIONS },
  ];

  #directory: Directory | undefined;

  async upsert(listing: SessionListing, version: number): Promise<void> {
    this.#lines.upsert(listing, version);
  }

  async remove(session: Pick<SessionListing, "id" | "createdAt">): Promise<void> {
    this.#lines.remove(session);
  }

  async list(options: ListOptions = {}): Promise<SessionPage> {
    return this.isBlank ? EMPTY_PAGE : this.#lines.page(options);
  }

  protected override identify(request: Request): Connection {
    const connection = super.identify(request);
    if (!permits(connection.role, "list"))
      throw new PerdureError("forbidden", "This role may not list sessions.");
    return connection;
  }

  /** Made on first use: storage of an owner without sessions stays unwritten. */
  get #lines(): Directory {
    this.#directory ??= new Directory(this.shard, systemClock);
    return this.#directory;
  }
}
