/** The Worker that `perdure serve` runs, whose sessions answer their prompts themselves. */

import type { TurnContext } from "perdure/session";
import worker, { SessionDO as ServedSessionDO } from "../../src/worker.ts";

export { LoginDO, SessionIndexDO } from "../../src/worker.ts";

/** The product's session with turns of its own. */
export class SessionDO extends ServedSessionDO {
  protected override onTurn({ messages }: TurnContext): string {
    return `This is message ${messages.length + 1}.`;
  }
}

export default worker;
