import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  methods,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";
import {
  chunkTexts,
  makeFolders,
  select,
  startAgent,
  updatesOfKind,
  type Folders,
} from "./demo-agent-process.ts";

const FIRST_CONTENT = "# Notes\n\nThe demo agent keeps its notes here.\n";
const LINE = "- Note from the demo agent.\n";

function notes(folders: Folders, name = "notes.md"): string {
  return readFileSync(join(folders.cwd, name), "utf8");
}

test("an allowed edit is read, proposed as a diff, asked, applied and reported", async () => {
  const folders = makeFolders();
  const questions: RequestPermissionRequest[] = [];
  const contentWhenAsked: string[] = [];
  const agent = await startAgent(folders, {
    onPermission: (question) => {
      questions.push(question);
      contentWhenAsked.push(notes(folders));
      return select("allow_once");
    },
  });
  const sessionId = await agent.newSession();
  await agent.prompt(sessionId, "Please edit the notes. rate=0");

  const path = join(folders.cwd, "notes.md");
  const [read, edit] = updatesOfKind(agent.updates, "tool_call");
  expect(read).toMatchObject({ title: "Read notes.md", kind: "read" });
  expect(edit).toMatchObject({
    title: "Edit notes.md",
    kind: "edit",
    status: "pending",
    rawInput: { file: "notes.md", append: LINE },
    content: [{ type: "diff", path, oldText: FIRST_CONTENT, newText: FIRST_CONTENT + LINE }],
  });
  expect(updatesOfKind(agent.updates, "tool_call_update")).toEqual([
    expect.objectContaining({
      toolCallId: read?.["toolCallId"],
      status: "completed",
      content: [{ type: "content", content: { type: "text", text: FIRST_CONTENT } }],
    }),
    expect.objectContaining({ toolCallId: edit?.["toolCallId"], status: "completed" }),
  ]);
  expect(questions).toMatchObject([{ sessionId, toolCall: { toolCallId: edit?.["toolCallId"] } }]);
  expect(questions[0]?.options.map(({ kind }) => kind)).toEqual([
    "allow_once",
    "allow_always",
    "reject_once",
  ]);
  expect(contentWhenAsked).toEqual([FIRST_CONTENT]);
  expect(notes(folders)).toBe(FIRST_CONTENT + LINE);
  expect(chunkTexts(agent.updates, "agent_message_chunk").join("")).toBe(
    "I added a line to **notes.md**.",
  );
});

test.each([
  ["rejected", select("reject_once")],
  ["answered with an option that was not offered", select("allow_everything")],
])("an edit that is %s leaves the file alone", async (_, answer) => {
  const folders = makeFolders();
  const agent = await startAgent(folders, { onPermission: () => answer });
  expect(await agent.prompt(await agent.newSession(), "edit rate=0")).toEqual({
    stopReason: "end_turn",
  });
  expect(notes(folders)).toBe(FIRST_CONTENT);
  expect(updatesOfKind(agent.updates, "tool_call_update").at(-1)).toMatchObject({
    status: "failed",
    rawOutput: { kind: "rejected" },
  });
});

test("a client that cannot ask gets a failed tool call and an untouched file", async () => {
  const folders = makeFolders();
  const agent = await startAgent(folders, {
    onPermission: () => Promise.reject(new Error("nobody is here")),
  });
  expect(await agent.prompt(await agent.newSession(), "edit rate=0")).toEqual({
    stopReason: "end_turn",
  });
  expect(notes(folders)).toBe(FIRST_CONTENT);
});

test("two edits are asked in parallel and decided each for itself", async () => {
  const folders = makeFolders();
  const both = Promise.withResolvers<void>();
  let asked = 0;
  const agent = await startAgent(folders, {
    onPermission: async ({ toolCall }) => {
      asked += 1;
      if (asked === 2) both.resolve();
      await both.promise;
      return select(toolCall.title === "Edit notes.md" ? "reject_once" : "allow_once");
    },
  });
  await agent.prompt(await agent.newSession(), "ask=2 rate=0");
  expect(notes(folders)).toBe(FIRST_CONTENT);
  expect(notes(folders, "notes-2.md")).toBe(FIRST_CONTENT + LINE);
});

