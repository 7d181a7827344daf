/** How the object of a user calls those of others. */

import { namespaceOf } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { ConnectionRpc, WireFrame } from "./rpc.ts";
import { Turns } from "./turns.ts";

/** Events to other users that may be under way at once. */
const MAX_UNDER_WAY = 256;

/** The other users of a connection. */
export class UserCalls {
  readonly #env: unknown;
  readonly #binding: string;
  /** What is sent to one user is sent in order. */
  readonly #turns = new Turns();
  #underWay = 0;

  /** @param binding The definition's `connectionBinding`. */
  constructor(env: unknown, binding: string) {
    this.#env = env;
    this.#binding = binding;
  }

  /**
   * See `ConnectionRpc.send`; sent once, because a call that fails may have had its effect.
   *
   * @throws PerdureError `broken` where the binding is missing, `rate_limited` where too many events are under way.
   */
  async send(userId: string, frame: WireFrame): Promise<number> {
    const namespace = namespaceOf<ConnectionRpc>(this.#env, this.#binding);
    if (this.#underWay >= MAX_UNDER_WAY)
      throw new PerdureError(
        "rate_limited",
        `${MAX_UNDER_WAY} events to other users are under way; await some of them.`,
      );
    this.#underWay += 1;
    try {
      return await this.#turns.run(userId, () => namespace.getByName(userId).send(frame));
    } finally {
      this.#underWay -= 1;
    }
  }
}
