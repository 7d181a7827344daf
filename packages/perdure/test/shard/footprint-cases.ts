import type { Sql } from "../../src/object/sql.ts";
import { Analyses } from "../../src/shard/analysis.ts";
import type { Footprint } from "../../src/shard/footprint.ts";
import { RowSet } from "../../src/shard/footprint.ts";
import { mutationSql, querySql } from "../../src/shard/tracked-sql.ts";

export const SCHEMA = `
  CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT, n INT, title TEXT COLLATE NOCASE, size AS (length(title)));
  CREATE INDEX tasks_board ON tasks (board, n);
  CREATE INDEX tasks_title ON tasks (title);
  CREATE INDEX tasks_size ON tasks (size, board);
  CREATE INDEX tasks_lower ON tasks (lower(board));
  CREATE INDEX tasks_open ON tasks (n) WHERE title = 'open';
  CREATE TABLE users (name TEXT PRIMARY KEY, age INT) WITHOUT ROWID;
  CREATE TABLE seats ("row" INT, seat INT, who TEXT, PRIMARY KEY ("row", seat)) WITHOUT ROWID;
  CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT);
  CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  CREATE TABLE children (id INTEGER PRIMARY KEY, parent INT REFERENCES parents (id) ON DELETE CASCADE);
  CREATE INDEX children_parent ON children (parent);
  CREATE TABLE watched (id INTEGER PRIMARY KEY, board TEXT);
  CREATE INDEX watched_board ON watched (board);
  CREATE TRIGGER watching AFTER UPDATE ON watched BEGIN INSERT INTO log (text) VALUES (new.board); END;
  CREATE TABLE moving (id INTEGER PRIMARY KEY, board TEXT);
  CREATE INDEX moving_board ON moving (board);
  CREATE TRIGGER moved AFTER INSERT ON moving BEGIN UPDATE moving SET board = 'z' WHERE id = new.id; END;
  CREATE TABLE "strict keys" (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, board TEXT);
  CREATE INDEX strict_board ON "strict keys" (board);
  CREATE VIEW open_tasks AS SELECT * FROM tasks WHERE n > 0;
  CREATE TRIGGER viewing INSTEAD OF INSERT ON open_tasks BEGIN INSERT INTO log (text) VALUES (new.title); END;
  INSERT INTO tasks (id, board, n, title) VALUES (1, 'a', 1, 'x'), (2, 'B ', 2, 'y');
  INSERT INTO seats VALUES (1, 1, 'ada');
  INSERT INTO parents VALUES (1, 'p');
  INSERT INTO watched VALUES (1, 'a');
`;

type Value = string | number | null;

/** What a query reads. */
export function readBy(sql: Sql, statement: string, bindings: readonly Value[]): Footprint {
  const set = new RowSet();
  querySql(sql, new Analyses(sql), set).all(statement, ...bindings);
  return set.all();
}

/** What a statement changes, where live queries read these tables by these columns. It is undone. */
export function changedBy(
  sql: Sql,
  statement: string,
  columns: Readonly<Record<string, readonly (readonly string[])[]>>,
): Footprint {
  const set = new RowSet();
  const undone = new Error("undone");
  try {
    sql.transaction(() => {
      mutationSql(sql, new Analyses(sql), set, (table) => columns[table] ?? []).all(statement);
      throw undone;
    });
  } catch (error) {
    if (error !== undone) throw error;
  }
  return set.all();
}

const BOARD_A = ["tasks", ["board"], '["=a"]'];

