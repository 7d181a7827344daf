import { z } from "zod";
import type { FrameLimits } from "../../src/object/index.ts";
import { defineShard, mutation, ShardDO } from "../../src/shard/index.ts";
import { board, TABLES } from "../../test/shard/random-board.ts";

const value = z.union([z.string(), z.number(), z.null()]);

/** The board of random statements, each call of which leaves a trace. */
export const randomBoard = defineShard({
  queries: board.queries,
  mutations: {
    write: mutation({
      args: z.object({ call: z.string(), statements: z.array(z.tuple([z.string()]).rest(value)) }),
      handler: ({ sql, args }) => {
        sql.run("INSERT INTO done (call) VALUES (?)", args.call);
        for (const [statement, ...bindings] of args.statements) sql.all(statement, ...bindings);
      },
    }),
  },
});

/** A shard that forgets soon and lets its clients send as they like. */
export class RandomBoardDO extends ShardDO<Cloudflare.Env> {
  static override readonly functions = randomBoard;
  static override readonly migrations = [
    { version: 1, name: "app", up: `${TABLES} CREATE TABLE done (call TEXT);` },
  ];
  static override readonly limits = {
    logCommits: 10,
    commitUnits: 600,
    cachedRows: 60,
    cachedUnits: 2_000,
  };

  protected override limitsOf(): FrameLimits {
    return { burst: 1_000_000, framesPerSecond: 1_000_000 };
  }

  /** Calls that had their effect, as often as they had it. */
  async done(): Promise<readonly string[]> {
    return this.sql.run<{ call: string }>("SELECT call FROM done").map(({ call }) => call);
  }
}

/** The same without a row for a commit. */
export class MemoryBoardDO extends RandomBoardDO {
  static override readonly history = "memory";
}
