import { z } from "zod";
import { defineShard, mutation, query } from "../../src/shard/index.ts";

/** Tables with keys of every kind, triggers, and actions of foreign keys. */
export const TABLES = `
  CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT, n INT, title TEXT COLLATE NOCASE, owner TEXT, open INT DEFAULT 1);
  CREATE INDEX tasks_board ON tasks (board, n);
  CREATE INDEX tasks_title ON tasks (title);
  CREATE INDEX tasks_open ON tasks (owner) WHERE open = 1;
  CREATE TABLE users (name TEXT PRIMARY KEY, age INT) WITHOUT ROWID;
  CREATE TABLE seats (room INT, seat INT, who TEXT, PRIMARY KEY (room, seat)) WITHOUT ROWID;
  CREATE INDEX seats_who ON seats (who);
  CREATE TABLE codes (code UNIQUE, text TEXT);
  CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE children (id INTEGER PRIMARY KEY AUTOINCREMENT, parent INT REFERENCES parents (id) ON DELETE CASCADE, x INT);
  CREATE INDEX children_parent ON children (parent);
  CREATE TABLE counts (board TEXT PRIMARY KEY, n INT);
  INSERT INTO parents VALUES (1, 'p'), (2, 'q'), (3, 'r');
  CREATE TRIGGER counting AFTER INSERT ON tasks BEGIN
    INSERT INTO counts VALUES (new.board, 1) ON CONFLICT (board) DO UPDATE SET n = n + 1;
  END;
  CREATE TRIGGER uncounting AFTER DELETE ON tasks WHEN old.board IS NOT NULL BEGIN
    UPDATE counts SET n = n - 1 WHERE board = old.board;
  END;
  CREATE TRIGGER following AFTER UPDATE OF x ON children WHEN new.x > 7 BEGIN
    UPDATE children SET parent = 1 + new.x % 3 WHERE id = new.id;
  END;`;

const one = z.union([z.string(), z.number(), z.null()]);

/** Statements that take one value, and what tells their rows apart. */
const STATEMENTS: Readonly<Record<string, readonly [statement: string, key?: string | string[]]>> =
  {
    board: ["SELECT * FROM tasks WHERE board = ? ORDER BY n, id"],
    top: ["SELECT id, title FROM tasks WHERE board = ? ORDER BY n DESC, id LIMIT 3"],
    place: ["SELECT * FROM tasks WHERE board = ?1 AND n = length(?1) + 1 ORDER BY id"],
    exact: ["SELECT * FROM tasks WHERE board = ? AND n = 2 ORDER BY id"],
    few: ["SELECT * FROM tasks WHERE board = ? AND n BETWEEN 1 AND 4 ORDER BY n DESC, id DESC"],
    above: ["SELECT id, n FROM tasks WHERE board = ? AND n > 2 ORDER BY n, id"],
    title: ["SELECT id, n FROM tasks WHERE title = ? ORDER BY id"],
    mine: ["SELECT id FROM tasks WHERE owner = ? AND open = 1 ORDER BY id"],
    byId: ["SELECT * FROM tasks WHERE id = ?"],
    none: ["SELECT * FROM tasks WHERE board IS ? ORDER BY id"],
    count: ["SELECT count(*) AS id, sum(n) AS sum FROM tasks WHERE board = ?"],
    max: ["SELECT max(n) AS n FROM tasks WHERE board = ?"],
    groups: [
      "SELECT board AS id, count(*) AS n FROM tasks WHERE n > ? GROUP BY board ORDER BY 2, 1",
    ],
    join: [
      "SELECT tasks.id, age FROM tasks JOIN users ON users.name = owner WHERE board = ? ORDER BY age, tasks.id",
    ],
    left: [
      "SELECT t.id, u.age FROM tasks t LEFT JOIN users u ON u.name = ?1 WHERE t.board = 'a' ORDER BY t.id",
    ],
    user: ["SELECT * FROM users WHERE name = ?", "name"],
    room: ["SELECT * FROM seats WHERE room = ? ORDER BY seat", ["room", "seat"]],
    seat: ["SELECT * FROM seats WHERE room = ? AND seat = 2", ["room", "seat"]],
    whose: ["SELECT * FROM seats WHERE who = ? ORDER BY room, seat", ["room", "seat"]],
    code: ["SELECT * FROM codes WHERE code = ?", "code"],
    family: ["SELECT * FROM children WHERE parent = ? ORDER BY x DESC, id"],
    parent: ["SELECT * FROM parents WHERE id = ?"],
    counted: ["SELECT board AS id, n FROM counts WHERE board = ?"],
    counts: ["SELECT * FROM counts WHERE n > ? ORDER BY n, board", "board"],
    union: [
      "SELECT id, title FROM tasks WHERE board = ?1 UNION SELECT rowid + 1000, text FROM codes WHERE code = ?1 ORDER BY 1",
    ],
    exists: ["SELECT EXISTS (SELECT 1 FROM tasks WHERE board = ?) AS yes"],
    or: ["SELECT * FROM tasks WHERE board = ?1 OR title = ?1 ORDER BY id"],
    in: ["SELECT * FROM tasks WHERE board IN (?, 'b') ORDER BY id"],
    nested: [
      "SELECT * FROM tasks WHERE owner = (SELECT name FROM users WHERE age = ?) ORDER BY id",
    ],
  };

