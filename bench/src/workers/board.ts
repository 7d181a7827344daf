/** A task board, as both contenders have it: the same tables, statements and results. */

/** Every statement is one string, so that both run the same. */
export const SCHEMA = [
  "CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT NOT NULL, assignee TEXT NOT NULL, title TEXT NOT NULL, priority INTEGER NOT NULL, due INTEGER NOT NULL, done INTEGER NOT NULL)",
  "CREATE INDEX tasks_by_board ON tasks (board)",
  "CREATE INDEX tasks_by_assignee ON tasks (assignee)",
  "CREATE TABLE visits (id INTEGER PRIMARY KEY, page TEXT NOT NULL)",
];

const COLUMNS = "id, title, assignee, priority, due";
const ORDER = "ORDER BY priority DESC, due, id";

/** The open tasks of a board. */
export const BOARD = `SELECT ${COLUMNS} FROM tasks WHERE board = ? AND done = 0 ${ORDER}`;

/** The open tasks of one person. */
export const MINE = `SELECT ${COLUMNS} FROM tasks WHERE assignee = ? AND done = 0 ${ORDER}`;

/** The open tasks of a board that are due before some day. */
export const DUE = `SELECT ${COLUMNS} FROM tasks WHERE board = ? AND due < ? AND done = 0 ${ORDER}`;

export const RENAME = "UPDATE tasks SET title = ? WHERE id = ?";
export const VISIT = "INSERT INTO visits (page) VALUES (?)";

/** Tasks 0, 1, 2, … of the board `team`, dealt out to `person-0`, `person-1`, …; a row has about 110 characters of JSON. A number
 * is bound as a float. */
export const SEED = `INSERT INTO tasks
  SELECT n, 'team', 'person-' || (n % CAST(? AS INTEGER)), printf('Task %05d: look at what the customer said', n), n * 7 % 5, 20000 + n * 13 % 365, 0
  FROM (WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?) SELECT n FROM numbers)`;

/** Arguments of each query and mutation. */
export interface BoardArgs {
  readonly board: { readonly board: string };
  readonly mine: { readonly assignee: string };
  readonly due: { readonly board: string; readonly before: number };
  readonly rename: { readonly id: number; readonly title: string };
  readonly visit: { readonly page: string };
}

/** What has happened in this process. */
export const counted = {
  /** How often a query has run. */
  runs: 0,
  /** How often an object was loaded. */
  loads: 0,
};

/** What a request of the load side is about: a socket, rows to begin with, or the counts. */
export function boardRequest(request: Request) {
  const { pathname, searchParams } = new URL(request.url);
  return {
    path: pathname,
    shard: searchParams.get("shard") ?? "",
    rows: Number(searchParams.get("rows")),
    people: Number(searchParams.get("people")),
  };
}
