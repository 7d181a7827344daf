import { Plus } from "lucide-react";
import { useState } from "react";
import { request, sentenceOf } from "../http.ts";
import { Link, navigate, sessionPath } from "../navigation.tsx";
import { fullTime, relativeTime, useNow } from "../time.ts";
import type { SessionListing } from "perdure/protocol";
import type { SessionList as Sessions } from "perdure/react";
import { LogOut } from "./log-out.tsx";
import { statusLabel, titleOf } from "./listing.ts";

/** All sessions, the newest first, and a button for one more. */
export function SessionList({
  sessions,
  current,
}: {
  readonly sessions: Sessions;
  readonly current: string | undefined;
}) {
  const { sessions: listings, error, hasMore, loadMore, link } = sessions;
  return (
    <nav className="sessions" aria-label="Sessions">
      <header className="sessions-header">
        <Link href="/" className="brand">
          <img src="/favicon.svg" alt="" width="22" height="22" />
          Perdure
        </Link>
        <NewSession />
      </header>
      {error !== undefined && <p className="sessions-problem">{error.message}</p>}
      {link === "offline" && (
        <p className="sessions-hint">Reconnecting: the list may be out of date.</p>
      )}
      {listings === undefined ? (
        error === undefined && <p className="sessions-hint">Loading…</p>
      ) : (
        <Listings listings={listings} current={current} />
      )}
      {hasMore && (
        <button type="button" className="button sessions-more" onClick={loadMore}>
          Show more
        </button>
      )}
      <LogOut />
    </nav>
  );
}

function Listings({
  listings,
  current,
}: {
  readonly listings: readonly SessionListing[];
  readonly current: string | undefined;
}) {
  const now = useNow();
  if (listings.length === 0)
    return <p className="sessions-hint">No sessions yet. Start one with “New session”.</p>;
  return (
    <ul className="sessions-list">
      {listings.map((listing) => (
        <li key={listing.id}>
          <Link
            href={sessionPath(listing.id)}
            className="sessions-item"
            aria-current={listing.id === current ? "page" : undefined}
          >
            <span className="sessions-title">{titleOf(listing)}</span>
            <time
              className="sessions-time"
              dateTime={new Date(listing.updatedAt).toISOString()}
              title={fullTime(listing.updatedAt)}
            >
              {relativeTime(listing.updatedAt, now)}
            </time>
            <span
              className="sessions-status"
              data-status={listing.lifecycle === "active" ? listing.status : listing.lifecycle}
            >
              {statusLabel(listing)}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function NewSession() {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const create = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const { id } = await request("POST", "/v1/sessions", {});
      navigate(sessionPath(String(id)));
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className="button" disabled={isBusy} onClick={() => void create()}>
        <Plus aria-hidden size={16} />
        New session
      </button>
      {problem !== undefined && (
        <p className="sessions-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
