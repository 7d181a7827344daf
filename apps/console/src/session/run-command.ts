import { request } from "../http.ts";

/** How long a runner's token is good that the page asks for, in seconds: a day. */
const TOKEN_SECONDS = 24 * 60 * 60;

/** The command that runs an agent in a session; `<agent>` stands for the agent's own command. */
export function runCommand(origin: string, session: string): string {
  return `perdure run --url ${origin} --session ${session} -- <agent>`;
}

/** The same for a machine that has no secret of this server: with a token for this session alone. Takes the role `admin`. */
export async function runCommandWithToken(origin: string, session: string): Promise<string> {
  const answer = await request("POST", "/v1/tokens", {
    session,
    role: "runner",
    expiresInSeconds: TOKEN_SECONDS,
  });
  return `PERDURE_TOKEN=${String(answer["token"])} ${runCommand(origin, session)}`;
}