test("session/cancel while a question is open ends the turn as cancelled and edits nothing", async () => {
  const folders = makeFolders();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<RequestPermissionResponse>();
  const agent = await startAgent(folders, {
    onPermission: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  const sessionId = await agent.newSession();
  const response = agent.prompt(sessionId, "edit rate=0");
  await asked.promise;
  await agent.agent.notify(methods.agent.session.cancel, { sessionId });
  expect(await response).toEqual({ stopReason: "cancelled" });
  answer.resolve(select("allow_once"));
  expect(await agent.prompt(sessionId, "tokens=1 rate=0")).toEqual({ stopReason: "end_turn" });
  expect(notes(folders)).toBe(FIRST_CONTENT);
  expect(updatesOfKind(agent.updates, "tool_call_update").at(-1)).toMatchObject({
    status: "failed",
    rawOutput: { kind: "cancelled" },
  });
});

test("a question answered with the outcome cancelled ends the turn as cancelled", async () => {
  const folders = makeFolders();
  const agent = await startAgent(folders, {
    onPermission: () => ({ outcome: { outcome: "cancelled" } }),
  });
  expect(await agent.prompt(await agent.newSession(), "edit rate=0")).toEqual({
    stopReason: "cancelled",
  });
  expect(notes(folders)).toBe(FIRST_CONTENT);
});

test("after allow_always the session asks no more, also when another process resumes it", async () => {
  const folders = makeFolders();
  let asked = 0;
  const onPermission = (): RequestPermissionResponse => {
    asked += 1;
    return select("allow_always");
  };
  const first = await startAgent(folders, { onPermission });
  const sessionId = await first.newSession();
  await first.prompt(sessionId, "edit rate=0");
  await first.prompt(sessionId, "edit rate=0");
  await first.end();
  const second = await startAgent(folders, { onPermission });
  await second.agent.request(methods.agent.session.resume, { sessionId, cwd: folders.cwd });
  await second.prompt(sessionId, "edit rate=0");
  expect(asked).toBe(1);
  expect(notes(folders)).toBe(FIRST_CONTENT + LINE + LINE + LINE);
});

test("a question that died with its process is asked in identical words, and edit=other in different ones", async () => {
  const folders = makeFolders();
  const question = async (prompt: string, sessionId?: string) => {
    const asked = Promise.withResolvers<RequestPermissionRequest>();
    const agent = await startAgent(folders, {
      onPermission: (request) => {
        asked.resolve(request);
        return new Promise(() => {});
      },
    });
    const id = sessionId ?? (await agent.newSession());
    if (sessionId !== undefined) {
      await agent.agent.request(methods.agent.session.resume, { sessionId, cwd: folders.cwd });
    }
    void agent.prompt(id, prompt).catch(() => {});
    const { toolCall } = await asked.promise;
    await agent.kill();
    const { title, kind, rawInput } = toolCall;
    return { id, toolCallId: toolCall.toolCallId, identity: { title, kind, rawInput } };
  };
  const first = await question("edit rate=0");
  const again = await question("edit rate=0", first.id);
  const other = await question("edit=other rate=0", first.id);
  expect(again.identity).toEqual(first.identity);
  expect(again.toolCallId).not.toBe(first.toolCallId);
  expect(other.identity).not.toEqual(first.identity);
});

test("an edit of a file that changed since it was proposed fails and keeps the change", async () => {
  const folders = makeFolders();
  const agent = await startAgent(folders, {
    onPermission: () => {
      writeFileSync(join(folders.cwd, "notes.md"), "mine\n");
      return select("allow_once");
    },
  });
  await agent.prompt(await agent.newSession(), "edit rate=0");
  expect(notes(folders)).toBe("mine\n");
  expect(chunkTexts(agent.updates, "agent_message_chunk").join("")).toContain("has changed");
});

test("a symbolic link does not lead the agent out of the session's folder", async () => {
  const folders = makeFolders();
  const outside = join(dirname(folders.cwd), "outside.md");
  writeFileSync(outside, "secret\n");
  symlinkSync(outside, join(folders.cwd, "notes.md"));
  const agent = await startAgent(folders);
  await agent.prompt(await agent.newSession(), "edit rate=0");
  expect(readFileSync(outside, "utf8")).toBe("secret\n");
  expect(JSON.stringify(agent.updates)).not.toContain("secret");
});

test("--cwd takes the place of the folder that the client names", async () => {
  const folders = makeFolders();
  const elsewhere = join(dirname(folders.cwd), "elsewhere");
  mkdirSync(elsewhere);
  const agent = await startAgent(folders, { args: ["--cwd", elsewhere] });
  await agent.prompt(await agent.newSession(), "edit rate=0");
  expect(readdirSync(folders.cwd)).toEqual([]);
  expect(readdirSync(elsewhere)).toEqual(["notes.md"]);
});
