import { expect, test } from "vitest";
import type { OptimisticUpdates } from "../../src/client/index.ts";
import { pass, settle, useSimulatedTime } from "../client/client-setup.ts";
import { randomFrom } from "../support/random.ts";
import type { Board } from "./board.ts";
import { clientOf, follow, ShardServer } from "./shard-server.ts";

useSimulatedTime();

const BOARDS = ["a", "b"] as const;

const optimistic: OptimisticUpdates<Board> = {
  addTask: (views, { board, id, title, place = 0 }) =>
    views.update("tasks", { board }, (rows) =>
      [...rows, { id, title, place }].toSorted(
        (a, b) => a.place - b.place || (a.id < b.id ? -1 : 1),
      ),
    ),
  remove: (views, id) => {
    for (const board of BOARDS)
      views.update("tasks", { board }, (rows) => rows.filter((row) => row.id !== id));
  },
};

test.each([1, 2, 3, 4, 5, 6])(
  "Z218 two clients, random mutations, links that break, memory that is lost: each view ends as a fresh query, each mutation has its effect once (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const server = new ShardServer();
    const clients = [clientOf(server, { optimistic }), clientOf(server, { optimistic })];
    const views = clients.flatMap((client) => BOARDS.map((name) => follow(client, name)));
    const counts = clients.map((client) => client.watch("count", { board: "a" }));
    for (const count of counts) count.subscribe(() => {});
    await settle();
    let added = 0;
    let untitled = 0;
    let refused = 0;
    const answers: Promise<unknown>[] = [];
    const removals: Promise<number>[] = [];
    const ids: string[] = [];
    server.cut = () => (random() < 0.03 ? pick(["before", "after"]) : undefined);
    for (let step = 0; step < 400; step += 1) {
      const client = pick(clients);
      const kind = random();
      if (kind < 0.5) {
        const id = `t${(added += 1)}`;
        ids.push(id);
        // One without a title is refused.
        const title = "x".repeat(Math.max(0, random() * 90 - 5));
        const args = { board: pick(BOARDS), id, title, place: step % 7 };
        const answer = client.mutate("addTask", args);
        answers.push(title === "" ? answer.catch(() => (refused += 1)) : answer);
        if (title === "") untitled += 1;
      } else if (kind < 0.75 && ids.length > 0) {
        const change = { id: pick(ids), title: `t${step}`, place: Math.floor(random() * 9) };
        answers.push(client.mutate("change", change));
      } else if (kind < 0.85 && ids.length > 0) {
        const [id = ""] = ids.splice(Math.floor(random() * ids.length), 1);
        removals.push(client.mutate("remove", id));
      } else if (kind < 0.9) pick(server.connections).drop();
      else if (kind < 0.93) server.loseMemory();
      else if (kind < 0.95) server.isUp = !server.isUp;
      await pass(random() < 0.3 ? 400 : 1);
      // Keys are never twice in a view.
      for (const { view } of views) {
        const shown = view?.value?.map(({ id }) => id) ?? [];
        expect(new Set(shown).size).toBe(shown.length);
      }
    }
    server.isUp = true;
    server.cut = () => undefined;
    await pass(60_000);
    await Promise.all(answers);
    for (const { getState } of clients)
      expect(getState()).toMatchObject({ link: "live", pending: [] });
    views.forEach(({ view }, index) => {
      const fresh = server.call("tasks", { board: BOARDS[index % 2] });
      expect(view).toEqual({ status: "live", value: fresh, error: undefined });
    });
    for (const { get } of counts) expect(get().value).toBe(server.call("count", { board: "a" }));
    // One that had its effect twice would have been refused, or have removed nothing.
    const removed = (await Promise.all(removals)).reduce((sum, count) => sum + count, 0);
    expect(server.sql.run("SELECT id FROM tasks")).toHaveLength(added - refused - removed);
    expect(refused).toBe(untitled);
  },
);
