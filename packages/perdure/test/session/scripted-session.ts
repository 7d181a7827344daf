import { SessionWorld } from "../support/session-world.ts";

/**
 * A session of two turns: streamed text over several flushes, a tool with an approved question, a plan, reasoning, metadata
 * and a cancelled prompt. It ends quiescent.
 */
export async function scriptedSession(): Promise<SessionWorld> {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("first", "Please edit a.txt");
  await runner.beginPrompt("first");
  await runner.emit({ type: "start", messageId: "m-first" }, { type: "text-start", id: "t" });
  for (const word of ["I ", "will ", "look", " at", " it."]) await runner.text(word);
  await world.settle();
  for (const word of [" One", " moment", "."]) await runner.text(word);
  await runner.emit(
    { type: "text-end", id: "t" },
    { type: "tool-input-start", toolCallId: "c1", toolName: "edit" },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: '{"pa' },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: 'th":1}' },
    { type: "tool-input-available", toolCallId: "c1", toolName: "edit", input: { path: 1 } },
  );
  await runner.ask("a1", "first", { toolCallId: "c1" });
  await world.decide("d1", "a1", "yes");
  for (const command of runner.commands())
    if (command.kind === "answer") await runner.begin(command.command);
  await runner.emit(
    { type: "tool-output-available", toolCallId: "c1", output: "done" },
    {
      type: "tasks.changed",
      tasks: [{ id: "1", title: "Look", status: "done" }],
      at: world.clock.now(),
    },
  );
  await runner.end("first");
  await world.command("meta", { op: "set-meta", patch: { color: "blue" } });
  await world.prompt("second", "And now?");
  await world.prompt("third", "Never mind");
  await runner.beginPrompt("second");
  await world.command("cancel", { op: "cancel", turn: "third" });
  await runner.emit({ type: "start", messageId: "m-second" }, { type: "reasoning-start", id: "r" });
  for (const word of ["Hm", "m", ""])
    await runner.emit({ type: "reasoning-delta", id: "r", delta: word });
  await runner.emit({ type: "reasoning-end", id: "r" }, { type: "text-start", id: "t" });
  for (const word of ["All ", "done", "."]) await runner.text(word);
  await runner.end("second");
  return world;
}
