import { useSessions } from "perdure/react";
import { useEffect } from "react";
import { GuestPage } from "./guest-page.tsx";
import { LoginPage } from "./login-page.tsx";
import { Link, routeOf, usePath } from "./navigation.tsx";
import { SessionView } from "./session/session-view.tsx";
import { SessionList } from "./sessions/session-list.tsx";
import { titleOf } from "./sessions/listing.ts";

/** The whole console: the list beside one session, or one of them alone where there is little room. */
export function App() {
  const route = routeOf(usePath());
  const sessions = useSessions();
  const current = route.page === "session" ? route.session : undefined;
  const listing = sessions.sessions?.find((one) => one.id === current);

  useEffect(() => {
    document.title = listing === undefined ? "Perdure" : `${titleOf(listing)} · Perdure`;
  }, [listing]);

  if (sessions.error?.code === "unauthorized")
    return current === undefined ? <LoginPage /> : <GuestPage key={current} name={current} />;
  return (
    <div className="app" data-page={route.page}>
      <a className="skip-link" href="#main">
        Skip to the session
      </a>
      <SessionList sessions={sessions} current={current} />
      <main id="main" className="main" tabIndex={-1}>
        {current === undefined ? (
          <Welcome isUnknown={route.page === "unknown"} />
        ) : (
          <SessionView key={current} name={current} />
        )}
      </main>
    </div>
  );
}

function Welcome({ isUnknown }: { readonly isUnknown: boolean }) {
  return (
    <div className="welcome">
      <img src="/favicon.svg" alt="" width="48" height="48" />
      <h1>{isUnknown ? "There is nothing here" : "Sessions that go on"}</h1>
      {isUnknown ? (
        <p>
          <Link href="/">Back to the sessions</Link>
        </p>
      ) : (
        <p>Choose a session from the list, or start a new one.</p>
      )}
    </div>
  );
}
