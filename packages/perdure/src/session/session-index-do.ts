import { BaseDO, closeExpired, systemClock } from "../object/index.ts";
import type { Link, Schema } from "../object/index.ts";
import type {
  ListOptions,
  ListServerFrame,
  SessionListing,
  SessionPage,
  Unstamped,
} from "../protocol/index.ts";
import { parseListFrame, PerdureError, permits, PROTOCOL_VERSION } from "../protocol/index.ts";
import { DIRECTORY_MIGRATIONS } from "./directory-schema.ts";
import { Directory } from "./directory.ts";
import type { SessionIndexRpc } from "./rpc.ts";

const EMPTY_PAGE: SessionPage = { sessions: [], next: null };

/**
 * The sessions of one owner: an index object per owner, named by the owner's subject, from the start. Its sockets hibernate; a
 * reader says `hello`, gets a page, and then every change.
 */
export class SessionIndexDO<Env = unknown> extends BaseDO<Env> implements SessionIndexRpc {
  protected static override readonly schemas: readonly Schema[] = [
    { owner: "session-index", migrations: DIRECTORY_MIGRATIONS },
  ];

  #directory: Directory | undefined;

  async upsert(listing: SessionListing, version: number): Promise<void> {
    if (this.#lines.upsert(listing, version)) this.#tell({ t: "session", session: listing });
  }

  async remove(session: Pick<SessionListing, "id" | "createdAt">): Promise<void> {
    if (this.sql.transaction(() => this.#lines.remove(session)))
      this.#tell({ t: "removed", id: session.id });
  }

  async list(options: ListOptions = {}): Promise<SessionPage> {
    return this.#page(options);
  }

  protected override async serveMessage(link: Link, text: string): Promise<void> {
    const frame = parseListFrame(text);
    if (!permits(link.attachment.role, "list"))
      throw new PerdureError("forbidden", "This role may not list sessions.");
    if (frame.v !== PROTOCOL_VERSION)
      throw new PerdureError(
        "unsupported_version",
        `This server speaks version ${PROTOCOL_VERSION}; reload or update.`,
      );
    // From here on it gets changes: its place in the list needs no other mark.
    link.attach({ cursor: 0 });
    const page = this.#page(frame);
    this.#send(link, { t: "sessions", v: PROTOCOL_VERSION, before: frame.before ?? null, ...page });
    await this.onMessage(link, text);
  }

  /** Loaded on first use: storage of an owner without sessions stays unwritten. */
  get #lines(): Directory {
    this.#directory ??= new Directory(this.sql, systemClock);
    return this.#directory;
  }

  #page(options: ListOptions): SessionPage {
    return this.isBlank ? EMPTY_PAGE : this.#lines.page(options);
  }

  #tell(frame: Unstamped<ListServerFrame>): void {
    for (const link of this.links)
      if (link.attachment.cursor !== undefined) this.#send(link, frame);
  }

  #send(link: Link, frame: Unstamped<ListServerFrame>): void {
    if (!closeExpired(link, systemClock))
      link.send(JSON.stringify({ ...frame, i: this.incarnation }));
  }
}
