import { SessionWorld } from "../support/session-world.ts";

/** A session whose agent is writing: its turn is `p`, and what it began (positions 6 and 7) is not durable yet. */
export async function writingSession() {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  await runner.emit({ type: "start", messageId: "m" }, { type: "text-start", id: "t" });
  return { world, runner };
}
