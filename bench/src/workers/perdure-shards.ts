/** Perdure's shards as they are, behind the few routes that a benchmark needs. */

import { upgradeRequest } from "perdure/object";
import { defineShard, mutation, query, ShardDO } from "perdure/shard";
import type { BoardArgs } from "./board.ts";
import { BOARD, boardRequest, counted, DUE, MINE, RENAME, SCHEMA, SEED, VISIT } from "./board.ts";

interface Env {
  readonly BOARD: DurableObjectNamespace<Board>;
}

/** A schema that takes what comes: both contenders trust the load side. */
function argsOf<Name extends keyof BoardArgs>(_name: Name) {
  return {
    "~standard": {
      version: 1 as const,
      vendor: "bench",
      validate: (value: unknown) => ({ value: value as BoardArgs[Name] }),
      types: undefined as { input: BoardArgs[Name]; output: BoardArgs[Name] } | undefined,
    },
  };
}

const functions = defineShard({
  queries: {
    board: query({
      args: argsOf("board"),
      shared: true,
      handler: ({ sql, args }) => {
        counted.runs += 1;
        return sql.all(BOARD, args.board);
      },
    }),
    mine: query({
      args: argsOf("mine"),
      shared: true,
      handler: ({ sql, args }) => {
        counted.runs += 1;
        return sql.all(MINE, args.assignee);
      },
    }),
    due: query({
      args: argsOf("due"),
      shared: true,
      handler: ({ sql, args }) => {
        counted.runs += 1;
        return sql.all(DUE, args.board, args.before);
      },
    }),
  },
  mutations: {
    rename: mutation({
      args: argsOf("rename"),
      handler: ({ sql, args }) => sql.run(RENAME, args.title, args.id),
    }),
    visit: mutation({
      args: argsOf("visit"),
      handler: ({ sql, args }) => sql.run(VISIT, args.page),
    }),
  },
});

export class Board extends ShardDO<Env> {
  static override readonly functions = functions;
  static override readonly migrations = SCHEMA.map((up, index) => ({
    version: index + 1,
    name: `step ${index + 1}`,
    up,
  }));

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counted.loads += 1;
  }

  async seed(rows: number, people: number): Promise<void> {
    this.sql.run(SEED, people, rows);
  }

  /** One socket sends what many would. */
  protected override limitsOf() {
    return { burst: 1_000_000, framesPerSecond: 1_000_000 };
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { path, shard, rows, people } = boardRequest(request);
    if (path === "/counted") return Response.json(counted);
    const stub = env.BOARD.getByName(shard);
    if (path === "/seed") {
      await stub.seed(rows, people);
      return new Response(null, { status: 204 });
    }
    return stub.fetch(
      upgradeRequest({
        kind: "shard",
        subject: "",
        role: "participant",
        expiresAt: null,
        meta: { identity: null },
      }),
    );
  },
} satisfies ExportedHandler<Env>;
