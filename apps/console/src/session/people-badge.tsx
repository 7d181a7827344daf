import { Users } from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import type { ClientState } from "perdure/client";
import type { Role } from "perdure/protocol";
import { fullTime, timeAgo, useNow } from "../time.ts";
import { peopleLines } from "./people.ts";

const DOES: Readonly<Record<Role, string>> = {
  viewer: "watches",
  participant: "takes part",
  runner: "runs it",
  admin: "admin",
};

/** How many people are here, where one is not alone; their names for whoever points at it or gets there by keyboard. */
export function PeopleBadge({ state }: { readonly state: ClientState }) {
  const { link, presence, subject } = state;
  const now = useNow();
  const list = useId();
  const [isDismissed, setDismissed] = useState(false);
  if (link !== "live" || presence === undefined || presence.count < 2) return null;
  const lines = peopleLines(presence, subject);
  const show = () => setDismissed(false);
  const dismiss = ({ key }: KeyboardEvent) => key === "Escape" && setDismissed(true);
  return (
    <div className="people-badge" data-dismissed={isDismissed} onPointerEnter={show}>
      <button
        type="button"
        className="badge"
        aria-label={`${presence.count} people are here`}
        aria-describedby={list}
        onFocus={show}
        onClick={show}
        onKeyDown={dismiss}
      >
        <Users aria-hidden size={15} />
        {presence.count}
      </button>
      <ul id={list} className="popover people" role="tooltip">
        {lines.map(({ subject, name, role, since }) => (
          <li key={subject} title={subject}>
            <span className="people-name">{name}</span>{" "}
            <span className="people-since">
              {DOES[role]}, came{" "}
              <time dateTime={new Date(since).toISOString()} title={fullTime(since)}>
                {timeAgo(since, now)}
              </time>
            </span>
          </li>
        ))}
        {presence.count > lines.length && (
          <li className="people-since">and {presence.count - lines.length} more</li>
        )}
      </ul>
    </div>
  );
}
