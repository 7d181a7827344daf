/**
 * Rules that the simulation does not hold, each with the reason or what makes it superfluous here, and the test that holds it.
 * Every other rule of the sections C, L, R, N, T and A has a mutation.
 */
export const HELD_ELSEWHERE: Readonly<Record<string, string>> = {
  // ---------------------------------------------------------------------------------------------- C: commands
  C6: "no clock is wrong here: packages/perdure/test/object/commands.test.ts",
  C7: "every id is a good one here: packages/perdure/test/protocol/parse.test.ts",
  C10: "one writer of JSON here: packages/perdure/test/object/commands.test.ts",
  C13: "sizes: packages/perdure/test/session/commands.test.ts",
  C14: "the client says hello first: packages/perdure/test/session/commands.test.ts",

  // ---------------------------------------------------------------------------------------------- L: the log
  L3: "rows: packages/perdure/test/log/event-log.test.ts",
  L7: "sizes: packages/perdure/test/log/large-events.test.ts",
  L8: "sizes: packages/perdure/test/log/large-events.test.ts",
  L9: "sizes: packages/perdure/test/log/event-log.test.ts",
  L11: "nothing is large here: packages/perdure/test/log/retention.test.ts",

  // ---------------------------------------------------------------------------------------------- R: readers
  R10: "sizes: packages/perdure/test/session/flow-control.test.ts",
  R11: "only a catch-up that waits for room meets live events: packages/perdure/test/session/flow-control.test.ts",
  R15: "sizes: packages/perdure/test/session/flow-control.test.ts",
  R16: "sizes: packages/perdure/test/client/session-client.test.ts",
  R18: "readers are pages here: packages/perdure/test/session/flow-control.test.ts",
  R21: "every role may read here: packages/perdure/test/session/commands.test.ts",
  R23: "only a catch-up that waits for room is passed: packages/perdure/test/session/flow-control.test.ts",

  // ---------------------------------------------------------------------------------------------- N: runners
  N1: "every runner says hello here: packages/perdure/test/session/relay.test.ts",
  N9: "no storage is restored from an older copy here: packages/perdure/test/session/relay.test.ts",
  N16: "runners send only what they may here: packages/perdure/test/session/relay.test.ts",
  N21: "sizes: packages/cli/test/runner/relay-end.test.ts",
  N28: "runners go on in a partition here: packages/cli/test/runner/partition.test.ts",

  // ---------------------------------------------------------------------------------------------- T: turns and lifecycle
  T2: "a hundred turns: packages/perdure/test/session/commands.test.ts",
  T10: "there is one session here: packages/perdure/test/session/lifecycle.test.ts",
  T18: "such a backlog is too rare here: packages/perdure/test/session/claims.test.ts",
  T16: "what it says is I1, which has mutations: packages/perdure/test/session/listing-outbox.test.ts",
  T17: "the AI SDK's reader: packages/perdure/test/protocol/message-fold.test.ts",
  T20: "who asks twice is answered in many ways here: packages/perdure/test/session/pausing.test.ts",
  T21: "frames are lost here, too, so nobody counts on a close: packages/perdure/test/session/pausing.test.ts, client/link.test.ts",
  T22: "sessions have no lifetime here: packages/perdure/test/session/pausing.test.ts",
  T23: "sessions have no lifetime here: packages/perdure/test/session/pausing.test.ts",
  T24: "who hangs is cancelled until it is over: packages/perdure/test/session/unattended.test.ts",
  T26: "nothing is erased here: packages/perdure/test-workers/session/erasing.test.ts",
  T25: "time: packages/perdure/test/session/unattended.test.ts",

  // ---------------------------------------------------------------------------------------------- A: approvals
  A7: "agents' questions have no expiry: packages/perdure/test/session/approvals.test.ts",
  A13: "the runner gives each question an id of its own: packages/perdure/test/session/approvals.test.ts",
  A14: "agents' questions have no expiry: packages/perdure/test/session/approvals.test.ts",
  A15: "such a backlog is too rare here: packages/perdure/test/session/claims.test.ts",
  A16: "nobody asks for approvals of any age: packages/perdure/test/session/approval-pages.test.ts",
};
