import type { Link, Migration } from "../../src/object/index.ts";
import { SessionDO } from "../../src/session/index.ts";

/** A session whose author overrides every hook and calls `super` in none. */
export class HookedSessionDO extends SessionDO {
  static override readonly migrations: readonly Migration[] = [
    { version: 1, sql: "CREATE TABLE heard (what TEXT NOT NULL)" },
  ];

  /** Sets a timer of the author's own, due now. */
  remind(): void {
    this.timers.set("reminder", Date.now(), { text: "tea" });
  }

  /** What the hooks heard. */
  heard(): string[] {
    return this.sql.run<{ what: string }>("SELECT what FROM heard").map(({ what }) => what);
  }

  protected override onRequest(): Response {
    return new Response("mine");
  }

  protected override onConnect(link: Link): void {
    this.#hear(`connect ${link.attachment.kind}`);
  }

  protected override onMessage(_link: Link, text: string): void {
    this.#hear(`message ${(JSON.parse(text) as { t: string }).t}`);
  }

  protected override onDisconnect(link: Link): void {
    this.#hear(`disconnect ${link.attachment.kind}`);
  }

  protected override onTimer(name: string, payload: unknown): void {
    this.#hear(`timer ${name} ${JSON.stringify(payload)}`);
  }

  protected override onLifecycle(state: string): void {
    if (state !== "erased") this.#hear(`lifecycle ${state}`);
  }

  #hear(what: string): void {
    this.sql.run("INSERT INTO heard (what) VALUES (?)", what);
  }
}
