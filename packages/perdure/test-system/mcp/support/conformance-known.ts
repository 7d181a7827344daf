/** What is known to fail in the official suites, by scenario: ids of checks, in the order of the alphabet. */

export type Known = Readonly<Partial<Record<string, readonly string[]>>>;

/** What tmcp gets wrong however it is run, by the name of the suite. */
export const OF_TMCP: Readonly<Record<string, Known>> = {
  "0.1.16": {},
  "0.2.0-alpha.12, 2025-11-25": {},
  "0.2.0-alpha.12, 2026-07-28": {
    // Roots are gone from that revision for tmcp: a tool cannot ask for them.
    "input-required-result-basic-list-roots": ["sep-2322-list-roots-incomplete"],
    "input-required-result-multiple-input-requests": ["sep-2322-multiple-inputs-incomplete"],
    // Its error for a resource that is not there does not repeat the URI.
    "sep-2164-resource-not-found": ["sep-2164-data-uri"],
    // It answers errors that its server finds, not its transport, with 200; and a missing `_meta` as headers that differ.
    "server-stateless": [
      "sep-2575-http-server-meta-invalid-400",
      "sep-2575-missing-capability-http-400",
      "sep-2575-request-meta-invalid-missing-meta",
      "sep-2575-request-meta-invalid-missing-protocol-version",
    ],
  },
};

/** What tmcp leaves to whoever runs it, and `durableMcp` does. */
const OF_ITS_TRANSPORT = {
  // Any `Host` and any `Origin` will do.
  "dns-rebinding-protection": ["localhost-host-rebinding-rejected"],
};

const OF_ITS_SESSIONS = {
  ...OF_ITS_TRANSPORT,
  // Events have no ids, and streams of answers do not begin with one to come back to.
  "server-sse-polling": ["server-sse-priming-event", "server-sse-retry-field"],
};

/** What fails besides with tmcp's own manager, which has all in memory, by the name of the suite. */
export const OF_MEMORY: Readonly<Record<string, Known>> = {
  "0.1.16": OF_ITS_SESSIONS,
  "0.2.0-alpha.12, 2025-11-25": {
    ...OF_ITS_SESSIONS,
    // Any id is a session, one that was ended, too.
    "server-session-lifecycle": ["server-session-terminated-returns-404"],
  },
  "0.2.0-alpha.12, 2026-07-28": OF_ITS_TRANSPORT,
};
