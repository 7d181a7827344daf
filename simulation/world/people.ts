/** What people do: they ask, answer, change their minds, and press buttons twice. */

import type { SessionClient } from "../../packages/perdure/src/client/session-client.ts";
import type { Command, CommandResult } from "../../packages/perdure/src/protocol/index.ts";
import type { Page } from "./page.ts";
import type { Sender } from "./requests.ts";
import type { World } from "./world.ts";

/** Most prompts in one seed. */
const MOST_PROMPTS = 8;

const OWNER: Sender = { subject: "owner", role: "admin" };
const SOMEBODY: Sender = { subject: "somebody", role: "participant" };
const RIVAL: Sender = { subject: "rival", role: "participant" };
const ONLOOKER: Sender = { subject: "onlooker", role: "viewer" };

/** A turn that has run for so long does not end by itself, in milliseconds. */
const PATIENCE_MS = 120_000;

/** People at the pages of one world. */
export class People {
  readonly #world: World;
  /** Whether one of them ends the session some time. */
  readonly #isTerminating: boolean;
  #acts = 0;

  constructor(world: World) {
    this.#world = world;
    this.#isTerminating = world.runtime.chance(0.1);
  }

  /** Somebody does something. */
  act(): void {
    const { runtime, pages } = this.#world;
    const page = runtime.oneOf(pages);
    const die = runtime.below(100);
    this.#acts += 1;
    if (die < 26) this.#prompt(page);
    else if (die < 38) this.#promptAgain(page);
    else if (die < 68) this.#decide(page);
    else if (die < 77) this.#cancel(page);
    else if (die < 82) this.#ask(page, this.#id("meta"), this.#note());
    else if (die < 87) this.#pause();
    else if (die < 91) page.reconnect();
    else if (die < 94) this.#retain();
    else this.#err();
    if (this.#isTerminating && this.#acts > 25) this.#post("terminate", { op: "terminate" }, OWNER);
  }

  /** What is needed for everything to come to an end: questions are answered, and nothing is paused or hangs. */
  finish(): void {
    this.#acts += 1;
    const { runtime, pages, witness } = this.#world;
    const page = runtime.oneOf(pages);
    this.#decide(page);
    const { lifecycle, turns, approvals } = witness.state;
    if (lifecycle === "paused") this.#post(this.#id("resume"), { op: "resume" }, OWNER);
    const hangs = turns.some(
      ({ state, begunAt }) => state === "running" && runtime.now() > (begunAt ?? 0) + PATIENCE_MS,
    );
    if (hangs && approvals.length === 0) this.#ask(page, this.#id("cancel"), { op: "cancel" });
  }

  /** The last thing that happens. */
  last(): void {
    this.#post("last", { op: "set-meta", patch: { last: true } }, OWNER);
  }

  /** Often people write two messages in a row. */
  #prompt(page: Page): void {
    const { prompts, runtime } = this.#world;
    for (let count = runtime.chance(0.3) ? 2 : 1; count > 0; count -= 1) {
      if (prompts.length >= MOST_PROMPTS) return;
      const id = `p${prompts.length}`;
      prompts.push(id);
      this.#ask(page, id, promptOf(id));
    }
  }

