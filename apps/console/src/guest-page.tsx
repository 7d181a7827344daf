import { useEffect } from "react";
import { useClientState } from "perdure/react";
import { LoginPage } from "./login-page.tsx";
import { SessionView } from "./session/session-view.tsx";
import { titleOf } from "./sessions/listing.ts";

/** One session alone, for somebody who has no list: a guest, whose cookie is for the session that they were invited to. */
export function GuestPage({ name }: { readonly name: string }) {
  const { problem, role, session } = useClientState({ name, create: false });
  const title = session?.meta["title"];
  useEffect(() => {
    if (typeof title === "string") document.title = `${titleOf({ id: name, title })} · Perdure`;
  }, [name, title]);
  // Whoever was let in before is told so beside what they have read.
  if (problem?.code === "unauthorized" && role === undefined) return <LoginPage />;
  return (
    <div className="app app-alone" data-page="session">
      <main id="main" className="main">
        <SessionView name={name} isGuest />
      </main>
    </div>
  );
}
