import type { QueryChange } from "../../src/protocol/index.ts";
import type { ShardCommit, Subscribed } from "../../src/shard/index.ts";

type Row = Record<string, unknown>;

/** What a client has of a query. It applies what it hears by the words of the protocol alone: no code of the library. */
export class View {
  value: unknown;
  readonly #key: readonly string[];

  /** @param value What it had, where it comes back. */
  constructor(key: readonly string[], value?: unknown) {
    this.#key = key;
    this.value = value;
  }

  apply(change: QueryChange): void {
    if ("error" in change) this.value = change;
    else if ("snapshot" in change) this.value = change.snapshot;
    else {
      const { delta } = change;
      let rows = [...(this.value as Row[])];
      for (const row of delta.update ?? [])
        rows = rows.map((one) => (this.#keyOf(one) === this.#keyOf(row) ? row : one));
      const out = new Set(
        [...(delta.delete ?? []), ...(delta.move ?? []).map(({ key }) => key)].map((key) =>
          JSON.stringify(Array.isArray(key) ? key : [key]),
        ),
      );
      const places = [
        ...(delta.insert ?? []),
        ...(delta.move ?? []).map(({ key, at }) => {
          const text = JSON.stringify(Array.isArray(key) ? key : [key]);
          return { at, row: rows.find((one) => this.#keyOf(one) === text) ?? {} };
        }),
      ];
      rows = rows.filter((one) => !out.has(this.#keyOf(one)));
      for (const { at, row } of places.toSorted((a, b) => a.at - b.at)) rows.splice(at, 0, row);
      this.value = rows;
    }
  }

  #keyOf(row: Row): string {
    return JSON.stringify(this.#key.map((column) => row[column]));
  }
}

/** A client's end of a subscription. */
export class Subscriber {
  readonly queryId: number;
  position: number;
  readonly start: Subscribed["start"];
  /** What it was told after the start. */
  readonly heard: QueryChange[] = [];
  readonly #view: View;

  /** @param value What it had, where it comes back. */
  constructor(subscribed: Subscribed, value?: unknown) {
    const { queryId, position, start, key } = subscribed;
    this.queryId = queryId;
    this.position = position;
    this.start = start;
    this.#view = new View(key, start.kind === "changes" ? value : JSON.parse(start.text));
    if (start.kind === "changes")
      for (const { text } of start.changes) this.#view.apply(JSON.parse(text) as QueryChange);
  }

  get value(): unknown {
    return this.#view.value;
  }

  hear({ position, changes }: ShardCommit): void {
    for (const { queryId, text } of changes)
      if (queryId === this.queryId) {
        const change = JSON.parse(text) as QueryChange;
        this.heard.push(change);
        this.#view.apply(change);
      }
    this.position = position;
  }
}
