import { jsonSchema, tool } from "ai";
import type { TurnContext } from "perdure/session";

interface Email {
  readonly to: string;
  readonly text: string;
}

/** What the model may do: send an email, once a person has said so. */
export const toolsOf = (turn: TurnContext) => ({
  sendEmail: tool({
    description: "Sends an email. The user is asked before it is sent.",
    inputSchema: jsonSchema<Email>({
      type: "object",
      properties: { to: { type: "string" }, text: { type: "string" } },
      required: ["to", "text"],
    }),
    execute: async (email, { toolCallId }) => {
      const { approved } = await turn.approve({
        kind: "email",
        title: `Send an email to ${email.to}`,
        input: email,
        toolCallId,
      });
      if (!approved) return "The user did not want it sent.";
      return turn.step(`email ${JSON.stringify(email)}`, () => send(email));
    },
  }),
});

/** Where yours is sent; this one says what it would send. */
async function send({ to, text }: Email): Promise<string> {
  console.log(`An email to ${to}: ${text}`);
  return "sent";
}
