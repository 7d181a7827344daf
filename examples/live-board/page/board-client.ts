import type { OptimisticViews } from "perdure/client";
import { ShardClient, storageOutboxStore } from "perdure/client";
import type { board } from "../src/board.ts";
import type { Task } from "../src/task.ts";

/** The types of a board's functions: nothing of the Worker is loaded. */
export type BoardFunctions = typeof board;

/** A board, as a page has it. */
export type BoardClient = ShardClient<BoardFunctions>;

/**
 * Follows a board.
 *
 * @param name That of its shard.
 */
export function boardClient(name: string): BoardClient {
  return new ShardClient<BoardFunctions>({
    shard: name,
    // What is asked for while the server is away is still there after a reload.
    outbox: storageOutboxStore(localStorage, `live-board ${name}`),
    // What each mutation shows before the board has answered: taken back where that refuses.
    optimistic: {
      addTask: (views, { board, id, title }) => {
        const author = views.get("me", { board }) ?? "";
        const added: Task = { id, title, list: "todo", author };
        change(views, board, (tasks) => [...tasks, added]);
      },
      renameTask: (views, { board, id, title }) => {
        change(views, board, (tasks) =>
          tasks.map((task) => (task.id === id ? { ...task, title } : task)),
        );
      },
      // To the end, as the board does it.
      moveTask: (views, { board, id, list }) => {
        change(views, board, (tasks) => [
          ...tasks.filter((task) => task.id !== id),
          ...tasks.filter((task) => task.id === id).map((task) => ({ ...task, list })),
        ]);
      },
      deleteTask: (views, { board, id }) => {
        change(views, board, (tasks) => tasks.filter((task) => task.id !== id));
      },
    },
  });
}

function change(
  views: OptimisticViews<BoardFunctions>,
  board: string,
  make: (tasks: readonly Task[]) => Task[],
): void {
  views.update("tasks", { board }, make);
}
