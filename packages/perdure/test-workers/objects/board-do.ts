import { z } from "zod";
import { PerdureError } from "../../src/protocol/index.ts";
import { defineShard, mutation, query, ShardDO } from "../../src/shard/index.ts";

/** How often each query of each board has run, over any loss of the object's memory: a board's tests are in one file. */
export const runs = new Map<string, number>();

const byBoard = z.object({ board: z.string() });

interface Task {
  readonly id: number;
  readonly title: string;
}

/** A board of tasks; a shard holds one. */
export const board = defineShard({
  queries: {
    tasks: query({
      args: byBoard,
      shared: true,
      handler: ({ sql, args }) => {
        runs.set(args.board, (runs.get(args.board) ?? 0) + 1);
        return sql.all<{ id: number; title: string }>("SELECT id, title FROM tasks ORDER BY id");
      },
    }),
    mine: query({ args: byBoard, handler: ({ identity }) => identity }),
  },
  mutations: {
    addTask: mutation({
      args: byBoard.extend({ title: z.string() }),
      handler: ({ sql, args }) =>
        sql.first<{ id: number; title: string }>(
          "INSERT INTO tasks (title) VALUES (?) RETURNING id, title",
          args.title,
        ),
    }),
    fail: mutation({
      args: byBoard.extend({ known: z.boolean() }),
      handler: ({ args }) => {
        if (args.known) throw new PerdureError("forbidden", "Not on this board.");
        throw new Error("a secret");
      },
    }),
  },
});

/** A board is a shard. */
export const boards = board.shardBy((args) => args.board);

/** A class of shards with a method of its own. */
export class BoardDO extends ShardDO<Cloudflare.Env> {
  static override readonly functions = board;
  static override readonly migrations = [
    {
      version: 1,
      name: "tasks",
      up: "CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT NOT NULL)",
    },
  ];

  /** What a user's own method does. */
  async customMethod({ foo }: { foo: string }): Promise<{ ok: true; foo: string }> {
    return { ok: true, foo };
  }

  /** Writes outside of a mutation. */
  async importTasks(titles: readonly string[]): Promise<number> {
    return this.shard.write((sql) => {
      for (const title of titles) sql.run("INSERT INTO tasks (title) VALUES (?)", title);
      return titles.length;
    });
  }

  /** Reads as it likes. */
  async allTasks(): Promise<readonly Task[]> {
    return this.sql.run<{ id: number; title: string }>("SELECT id, title FROM tasks ORDER BY id");
  }
}

/** A shard that thinks little to be a lot, and that knows which calls are its own. */
export class FullBoardDO extends BoardDO {
  static override readonly functions = boards;
  static override readonly largeStorageBytes = 256 * 1024;
}

/** As the library has it. */
export { ShardDO as PlainShardDO } from "../../src/shard/index.ts";
