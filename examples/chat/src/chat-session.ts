import { convertToModelMessages, isStepCount, streamText, toUIMessageStream } from "ai";
import type { TurnContext } from "perdure/session";
import { SessionDO } from "perdure/session";
import { modelOf } from "./model.ts";
import { toolsOf } from "./tools.ts";

/** A session that a model answers. A deploy in the middle of an answer begins it again, twice at most. */
export class ChatSession extends SessionDO<Env> {
  protected override readonly retry = { attempts: 3 };

  override async onTurn(turn: TurnContext) {
    const { stream } = streamText({
      model: modelOf(this.env),
      instructions: "You are a helpful assistant. Answer briefly.",
      messages: await convertToModelMessages(turn.messages, { ignoreIncompleteToolCalls: true }),
      tools: toolsOf(turn),
      stopWhen: isStepCount(5),
      abortSignal: turn.signal,
    });
    return toUIMessageStream({ stream });
  }
}
