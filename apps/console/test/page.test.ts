import { EMPTY_STATE, type Message, type SessionState } from "perdure/protocol";
import { expect, test } from "vitest";
import { outcomesOf, parseEvents } from "../src/session/log-page.ts";
import { routeOf, sessionPath } from "../src/navigation.tsx";
import { announcementsOf } from "../src/session/announcements.ts";
import { closedReason } from "../src/session/closed-reason.ts";
import { statusLabel, titleOf } from "../src/sessions/listing.ts";
import { relativeTime, timeAgo } from "../src/time.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("a path leads to a session and back", () => {
  expect(routeOf("/")).toEqual({ page: "home" });
  expect(routeOf(sessionPath("a/b ü"))).toEqual({ page: "session", session: "a/b ü" });
  expect(routeOf("/s/%zz")).toEqual({ page: "unknown" });
  expect(routeOf("/elsewhere")).toEqual({ page: "unknown" });
});

test("ages are told in the largest unit that fits", () => {
  const now = Date.UTC(2026, 10, 21, 12);
  const ages = [0, 59_999, MINUTE, HOUR - 1, HOUR, 24 * HOUR - 1, 24 * HOUR];

  expect(ages.map((age) => relativeTime(now - age, now))).toEqual([
    "now",
    "now",
    "1 min",
    "59 min",
    "1 h",
    "23 h",
    "1 d",
  ]);
  expect(relativeTime(now + HOUR, now)).toBe("now");
  expect(timeAgo(now - HOUR, now)).toBe("1 h ago");
  expect(timeAgo(now, now)).toBe("just now");
});

test("a line of the list says in words what its session does", () => {
  expect(
    [
      { lifecycle: "active", status: "waiting" } as const,
      { lifecycle: "active", status: "running" } as const,
      { lifecycle: "paused", status: "running" } as const,
      { lifecycle: "terminated", status: "idle" } as const,
    ].map(statusLabel),
  ).toEqual(["Needs you", "Running", "Paused", "Ended"]);
});

test("a session without a title goes by the end of its id, where ids of one minute differ", () => {
  const id = "019ac3f2-7d50-7a31-9c4e-5b1f0d2e8a77";

  expect(titleOf({ id, title: null })).toBe("Session 2e8a77");
});

test("nothing can be written where the role, the lifecycle or the link forbids it", () => {
  const base = { link: "live", role: "participant", session: EMPTY_STATE } as const;

  expect(closedReason(base)).toBe(undefined);
  expect(closedReason({ ...base, link: "offline" })).toBe(undefined);
  expect(closedReason({ ...base, role: "viewer" })).toContain("watch");
  expect(closedReason({ ...base, link: "closed" })).toBe("Not connected.");
  expect(closedReason({ ...base, session: { ...EMPTY_STATE, lifecycle: "terminated" } })).toContain(
    "ended",
  );
  const paused = { ...EMPTY_STATE, lifecycle: "paused", paused: { by: "ada", at: 1 } } as const;
  expect(closedReason({ ...base, session: paused })).toContain("paused");
  const idle = { ...paused, paused: { by: "perdure", at: 1, why: "idle" } } as const;
  expect(closedReason({ ...base, session: idle })).toBe(undefined);
});

const reply = (text: string): Message => ({
  id: "m",
  role: "assistant",
  parts: [{ type: "text", text }],
});
const withReply = (text: string): SessionState => ({
  ...EMPTY_STATE,
  messages: [{ position: 3, message: reply(text), at: 1 }],
});

test("a finished reply is said once, and history that was loaded is not", () => {
  const before = { link: "live", session: EMPTY_STATE } as const;
  const after = { link: "live", session: withReply("Done.") } as const;

  expect(announcementsOf(before, after)).toEqual(["Reply: Done."]);
  expect(announcementsOf(after, after)).toEqual([]);
  expect(announcementsOf({ link: "catching-up", session: EMPTY_STATE }, after)).toEqual([]);
});

test("tokens of a message that is being written are not said", () => {
  const before = { link: "live", session: EMPTY_STATE } as const;
  const open = { message: reply("Do"), position: 3, open: {} };

  expect(announcementsOf(before, { ...before, session: { ...EMPTY_STATE, open } })).toEqual([]);
});

test("a new question is said", () => {
  const before = { link: "live", session: EMPTY_STATE } as const;
  const approvals = [
    {
      approval: "q",
      turn: "t",
      kind: "edit",
      title: "Edit notes.md",
      input: {},
      options: [],
      state: "pending",
      requestedAt: 1,
    },
  ] as const;

  expect(announcementsOf(before, { ...before, session: { ...EMPTY_STATE, approvals } })).toEqual([
    "Approval needed: Edit notes.md",
  ]);
});

test("events of a page get their positions, and deltas of one text are one line", () => {
  const page = parseEvents({
    position: 4,
    head: 9,
    floor: 0,
    events: [
      { type: "start", messageId: "m" },
      { type: "text-delta", id: "t", delta: "Hello", splits: [2, 3] },
      { type: "text-delta", id: "t", delta: " you" },
      { type: "text-delta", id: "u", delta: "Bye" },
      { type: "turn.ended", turn: "t", outcome: "completed" },
    ],
  });

  expect(page.lines.map(({ position, type, text }) => `${position} ${type} ${text}`)).toEqual([
    "9 turn.ended completed",
    "8 text-delta Bye",
    "5 text-delta Hello you",
    "4 start ",
  ]);
  expect(page.head).toBe(9);
  expect(outcomesOf(page)).toEqual([{ turn: "t", outcome: "completed", reason: undefined }]);
});
