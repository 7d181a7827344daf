/** What people do: they ask, answer, change their minds, and press buttons twice. */

import type { World } from "./world.ts";
import type { Page } from "./page.ts";

/** Most prompts in one seed. */
const MOST_PROMPTS = 8;

/** People at the pages of one world. */
export class People {
  readonly #world: World;
  /** Whether one of them ends the session some time. */
  readonly #isTerminating: boolean;
  #acts = 0;

  constructor(world: World) {
    this.#world = world;
    this.#isTerminating = world.runtime.chance(0.06);
  }

  /** Somebody does something. */
  act(): void {
    const { runtime, pages } = this.#world;
    const page = runtime.oneOf(pages);
    const die = runtime.below(100);
    this.#acts += 1;
    if (die < 30) this.#prompt(page);
    else if (die < 45) this.#promptAgain(page);
    else if (die < 75) this.#decide(page);
    else if (die < 82) page.ask(this.#id("cancel"), (client) => client.cancel());
    else if (die < 88) page.ask(this.#id("meta"), (client) => client.setMeta({ n: this.#acts }));
    else if (die < 92) this.#pause();
    else if (die < 96) page.reconnect();
    else this.#retain();
    if (this.#isTerminating && this.#acts > 25)
      this.#world.post("terminate", { op: "terminate" }, "owner");
  }

  /** What is needed for everything to come to an end: questions are answered, and nothing is paused. */
  finish(): void {
    this.#acts += 1;
    const { runtime, pages, witness } = this.#world;
    this.#decide(runtime.oneOf(pages));
    if (witness.state.lifecycle === "paused")
      this.#world.post(this.#id("resume"), { op: "resume" }, "owner");
  }

  /** The last thing that happens. */
  last(): void {
    this.#world.post("last", { op: "set-meta", patch: { last: true } }, "owner");
  }

  #prompt(page: Page): void {
    const { prompts } = this.#world;
    if (prompts.length >= MOST_PROMPTS) return;
    const id = `p${prompts.length}`;
    prompts.push(id);
    page.ask(id, (client) => client.send(id, { id }));
  }

  /** The same prompt once more: by a second click, in another tab, or over HTTP. */
  #promptAgain(page: Page): void {
    const { runtime, prompts } = this.#world;
    if (prompts.length === 0) return;
    const id = runtime.oneOf(prompts);
    if (runtime.chance(0.5)) page.ask(id, (client) => client.send(id, { id }));
    else this.#world.post(id, { op: "prompt", parts: [{ type: "text", text: id }] }, "somebody");
  }

  /** A person answers a question that is on the screen; two persons may at once, and differently. */
  #decide(page: Page): void {
    const { runtime } = this.#world;
    const open = page.session?.approvals.filter(({ state }) => state === "pending") ?? [];
    for (const { approval } of open) {
      if (runtime.chance(0.3)) continue;
      const option = runtime.oneOf(["yes", "no"]);
      page.ask(this.#id(`decide ${approval}`), (client) => client.approve(approval, option));
    }
  }

  #pause(): void {
    const op = this.#world.runtime.oneOf(["pause", "resume"] as const);
    this.#world.post(this.#id(op), { op }, "owner");
  }

  /** The owner's retention rule is applied. */
  #retain(): void {
    const { object, witness, runtime } = this.#world;
    const position = runtime.below(witness.head + 1);
    void object.call((session) => session.trim(position)).catch(() => {});
  }

  #id(what: string): string {
    return `${what.replaceAll(" ", "-")}-${this.#acts}`;
  }
}
