import { z } from "zod";
import { PerdureError } from "../../src/protocol/index.ts";
import { defineShard, mutation, query } from "../../src/shard/index.ts";

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly place: number;
}

export const TABLES = `
  CREATE TABLE tasks (id TEXT PRIMARY KEY, board TEXT, title TEXT, place REAL);
  CREATE INDEX tasks_board ON tasks (board, place);`;

const byBoard = z.object({ board: z.string() });

/** A board of tasks in an order that people choose. */
export const board = defineShard({
  queries: {
    tasks: query({
      args: byBoard,
      shared: true,
      handler: ({ sql, args }) =>
        sql.all<Task>(
          "SELECT id, title, place FROM tasks WHERE board = ? ORDER BY place, id",
          args.board,
        ),
    }),
    count: query({
      args: byBoard,
      shared: true,
      handler: ({ sql, args }) =>
        sql.first<{ n: number }>("SELECT count(*) AS n FROM tasks WHERE board = ?", args.board)?.n,
    }),
    /** Fails while there is a task of this title. */
    unless: query({
      args: z.string(),
      handler: ({ sql, args }) => {
        const found = sql.first("SELECT 1 FROM tasks WHERE title = ?", args);
        if (found !== undefined) throw new PerdureError("room_full", `There is ${args}.`);
        return sql.all<{ id: string }>("SELECT id FROM tasks ORDER BY id");
      },
    }),
    me: query({ args: z.null(), handler: ({ identity }) => identity?.subject }),
  },
  mutations: {
    addTask: mutation({
      args: byBoard.extend({ id: z.string(), title: z.string(), place: z.number().default(0) }),
      handler: ({ sql, args: { id, title, place, board: name } }) => {
        if (title === "") throw new PerdureError("bad_request", "A task has a title.");
        sql.run("INSERT INTO tasks VALUES (?, ?, ?, ?)", id, name, title, place);
        return { id, title, place };
      },
    }),
    change: mutation({
      args: z.object({
        id: z.string(),
        title: z.string().optional(),
        place: z.number().optional(),
      }),
      handler: ({ sql, args: { id, title, place } }) => {
        sql.run(
          "UPDATE tasks SET title = coalesce(?, title), place = coalesce(?, place) WHERE id = ?",
          title ?? null,
          place ?? null,
          id,
        );
      },
    }),
    remove: mutation({
      args: z.string(),
      handler: ({ sql, args }) => sql.run("DELETE FROM tasks WHERE id = ?", args),
    }),
  },
});

export type Board = typeof board;
