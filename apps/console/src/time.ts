/** Points of time in words. All times are milliseconds since 1970. */

import { useEffect, useState } from "react";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in a few characters: `now`, `5 min`, `3 h`, `2 d`, then the date. */
export function relativeTime(at: number, now: number): string {
  const age = now - at;
  if (age < MINUTE) return "now";
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h`;
  if (age < 7 * DAY) return `${Math.floor(age / DAY)} d`;
  return new Date(at).toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    ...(new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" }),
  });
}

/** The same as a phrase: `just now`, `5 min ago`, `on 3 May`. */
export function timeAgo(at: number, now: number): string {
  const relative = relativeTime(at, now);
  if (relative === "now") return "just now";
  return now - at < 7 * DAY ? `${relative} ago` : `on ${relative}`;
}

/** Hours and minutes. */
export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** Date and time in full. */
export function fullTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** The current time, renewed every half minute. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE / 2);
    return () => clearInterval(timer);
  }, []);
  return now;
}
