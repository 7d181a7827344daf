/** The command that runs an agent in a session; `<agent>` stands for the agent's own command. */
export function runCommand(origin: string, session: string): string {
  return `perdure run --url ${origin} --session ${session} -- <agent>`;
}
