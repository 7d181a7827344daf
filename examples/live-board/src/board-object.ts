import { ShardDO } from "perdure/shard";
import { board } from "./board.ts";

/** A board: its tasks, and all that look at them. */
export class Board extends ShardDO<Env> {
  static override readonly functions = board;
  static override readonly migrations = [
    {
      version: 1,
      name: "tasks",
      up: `CREATE TABLE tasks (
             id TEXT PRIMARY KEY,
             title TEXT NOT NULL,
             list TEXT NOT NULL,
             author TEXT NOT NULL,
             place INTEGER NOT NULL
           ) WITHOUT ROWID`,
    },
  ];
}