/** Queries with their bindings, and what they read. */
export const READS: readonly (readonly [
  statement: string,
  bindings: readonly (string | number | null)[],
  rows: readonly unknown[],
])[] = [
  ["SELECT * FROM tasks", [], [["tasks"]]],
  ["SELECT * FROM tasks WHERE board = ?", ["a"], [BOARD_A]],
  ["SELECT * FROM tasks WHERE board = 'a'", [], [BOARD_A]],
  ["SELECT * FROM tasks WHERE board = ''", [], [["tasks", ["board"], '["="]']]],
  ["SELECT * FROM tasks WHERE ? = board ORDER BY n DESC LIMIT 3", ["A"], [BOARD_A]],
  ["SELECT count(*), max(n) FROM tasks WHERE board = ?", ["a"], [BOARD_A]],
  ["SELECT max(n) FROM tasks WHERE board = ?", ["a"], [BOARD_A]],
  [
    "SELECT * FROM tasks WHERE board = ? AND n = ?",
    ["a", 2],
    [["tasks", ["board", "n"], '["=a","=2"]']],
  ],
  [
    "SELECT * FROM tasks WHERE n = ?2 AND board = ?1",
    ["a", "2"],
    [["tasks", ["board", "n"], '["=a","=2"]']],
  ],
  [
    "SELECT * FROM tasks WHERE board = ? AND n = -3000000000",
    ["a"],
    [["tasks", ["board", "n"], '["=a","=-3000000000"]']],
  ],
  ["SELECT * FROM tasks WHERE board = ? AND n > ?", ["a", 2], [BOARD_A]],
  ["SELECT * FROM tasks WHERE board = ? AND n BETWEEN ? AND 9 ORDER BY n", ["a", 2], [BOARD_A]],
  ["SELECT * FROM tasks WHERE board = ? AND n < ? ORDER BY n DESC", ["a", 2], [BOARD_A]],
  ["SELECT * FROM tasks WHERE board IS ?", [null], [["tasks", ["board"], '["null"]']]],
  ["SELECT * FROM tasks WHERE board > ?", ["a"], [["tasks"]]],
  ["SELECT * FROM tasks WHERE (board, n) > (?, ?)", ["a", 2], [["tasks"]]],
  ["SELECT * FROM tasks WHERE board = ? OR n = ?", ["a", 2], [["tasks"]]],
  ["SELECT * FROM tasks WHERE board IN (?, ?)", ["a", "b"], [["tasks"]]],
  ["SELECT * FROM tasks WHERE board = (SELECT text FROM log)", [], [["log"], ["tasks"]]],
  ["SELECT * FROM tasks WHERE title = ?", ["OPEN "], [["tasks", ["title"], '["=open"]']]],
  ["SELECT * FROM tasks WHERE size = ?", [3], [["tasks"]]],
  ["SELECT * FROM tasks WHERE lower(board) = ?", ["a"], [["tasks"]]],
  ["SELECT * FROM tasks WHERE title = 'open' AND n = ?", [2], [["tasks", ["n"], '["=2"]']]],
  ["SELECT * FROM tasks WHERE id = ?", [7], [["tasks", [":rowid"], '["=7"]']]],
  ["SELECT * FROM tasks WHERE rowid = 7", [], [["tasks", [":rowid"], '["=7"]']]],
  ["SELECT * FROM tasks WHERE id IN (?, ?)", [7, 8], [["tasks"]]],
  ["SELECT * FROM tasks WHERE id > ?", [7], [["tasks"]]],
  ["SELECT * FROM users WHERE name = ?", ["ada"], [["users", ["name"], '["=ada"]']]],
  ["SELECT * FROM users", [], [["users"]]],
  [
    'SELECT * FROM seats WHERE "row" = 1 AND seat = ?',
    [2],
    [["seats", ["row", "seat"], '["=1","=2"]']],
  ],
  ['SELECT * FROM seats WHERE "row" = ?', [1], [["seats", ["row"], '["=1"]']]],
  ["SELECT * FROM seats WHERE seat = ?", [1], [["seats"]]],
  ["SELECT * FROM parents WHERE name = ?", ["x"], [["parents", ["name"], '["=x"]']]],
  [
    "SELECT * FROM tasks JOIN users ON users.name = tasks.title WHERE board = ?",
    ["a"],
    [["users"], BOARD_A],
  ],
  [
    "SELECT * FROM tasks LEFT JOIN users ON users.name = ? WHERE board = ?",
    ["x", "a"],
    [BOARD_A, ["users", ["name"], '["=x"]']],
  ],
  [
    "SELECT * FROM tasks a, tasks b WHERE a.board = ? AND b.board = ?",
    ["a", "b"],
    [BOARD_A, ["tasks", ["board"], '["=b"]']],
  ],
  ["SELECT board FROM tasks WHERE board = ? UNION SELECT text FROM log", ["a"], [["log"], BOARD_A]],
  [
    "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 3) SELECT * FROM up, tasks WHERE board = ?",
    ["a"],
    [BOARD_A],
  ],
  ["SELECT EXISTS (SELECT 1 FROM tasks WHERE board = ?)", ["a"], [BOARD_A]],
  ["SELECT * FROM open_tasks WHERE board = ?", ["a"], [BOARD_A]],
  ["SELECT value FROM json_each(?)", ["[1]"], []],
  ["SELECT name FROM sqlite_schema", [], [["sqlite_schema"]]],
  ["SELECT 1", [], []],
];

const BY_BOARD = { tasks: [["board"]] };
const BY_BOTH = { tasks: [["board"], [":rowid"]] };
const BY_ROW = { seats: [["row"]] };
const BOARD_B = ["tasks", ["board"], '["=b"]'];
const ANY_BOARD = ["tasks", ["board"], "*"];

