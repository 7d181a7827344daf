import { expect, test } from "vitest";
import { CONNECTION_HEADER, connectionOf, upgradeRequest } from "../../src/object/index.ts";
import type { Connection } from "../../src/object/index.ts";

const READER: Connection = { kind: "reader", role: "viewer", subject: "ada", expiresAt: null };

function requestWith(header: string): Request {
  return new Request(upgradeRequest(READER).url, { headers: { [CONNECTION_HEADER]: header } });
}

test("S1 the identity that a Worker sends is the one that the object reads", () => {
  expect(connectionOf(upgradeRequest(READER))).toEqual(READER);
  const foreign: Connection = {
    kind: "runner",
    role: "runner",
    subject: "Ünï “😀” %2F\r\nx: y",
    expiresAt: 1_790_000_000_000,
  };
  expect(connectionOf(upgradeRequest(foreign))).toEqual(foreign);
});

test("S1 an identity that a client wrote into its own request says nothing", () => {
  const { headers } = upgradeRequest(READER);
  expect(() => connectionOf(new Request("https://example.com/ws", { headers }))).toThrow(
    expect.objectContaining({ code: "unauthorized" }),
  );
});

test("S1 a request without an identity is unauthorized", () => {
  expect(() => connectionOf(new Request("https://object/socket"))).toThrow(
    expect.objectContaining({ code: "unauthorized" }),
  );
});

test.for([
  "",
  "%",
  "not json",
  "null",
  "[]",
  JSON.stringify({ ...READER, role: "owner" }),
  JSON.stringify({ ...READER, kind: "spy" }),
  JSON.stringify({ ...READER, subject: 7 }),
  JSON.stringify({ ...READER, expiresAt: "2030-01-01" }),
  JSON.stringify({ kind: "reader", role: "viewer", subject: "ada" }),
])("S1 the identity %j makes no sense and is unauthorized", (header) => {
  expect(() => connectionOf(requestWith(header))).toThrow(
    expect.objectContaining({ code: "unauthorized" }),
  );
});