/** How often each of them has run. */
export const runs = { count: 0 };

const simple = Object.entries(STATEMENTS).map(([name, [statement, key = "id"]]) => [
  name,
  query({
    args: one,
    key,
    handler: ({ sql, args }) => {
      runs.count += 1;
      return sql.all(statement, args);
    },
  }),
]);

export const QUERY_NAMES: readonly string[] = [
  ...Object.keys(STATEMENTS),
  "chain",
  "chain",
  "family",
  "own",
  "fails",
];

export const board = defineShard({
  queries: {
    ...(Object.fromEntries(simple) as Record<string, ReturnType<typeof query>>),
    // What it reads depends on what it has read.
    chain: query({
      args: one,
      handler: ({ sql, args }) => {
        runs.count += 1;
        const first = sql.first<{ owner: string | null }>(
          "SELECT owner FROM tasks WHERE id = ?",
          args,
        );
        if (first === undefined) return "nothing";
        return sql.all("SELECT * FROM seats WHERE who = ? ORDER BY room, seat", first.owner);
      },
    }),
    own: query({
      args: one,
      handler: ({ sql, identity }) => {
        runs.count += 1;
        return sql.all(
          "SELECT * FROM tasks WHERE board = ? ORDER BY id",
          identity?.subject ?? null,
        );
      },
    }),
    fails: query({
      args: one,
      handler: ({ sql, args }) => {
        runs.count += 1;
        const rows = sql.all("SELECT * FROM tasks WHERE board = ? ORDER BY id", args);
        if (rows.length % 3 === 2) throw new Error("two, modulo three");
        return rows;
      },
    }),
  },
  mutations: {
    addTask: mutation({
      args: z.array(one),
      handler: ({ sql, args }) =>
        sql.first(
          "INSERT INTO tasks (board, n, title, owner) VALUES (?, ?, ?, ?) RETURNING id",
          ...args,
        ),
    }),
  },
});

const BOARDS = ["a", "b", "c", "A", "5", 5, " a", null];
const NAMES = ["ada", "bob", "Ada", "cyd"];