/** Statements, the columns by which live queries read their tables, and what they change. */
export const WRITES: readonly (readonly [
  statement: string,
  columns: Readonly<Record<string, readonly (readonly string[])[]>>,
  rows: readonly unknown[],
])[] = [
  ["INSERT INTO tasks (board) VALUES ('b'), ('a')", {}, [["tasks"]]],
  ["INSERT INTO tasks (board) VALUES ('b'), ('a'), ('B')", BY_BOARD, [BOARD_A, BOARD_B]],
  ["INSERT INTO tasks (board) VALUES ('a') RETURNING id", BY_BOARD, [BOARD_A]],
  ["INSERT OR IGNORE INTO tasks (id, board) VALUES (1, 'a')", BY_BOARD, []],
  [
    "INSERT INTO tasks (id) VALUES (9)",
    BY_BOTH,
    [
      ["tasks", [":rowid"], '["=9"]'],
      ["tasks", ["board"], '["null"]'],
    ],
  ],
  ["INSERT OR REPLACE INTO tasks (id, board) VALUES (1, 'b')", BY_BOARD, [["tasks"]]],
  ["REPLACE INTO tasks (id, board) VALUES (1, 'b')", BY_BOARD, [["tasks"]]],
  [
    "INSERT INTO tasks (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
    BY_BOARD,
    [BOARD_A],
  ],
  [
    "INSERT INTO tasks (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = 1, board = 'b'",
    BY_BOARD,
    [["tasks"]],
  ],
  [
    "INSERT INTO tasks (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET (n, board) = (1, 'b')",
    BY_BOARD,
    [["tasks"]],
  ],
  ["INSERT INTO tasks (id, n) VALUES (1, 1) ON CONFLICT DO NOTHING", BY_BOARD, []],
  [
    "WITH one AS (SELECT 'a' AS b) INSERT INTO tasks (board) SELECT b FROM one",
    BY_BOARD,
    [["tasks"]],
  ],
  ["INSERT INTO tasks (board) SELECT board FROM tasks WHERE id = 1 -- all", BY_BOARD, [BOARD_A]],
  ["DELETE FROM tasks", {}, [["tasks"]]],
  [
    "DELETE FROM tasks;",
    BY_BOTH,
    [["tasks", [":rowid"], '["=1"]'], ["tasks", [":rowid"], '["=2"]'], BOARD_A, BOARD_B],
  ],
  ["DELETE FROM tasks WHERE id = 2", BY_BOARD, [BOARD_B]],
  ["DELETE FROM tasks WHERE id = 3", BY_BOARD, []],
  [
    "UPDATE tasks SET title = 'z' WHERE id = 1",
    BY_BOTH,
    [["tasks", [":rowid"], '["=1"]'], BOARD_A],
  ],
  ["UPDATE tasks SET n = n + 1 WHERE board = 'a'", BY_BOARD, [BOARD_A]],
  [
    "UPDATE tasks SET n = 1, board = 'b' WHERE id = 1",
    BY_BOTH,
    [["tasks", [":rowid"], '["=1"]'], ANY_BOARD],
  ],
  [
    "UPDATE tasks SET n = n IS NOT DISTINCT FROM 1, 'board' = 'b' WHERE id = 1",
    BY_BOARD,
    [["tasks"]],
  ],
  [
    "UPDATE tasks SET n = (SELECT 1 WHERE 1 = 1), [Board] = 'b' WHERE id = 1",
    BY_BOTH,
    [["tasks", [":rowid"], '["=1"]'], ANY_BOARD],
  ],
  ["UPDATE tasks SET id = 9 WHERE id = 1", BY_BOTH, [["tasks", [":rowid"], "*"], BOARD_A]],
  ["UPDATE tasks SET _rowid_ = 9 WHERE id = 1", BY_BOTH, [["tasks", [":rowid"], "*"], BOARD_A]],
  ["UPDATE OR REPLACE tasks SET id = 2 WHERE id = 1", BY_BOTH, [["tasks"]]],
  ["UPDATE tasks SET n = u.age FROM users u WHERE u.name = tasks.title", BY_BOARD, []],
  ["UPDATE seats SET who = 'bob' WHERE seat = 1", BY_ROW, [["seats", ["row"], '["=1"]']]],
  ['UPDATE seats SET "row" = 2', BY_ROW, [["seats"]]],
  [
    "DELETE FROM parents",
    { parents: [["name"]], children: [["parent"]] },
    [["children"], ["parents", ["name"], '["=p"]']],
  ],
  [
    "UPDATE watched SET board = board",
    { watched: [["board"]] },
    [["log"], ["sqlite_sequence"], ["watched"]],
  ],
  [
    "UPDATE watched SET id = 2",
    { watched: [["board"]] },
    [["log"], ["sqlite_sequence"], ["watched", ["board"], '["=a"]']],
  ],
  [
    "INSERT INTO \"strict keys\" VALUES (1, 'a')",
    { "strict keys": [["board"]] },
    [["strict keys"]],
  ],
  ["INSERT INTO open_tasks (title) VALUES ('a')", BY_BOARD, [["log"], ["sqlite_sequence"]]],
  ["INSERT INTO moving (board) VALUES ('a')", { moving: [["board"]] }, [["moving"]]],
  [
    "INSERT INTO log (text) VALUES ('a')",
    { log: [[":rowid"]] },
    [["sqlite_sequence"], ["log", [":rowid"], '["=1"]']],
  ],
];
