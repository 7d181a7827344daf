/** What can be asked of a board: each is a shard of its own. */

import { PerdureError } from "perdure/protocol";
import { defineShard, mutation, query } from "perdure/shard";
import * as z from "zod";
import type { Task } from "./task.ts";
import { LISTS } from "./task.ts";

/** How many tasks may be under way at once. Only the board knows: no page can be sure of what others do meanwhile. */
const MOST_DOING = 3;

const ofBoard = z.object({ board: z.string() });
const ofTask = ofBoard.extend({ id: z.uuid() });
const title = z.string().trim().min(1).max(200);

export const board = defineShard({
  queries: {
    // The same for everybody, so that it runs once for all.
    tasks: query({
      args: ofBoard,
      shared: true,
      handler: ({ sql }) =>
        sql.all<Task>("SELECT id, title, list, author FROM tasks ORDER BY place"),
    }),
    // Who the login says one is.
    me: query({ args: ofBoard, handler: ({ identity }) => identity?.subject ?? "" }),
  },
  mutations: {
    // The id is the page's, so that a task has it before the server has heard of it.
    addTask: mutation({
      args: ofTask.extend({ title }),
      handler: ({ sql, args, identity }) => {
        sql.run(
          "INSERT INTO tasks (id, title, list, author, place) SELECT ?, ?, 'todo', ?, ifnull(max(place), 0) + 1 FROM tasks",
          args.id,
          args.title,
          identity?.subject ?? "",
        );
      },
    }),
    renameTask: mutation({
      args: ofTask.extend({ title }),
      handler: ({ sql, args }) => {
        found(sql.run("UPDATE tasks SET title = ? WHERE id = ?", args.title, args.id));
      },
    }),
    moveTask: mutation({
      args: ofTask.extend({ list: z.enum(LISTS) }),
      handler: ({ sql, args }) => {
        found(
          sql.run(
            "UPDATE tasks SET list = ?, place = (SELECT max(place) FROM tasks) + 1 WHERE id = ?",
            args.list,
            args.id,
          ),
        );
        const doing = sql.all("SELECT id FROM tasks WHERE list = 'doing'").length;
        // What is thrown undoes all of the above.
        if (args.list === "doing" && doing > MOST_DOING)
          throw new PerdureError("forbidden", `At most ${MOST_DOING} tasks at once: finish one.`);
      },
    }),
    deleteTask: mutation({
      args: ofTask,
      handler: ({ sql, args }) => {
        found(sql.run("DELETE FROM tasks WHERE id = ?", args.id));
      },
    }),
  },
}).shardBy((args) => args.board);

/** Throws where no row was changed. */
function found(rows: number): void {
  if (rows === 0) throw new PerdureError("not_found", "Somebody has deleted this task.");
}