/** Statements with random values: what a mutation writes. */
export function randomWrite(
  random: () => number,
): readonly [string, ...(string | number | null)[]] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const digit = () => Math.floor(random() * 6);
  const id = () => 1 + Math.floor(random() * 20);
  const text = () => pick(["x", "X", "y", "z ", "z"]);
  return pick<() => readonly [string, ...(string | number | null)[]]>([
    () => [
      "INSERT INTO tasks (board, n, title, owner) VALUES (?, ?, ?, ?)",
      pick(BOARDS),
      digit(),
      text(),
      pick(NAMES),
    ],
    () => [
      "INSERT INTO tasks (board, n, title) VALUES (?, ?, ?), (?, 3, 'x') RETURNING id",
      pick(BOARDS),
      digit(),
      text(),
      pick(BOARDS),
    ],
    () => [
      "INSERT OR IGNORE INTO tasks (id, board, n) VALUES (?, ?, ?)",
      id(),
      pick(BOARDS),
      digit(),
    ],
    () => [
      "INSERT OR REPLACE INTO tasks (id, board, n) VALUES (?, ?, ?)",
      id(),
      pick(BOARDS),
      digit(),
    ],
    () => [
      "INSERT INTO tasks (id, board, n) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1, title = ?",
      id(),
      pick(BOARDS),
      text(),
    ],
    () => [
      "INSERT INTO tasks (id, board) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET board = excluded.board",
      id(),
      pick(BOARDS),
    ],
    () => [
      "INSERT INTO tasks (board, n, title) SELECT board, n + 1, title FROM tasks WHERE id = ?",
      id(),
    ],
    () => ["UPDATE tasks SET title = ? WHERE id = ?", text(), id()],
    () => ["UPDATE tasks SET n = ? WHERE id = ?", digit(), id()],
    () => ["UPDATE tasks SET n = n + 1 WHERE board = ?", pick(BOARDS)],
    () => ["UPDATE tasks SET board = ? WHERE id = ?", pick(BOARDS), id()],
    () => ["UPDATE OR IGNORE tasks SET id = ? WHERE id = ?", id(), id()],
    () => ["UPDATE OR REPLACE tasks SET rowid = ? WHERE id = ?", id(), id()],
    () => [
      "UPDATE tasks SET (owner, open) = (SELECT name, age % 2 FROM users WHERE name = ?) WHERE id = ?",
      pick(NAMES),
      id(),
    ],
    () => ["UPDATE tasks SET open = 1 - open WHERE id = ?", id()],
    () => [
      "UPDATE tasks SET owner = u.name FROM users u WHERE u.age = tasks.n AND tasks.id < ?",
      id(),
    ],
    () => ["DELETE FROM tasks WHERE id = ?", id()],
    () => ["DELETE FROM tasks WHERE board = ? AND n > 3", pick(BOARDS)],
    () => [
      "WITH old AS (SELECT min(id) AS id FROM tasks) DELETE FROM tasks WHERE id = (SELECT id FROM old)",
    ],
    () => (digit() === 0 && random() < 0.2 ? ["DELETE FROM tasks"] : ["SELECT 1"]),
    () => ["INSERT OR REPLACE INTO users VALUES (?, ?)", pick(NAMES), digit()],
    () => ["UPDATE users SET age = ? WHERE name = ?", digit(), pick(NAMES)],
    () => ["UPDATE OR IGNORE users SET name = ? WHERE name = ?", pick(NAMES), pick(NAMES)],
    () => ["DELETE FROM users WHERE name = ?", pick(NAMES)],
    () => [
      "INSERT INTO seats VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET who = excluded.who",
      digit(),
      digit(),
      pick(NAMES),
    ],
    () => ["UPDATE OR IGNORE seats SET room = ? WHERE seat = ?", digit(), digit()],
    () => ["UPDATE seats SET who = ? WHERE room = ?", pick(NAMES), digit()],
    () => ["DELETE FROM seats WHERE seat = ?", digit()],
    () => [
      "INSERT INTO codes VALUES (?, ?) ON CONFLICT (code) DO UPDATE SET text = excluded.text",
      pick(BOARDS),
      text(),
    ],
    () => ["DELETE FROM codes WHERE code = ?", pick(BOARDS)],
    () => ["INSERT OR IGNORE INTO parents VALUES (?, ?)", 1 + digit(), text()],
    () => ["DELETE FROM parents WHERE id = ?", 1 + digit()],
    () => [
      "INSERT INTO children (parent, x) SELECT id, ? FROM parents WHERE id = ?",
      digit() * 2,
      1 + digit(),
    ],
    () => ["UPDATE OR IGNORE children SET x = ? WHERE parent = ?", digit() * 2, 1 + digit()],
    () => ["DELETE FROM counts WHERE n < ?", digit()],
  ])();
}

/** A value that a query is asked with. */
export function randomArgs(random: () => number): string | number | null {
  const all = [...BOARDS, ...NAMES, "x", "Z", 1, 2, 3, 7, 20];
  return all[Math.floor(random() * all.length)] ?? null;
}
