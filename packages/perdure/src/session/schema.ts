/** The tables of a session. */

import type { Migration, Schema } from "../object/index.ts";
import { CONTENT_MIGRATIONS, LOG_MIGRATIONS, PRODUCER_MIGRATIONS } from "../log/index.ts";
import { COPY_MIGRATIONS } from "./session-copy.ts";
import { GATEWAY_MIGRATIONS } from "./gateway-store.ts";
import { TURN_STEP_MIGRATIONS } from "./turn-steps.ts";
import { SHARING_MIGRATIONS } from "./sharing.ts";

const CLAIMS = `CREATE TABLE claims (
      epoch INTEGER PRIMARY KEY, process TEXT NOT NULL, spool TEXT NOT NULL, r INTEGER NOT NULL
    )`;

/** What the last row of the log carries. */
const carried = (field: string) =>
  `(SELECT json_extract(body, '$.carry.${field}') FROM log ORDER BY position DESC LIMIT 1)`;

/**
 * `messages` is ordered by its key, the log position at which a message began; `tasks` is asked for by status, in order of
 * place; approvals are found by id, and orphaned ones by the digest of their question.
 */
const SESSION_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "messages, tasks, session_meta",
    up: `CREATE TABLE messages (
      position INTEGER PRIMARY KEY, id TEXT NOT NULL, role TEXT NOT NULL, turn TEXT, parts TEXT NOT NULL,
      metadata TEXT, created_at INTEGER NOT NULL
    );
    CREATE TABLE tasks (
      id TEXT PRIMARY KEY, place INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, priority TEXT,
      updated_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX tasks_by_status ON tasks (status, place);
    CREATE TABLE session_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
  },
  {
    version: 2,
    name: "approvals and claims",
    up: `CREATE TABLE approvals (
      position INTEGER PRIMARY KEY, id TEXT NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL, request TEXT NOT NULL,
      option TEXT, approved INTEGER, decided_by TEXT, decided_at INTEGER
    );
    CREATE UNIQUE INDEX approvals_by_id ON approvals (id);
    CREATE INDEX approvals_orphaned ON approvals (digest) WHERE state = 'orphaned';
    ${CLAIMS}`,
    // It first made a table `claim` with one row: see version 4.
    formerly: ["c8d7b264b2fc6ef9e681241ed51e0d653a473bfa258b2c9c46328b073c49c35e"],
  },
  {
    version: 3,
    name: "tasks of the application",
    up: `CREATE TABLE all_tasks (
      id TEXT NOT NULL, source TEXT NOT NULL, place INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
      priority TEXT, payload TEXT, result TEXT, error TEXT, progress REAL, due_at INTEGER,
      created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (id, source)
    ) WITHOUT ROWID;
    INSERT INTO all_tasks (id, source, place, title, status, priority, created_at, updated_at)
      SELECT id, 'plan', place, title,
        CASE status WHEN 'in_progress' THEN 'running' WHEN 'completed' THEN 'done' ELSE status END,
        priority, updated_at, updated_at FROM tasks;
    DROP TABLE tasks;
    ALTER TABLE all_tasks RENAME TO tasks;
    CREATE INDEX tasks_by_status ON tasks (status, source, place)`,
  },
  {
    version: 4,
    name: "claims of the first version 2",
    up: (sql) => {
      if (sql.run("SELECT 1 FROM sqlite_master WHERE name = 'claims'").length > 0) return;
      sql.script(`${CLAIMS};
        INSERT INTO claims (epoch, process, spool, r)
          SELECT epoch, process, coalesce(${carried("spool")}, ''), coalesce(${carried("r")}, 0) FROM claim;
        DROP TABLE claim`);
    },
  },
];

/** All tables of a session, room by room. */
export const SESSION_SCHEMAS: readonly Schema[] = [
  { owner: "content", migrations: CONTENT_MIGRATIONS },
  { owner: "log", migrations: LOG_MIGRATIONS },
  { owner: "producers", migrations: PRODUCER_MIGRATIONS },
  { owner: "session", migrations: SESSION_MIGRATIONS },
  { owner: "copy", migrations: COPY_MIGRATIONS },
  { owner: "gateway", migrations: GATEWAY_MIGRATIONS },
  { owner: "turn-steps", migrations: TURN_STEP_MIGRATIONS },
  { owner: "sharing", migrations: SHARING_MIGRATIONS },
];