  /** The same prompt once more: by a second click, in another tab, or over HTTP. */
  #promptAgain(page: Page): void {
    const { runtime, prompts } = this.#world;
    if (prompts.length === 0) return;
    const id = runtime.oneOf(prompts);
    if (runtime.chance(0.5)) this.#ask(page, id, promptOf(id));
    else this.#post(id, promptOf(id), SOMEBODY);
  }

  /** A person answers a question that is on the screen; two persons may at once, and differently. */
  #decide(page: Page): void {
    const { runtime } = this.#world;
    const open = page.session?.approvals.filter(({ state }) => state === "pending") ?? [];
    for (const { approval } of open) {
      if (runtime.chance(0.3)) continue;
      const label = this.#id(`decide ${approval}`);
      this.#ask(page, label, decisionOf(label, approval, runtime.oneOf(["yes", "no"])));
      if (runtime.chance(0.8)) continue;
      const other = `${label}-too`;
      this.#post(other, decisionOf(other, approval, runtime.oneOf(["yes", "no"])), RIVAL);
    }
  }

  #cancel(page: Page): void {
    const { runtime } = this.#world;
    const turns = page.session?.turns ?? [];
    const command: Command =
      turns.length > 0 && runtime.chance(0.4)
        ? { op: "cancel", turn: runtime.oneOf(turns).id }
        : { op: "cancel" };
    if (runtime.chance(0.5)) this.#ask(page, this.#id("cancel"), command);
    else this.#post(this.#id("cancel"), command, SOMEBODY);
  }

  #pause(): void {
    const op = this.#world.runtime.oneOf(["pause", "resume"] as const);
    this.#post(this.#id(op), { op }, OWNER);
  }

  /** The owner's retention rule is applied. */
  #retain(): void {
    const { object, witness, runtime } = this.#world;
    const position = runtime.below(witness.head + 1);
    void object.call((session) => session.trim(position)).catch(() => {});
  }

  /** Somebody asks for what cannot be. */
  #err(): void {
    const { runtime, prompts, witness } = this.#world;
    const label = this.#id("error");
    const questions = witness.events.flatMap((event) =>
      event.type === "approval.requested" ? [event.approval] : [],
    );
    const open = witness.state.approvals.map(({ approval }) => approval);
    const question = runtime.oneOf([...questions, ...open, "none"]);
    const answer = runtime.oneOf(["yes", "maybe"]);
    runtime.oneOf([
      () => this.#post(label, this.#note(), SOMEBODY, runtime.oneOf([...prompts, label])),
      () => this.#promptOfAnother(label, runtime.oneOf([...prompts, label])),
      () => this.#post(label, this.#note(), SOMEBODY, oldId(runtime.now(), this.#acts)),
      () => this.#post(label, promptOf(label), ONLOOKER),
      () => this.#post(label, { op: "pause" }, SOMEBODY),
      () => this.#post(label, decisionOf(label, question, answer), RIVAL),
      () => this.#post(label, decisionOf(label, "none", "yes"), RIVAL),
      () => this.#world.create(runtime.oneOf(["owner", "rival"])),
    ])();
  }

  #promptOfAnother(label: string, id: string): void {
    this.#post(label, promptOf(id), RIVAL, id);
  }

  #ask(page: Page, label: string, command: Command): void {
    this.#world.requests.add({ label, id: undefined, command, by: SOMEBODY });
    page.ask(label, (client) => perform(client, label, command));
  }

  #post(label: string, command: Command, by: Sender, id = label): void {
    this.#world.requests.add({ label, id, command, by });
    this.#world.requests.posted.add(id);
    this.#world.post(label, command, by, id);
  }

  /** A change of the metadata like no other. */
  /** Something small that is written beside the talk. */
  #note(): Command {
    const acts = this.#acts;
    switch (acts % 4) {
      case 0:
        return { op: "create-task", task: { id: `task-${acts}`, title: "a task", payload: acts } };
      case 1:
        return { op: "update-task", task: `task-${acts - 1}`, patch: { payload: acts } };
      default:
        return { op: "set-meta", patch: { n: acts } };
    }
  }

  #id(what: string): string {
    return `${what.replaceAll(" ", "-")}-${this.#acts}`;
  }
}

/** A prompt says its own id. */
function promptOf(id: string): Command {
  return { op: "prompt", parts: [{ type: "text", text: id }] };
}

/** A decision whose reason is like no other. */
function decisionOf(label: string, approval: string, option: string): Command {
  return { op: "decide", approval, option, reason: label };
}

/** A UUIDv7 of 31 days ago. */
function oldId(now: number, n: number): string {
  const time = Math.floor(now - 31 * 24 * 60 * 60 * 1000);
  const hex = time.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

/** Has a page's client do what a person wants. */
function perform(client: SessionClient, id: string, command: Command): Promise<CommandResult> {
  switch (command.op) {
    case "prompt":
      return client.send(command.parts, { id });
    case "cancel":
      return client.cancel(command.turn);
    case "decide":
      return client.approve(command.approval, command.option, command.reason);
    case "set-meta":
      return client.setMeta(command.patch);
    case "create-task":
    case "update-task":
      return client.execute(command);
    case "pause":
      return client.pause();
    case "resume":
      return client.resume();
    case "terminate":
      return client.terminate();
    case "wake":
      throw new Error("People here have no gateway to wake.");
  }
}
