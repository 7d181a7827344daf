import { useEffect, useRef, useState } from "react";
import type { ClientState } from "perdure/client";
import { announcementsOf } from "./announcements.ts";

/** Says aloud, politely and once, what a person who cannot see the page should know. */
export function Announcer({ state }: { readonly state: ClientState }) {
  const [spoken, setSpoken] = useState("");
  const before = useRef(state);
  useEffect(() => {
    const words = announcementsOf(before.current, state);
    before.current = state;
    if (words.length > 0) setSpoken(words.join(" "));
  }, [state]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken}
    </p>
  );
}
