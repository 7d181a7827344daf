/** What is kept with a socket, as handlers write to it. */

import type { Link } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { ConnectionMeta } from "./context.ts";
import { copyContainer, snapshot, Tracker } from "./state/index.ts";

/** The meta of one socket: each write is kept with the socket at once, or is refused and not made. */
export class LinkMeta<Meta extends ConnectionMeta> {
  readonly #link: Link;
  readonly #tracker = new Tracker({
    change: (container, apply, _instead, values = []) =>
      this.#change(container, () => apply(values.map((value) => snapshot(value)))),
    refuse(detail) {
      throw new PerdureError("bad_request", detail);
    },
  });
  #value: Meta;
  /** What it was when the handler began, if it has changed since. */
  #before: Meta | undefined;

  constructor(link: Link) {
    this.#link = link;
    this.#value = structuredClone(link.attachment.meta) as Meta;
  }

  /** The meta, tracked to any depth. */
  get proxy(): Meta {
    return this.#tracker.show(this.#value);
  }

  /** A handler begins, or has stored what it did: from here on it is undone to. */
  begin(): void {
    this.#before = undefined;
  }

  /** Undoes all since `begin`. */
  rollback(): void {
    if (this.#before === undefined) return;
    this.#value = this.#before;
    this.begin();
    this.#link.attach({ meta: this.#value });
  }

  #change<T>(container: object, change: () => T): T {
    this.#before ??= structuredClone(this.#value);
    const undo = copyContainer(container);
    const { userId } = this.#value;
    const result = change();
    try {
      if (this.#value.userId !== userId)
        throw new PerdureError(
          "bad_request",
          "`meta.userId` is the name of the object and cannot be changed; connect as another user.",
        );
      this.#link.attach({ meta: this.#value });
      return result;
    } catch (error) {
      undo();
      throw error;
    }
  }
}
