/** The commands that talk to a server. */

export { approveCommand } from "./approve.ts";
export { cancelCommand } from "./cancel.ts";
export { demoAgentCommand } from "./demo-agent.ts";
export { exportCommand } from "./export.ts";
export { describeFailure, detailsOfFailure, EXIT, exitCodeOf } from "./failure.ts";
export { inviteCommand } from "./invite.ts";
export { forkCommand } from "./fork.ts";
export { importCommand } from "./import.ts";
export { LOCAL_SUBJECT } from "./local-server.ts";
export { lsCommand } from "./ls.ts";
export { newCommand } from "./new.ts";
export { revokeCommand } from "./revoke.ts";
export { runCommand } from "./run.ts";
export { sendCommand } from "./send.ts";
export { tailCommand } from "./tail.ts";
export { tokenCommand } from "./token.ts";
