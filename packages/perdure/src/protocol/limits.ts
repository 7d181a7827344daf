/**
 * Every bound of the wire, with its source. All sizes are bytes of UTF-8 unless a name says otherwise.
 */

/** Version of the wire. Both sides send it in `hello`; another version is answered with `unsupported_version`. */
export const PROTOCOL_VERSION = 1;

/** Largest frame that a reader or participant may send. Prompts are text; files go by reference. */
export const MAX_CLIENT_FRAME_BYTES = 256 * 1024;

/** Largest frame that a runner may send: a tool's output or a diff travels in one event. */
export const MAX_RUNNER_FRAME_BYTES = 4 * 1024 * 1024;

/** Largest frame that the object sends while a reader catches up; a page ends at the first event past it. */
export const MAX_PAGE_BYTES = 128 * 1024;

/** Most bytes that may be under way to a reader, or a client of a shard, that has not acknowledged them. Past it the socket is closed. */
export const MAX_UNACKNOWLEDGED_BYTES = 4 * 1024 * 1024;

/** A reader, or a client of a shard, acknowledges at the latest after this many bytes (a quarter of the window). */
export const ACKNOWLEDGE_AFTER_BYTES = MAX_UNACKNOWLEDGED_BYTES / 4;

/** Frames a reader may send in a burst; the allowance refills at `CLIENT_FRAMES_PER_SECOND`. */
export const CLIENT_FRAME_BURST = 200;

/** Sustained frames a second from one reader. */
export const CLIENT_FRAMES_PER_SECOND = 50;

/** Frames a runner may send in a burst: it resends its whole backlog after a reconnect. */
export const RUNNER_FRAME_BURST = 20_000;

/** Sustained frames a second from one runner: several fast models at once. */
export const RUNNER_FRAMES_PER_SECOND = 2_000;

/** Open sockets of one session: a quarter of the platform's 32,768. */
export const MAX_SOCKETS_PER_SESSION = 8_192;

/** Prompts that wait for a runner in one session. */
export const MAX_QUEUED_TURNS = 100;

/** Longest id that a sender may choose for a command, in UTF-16 units. */
export const MAX_ID_LENGTH = 128;

/** All metadata of a session as JSON, after a change: small enough for every snapshot to carry it. */
export const MAX_META_BYTES = 64 * 1024;

/** Largest task, as JSON: its changes are events that every reader gets; larger inputs and results go by reference. */
export const MAX_TASK_BYTES = 16 * 1024;

/** Tasks of the application in a reader's state: the newest; `listTasks` and `GET …/tasks` have all. */
export const MAX_LIVE_TASKS = 200;

/** What a client sends to prove that the link is alive; answered by the platform without waking the object. */
export const PING = "ping";

/** The platform's answer to `PING`. */
export const PONG = "pong";

/** How often a client pings, in milliseconds. */
export const PING_INTERVAL_MS = 15_000;

/** A link on which nothing has arrived for this long is dead, in milliseconds: two pings and a slow network. */
export const DEAD_LINK_MS = 40_000;

/** Members of a room: as many as one object may hold sockets, so a room of objects is no smaller than a room of sockets. */
export const MAX_ROOM_MEMBERS = 32_768;

/** What a member of a room joined with, as JSON: it goes to every other member. */
export const MAX_ROOM_META_BYTES = 4 * 1024;

/** Rooms that one socket is in: their names are kept in its attachment, which has 16,384 bytes. */
export const MAX_ROOMS_PER_SOCKET = 64;

/** Largest encoded event to a room: each member's object gets it by a call of its own. */
export const MAX_ROOM_FRAME_BYTES = 1024 * 1024;

/** What a room holds in memory for members who are slower than its senders: a sixteenth of the platform's 128 MB. */
export const MAX_ROOM_BACKLOG_BYTES = 8 * 1024 * 1024;

/** Members of a room past which nobody is told who joins and leaves: n joins would be told n² times. */
export const ROOM_PRESENCE_LIMIT = 500;

/** Longest name of an event of a connection, in UTF-16 units. */
export const MAX_EVENT_NAME_LENGTH = 128;

/** Longest id of a user of connections, in UTF-16 units: the name of the user's object. */
export const MAX_USER_ID_LENGTH = 256;

/** What is kept with a socket of a connection, as JSON: what the platform keeps. */
export const MAX_CONNECTION_META_BYTES = 16_384;

/** Events of one user that may wait for their handlers. */
export const MAX_WAITING_EVENTS = 1_000;

/** Clients of one user whose numbers are remembered: those that were there last. */
export const MAX_NUMBERED_CLIENTS = 1_000;

/** How long a client's numbers are remembered after its last numbered event, in milliseconds: 30 days. */
export const NUMBERED_CLIENT_MS = 30 * 24 * 60 * 60 * 1000;

/** Refusals of one client that are remembered. */
export const MAX_REMEMBERED_REFUSALS = 16;

/** Events that are kept in memory for one socket, so that its client may come back. */
export const MAX_KEPT_EVENTS = 256;

/** The same in bytes; of text, UTF-16 units. */
export const MAX_KEPT_BYTES = 256 * 1024;

/** How long after the close of their socket they are kept, in milliseconds. */
export const KEPT_AFTER_CLOSE_MS = 2 * 60 * 1000;

/** Subscriptions of one socket of a shard: a client that comes back asks for all of them at once, within `CLIENT_FRAME_BURST`. */
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 128;

/** Lines of an owner's list that can be followed at once: a result of so many is told by its changed rows. */
export const MAX_LIST_LINES = 10_000;

/** Largest message to all sessions of MCP: a row holds it until all have it. */
export const MAX_MCP_BROADCAST_BYTES = 1024 * 1024;

/** Messages that wait in one registry of MCP; past it the oldest that only unreachable sessions lack goes, then senders wait. */
export const MAX_MCP_BROADCASTS = 1_000;

/** Bytes of them. */
export const MAX_MCP_BROADCASTS_BYTES = 16 * 1024 * 1024;

/** How long a message is kept for sessions of MCP that cannot be reached, in milliseconds. */
export const MCP_BROADCAST_KEPT_MS = 60 * 60 * 1000;

/** Longest URI that a session of MCP may follow, in UTF-16 units. */
export const MAX_MCP_URI_LENGTH = 4_096;

/** What a stream of `subscriptions/listen` hears of, as JSON: half of what the platform keeps with a socket. */
export const MAX_MCP_FILTER_BYTES = 8 * 1024;

/** Largest value under a handle of MCP as JSON: a state, a result, a request or an answer; half of the platform's largest row. */
export const MAX_MCP_STATE_BYTES = 1024 * 1024;

/** Tasks of one handle of MCP. */
export const MAX_MCP_TASKS = 100;

/** Inputs that one handle of MCP, its tasks among it, has ever asked for. */
export const MAX_MCP_INPUTS = 100;
