/** What the hook of the session list takes and what it gives. */

import type { LinkState, TokenSource } from "../client/index.ts";
import type { ListFilter, PerdureError, SessionListing } from "../protocol/index.ts";

/** Which list, and who asks. `url` and `token` are a `SessionProvider`'s where they are not given. */
export interface SessionListOptions extends ListFilter {
  /** Base URL of the server, such as `https://perdure.example`. Default: the page's origin. */
  readonly url?: string | undefined;
  /** As in `SessionDefaults`. */
  readonly token?: TokenSource | undefined;
  /** Whose sessions. Default: those of the token's subject; another's need the role `admin`. */
  readonly owner?: string | undefined;
  /** Lines of a page, 1 to 200. Default: 50. */
  readonly limit?: number | undefined;
}

/** What is known of the list. */
export interface SessionListView {
  /** Sessions that match, the one that changed last first; undefined before the first page. A new list with each change. */
  readonly sessions: readonly SessionListing[] | undefined;
  /** Whether there are more: `loadMore` asks for them. */
  readonly hasMore: boolean;
  /** The link to the server; what is shown stays while it is down. */
  readonly link: LinkState;
  /** Why the link is closed for good. */
  readonly error: PerdureError | undefined;
}

/** What one may ask of the list. The functions stay the same from render to render. */
export interface SessionListActions {
  /** Asks for the next page, if there is one and none is on its way. */
  readonly loadMore: () => void;
  /** Connects at once: without waiting for the next attempt, or anew after the link was closed for good. */
  readonly reconnect: () => void;
}

/** The sessions of an owner, as they change. */
export interface SessionList extends SessionListView, SessionListActions {}
