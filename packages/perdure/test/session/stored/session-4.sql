-- A session as version 4 of the tables of "session" has it.
CREATE TABLE approvals (
      position INTEGER PRIMARY KEY, id TEXT NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL, request TEXT NOT NULL,
      option TEXT, approved INTEGER, decided_by TEXT, decided_at INTEGER
    );
CREATE TABLE claims (
      epoch INTEGER PRIMARY KEY, process TEXT NOT NULL, spool TEXT NOT NULL, r INTEGER NOT NULL
    );
CREATE TABLE commands (
      id TEXT PRIMARY KEY, sender TEXT NOT NULL, digest TEXT NOT NULL, reply TEXT NOT NULL, issued_at INTEGER
    ) WITHOUT ROWID;
CREATE TABLE content (
      digest TEXT NOT NULL, part INTEGER NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (digest, part)
    ) WITHOUT ROWID;
CREATE TABLE dead_timers (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, payload TEXT NOT NULL, error TEXT NOT NULL, died_at INTEGER NOT NULL
    );
CREATE TABLE gateway (
      id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT, cwd TEXT, worktree TEXT, agent TEXT
    );
CREATE TABLE log (position INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE messages (
      position INTEGER PRIMARY KEY, id TEXT NOT NULL, role TEXT NOT NULL, turn TEXT, parts TEXT NOT NULL,
      metadata TEXT, created_at INTEGER NOT NULL
    );
CREATE TABLE notes (text TEXT NOT NULL);
CREATE TABLE perdure_migrations (
  owner TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (owner, version)
) WITHOUT ROWID;
CREATE TABLE producers (
      id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE session_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE "tasks" (
      id TEXT NOT NULL, source TEXT NOT NULL, place INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
      priority TEXT, payload TEXT, result TEXT, error TEXT, progress REAL, due_at INTEGER,
      created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (id, source)
    ) WITHOUT ROWID;
CREATE TABLE timers (
      name TEXT PRIMARY KEY, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL, payload TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE turn_steps (
      turn TEXT NOT NULL, name TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (turn, name)
    ) WITHOUT ROWID;
CREATE UNIQUE INDEX approvals_by_id ON approvals (id);
CREATE INDEX approvals_orphaned ON approvals (digest) WHERE state = 'orphaned';
CREATE INDEX tasks_by_status ON tasks (status, source, place);
INSERT INTO approvals (position, id, state, digest, request, option, approved, decided_by, decided_at) VALUES (15, 'a1', 'delivered', '209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab', '{"type":"approval.requested","approval":"a1","turn":"turn-1","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812809000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}', 'yes', 1, 'ada', 1790812811000);
INSERT INTO approvals (position, id, state, digest, request, option, approved, decided_by, decided_at) VALUES (27, 'a2', 'pending', '209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab', '{"type":"approval.requested","approval":"a2","turn":"turn-2","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812817000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}', NULL, NULL, NULL, NULL);
INSERT INTO claims (epoch, process, spool, r) VALUES (1, 'process-1', 'spool-1', 0);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('decide-1', 'ada', 'ada
{"op":"decide","approval":"a1","option":"yes"}', '{"ok":true,"result":{"approval":"a1","option":"yes","position":16}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('meta', 'ada', 'ada
{"op":"set-meta","patch":{"color":"blue","nested":{"a":[1]}}}', '{"ok":true,"result":{"position":2}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('task', 'ada', 'ada
{"op":"create-task","task":{"id":"app-1","title":"Ship","payload":{"to":"moon"}}}', '{"ok":true,"result":{"task":"app-1","position":28}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('task-u', 'ada', 'ada
{"op":"update-task","task":"app-1","patch":{"status":"running","progress":0.5}}', '{"ok":true,"result":{"task":"app-1","position":29}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('turn-1', 'ada', 'ada
{"op":"prompt","parts":[{"type":"text","text":"Look at a.txt"}]}', '{"ok":true,"result":{"turn":"turn-1","position":4}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('turn-2', 'ada', 'ada
{"op":"prompt","parts":[{"type":"text","text":"And now?"}],"metadata":{"from":"phone"}}', '{"ok":true,"result":{"turn":"turn-2","position":21}}', NULL);
INSERT INTO log (position, body) VALUES (1, '{"v":1,"from":1,"at":1790812800000,"carry":{"id":"old","spool":null,"r":0,"open":2,"closed":{"time":1790812800000},"line":1,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812800000}},"e":[{"type":"session.created","by":"ada","title":"From before","at":1790812800000}]}');
INSERT INTO log (position, body) VALUES (2, '{"v":1,"from":2,"at":1790812801000,"carry":{"id":"old","spool":null,"r":0,"open":3,"closed":{"time":1790812801000},"line":1,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812801000}},"e":[{"type":"session.meta","patch":{"color":"blue","nested":{"a":[1]}},"by":"ada","at":1790812801000}]}');
INSERT INTO log (position, body) VALUES (3, '{"v":1,"from":3,"at":1790812802000,"carry":{"id":"old","spool":"spool-1","r":1,"open":4,"closed":{"time":1790812801000},"line":1,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812801000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"runner.started","epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","at":1790812801000}]}');
INSERT INTO log (position, body) VALUES (4, '{"v":1,"from":4,"at":1790812803000,"carry":{"id":"old","spool":"spool-1","r":1,"open":4,"closed":{"time":1790812801000},"line":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812803000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"turn.queued","turn":"turn-1","by":"ada","message":{"id":"turn-1","role":"user","parts":[{"type":"text","text":"Look at a.txt"}]},"at":1790812803000}]}');
INSERT INTO log (position, body) VALUES (7, '{"v":1,"from":5,"at":1790812804000,"carry":{"id":"old","spool":"spool-1","r":4,"open":4,"closed":{"time":1790812801000},"line":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812803000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"command.begun","command":4,"at":1790812803000},{"type":"start","messageId":"reply-1"},{"type":"text-start","id":"t"}]}');
INSERT INTO log (position, body) VALUES (15, '{"v":1,"from":8,"at":1790812810000,"carry":{"id":"old","spool":"spool-1","r":12,"open":4,"closed":{"time":1790812801000},"line":15,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812809000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"text-delta","id":"t","delta":"It says hi 👋.","splits":[3,5,6]},{"type":"text-end","id":"t"},{"type":"tool-input-available","toolCallId":"c1","toolName":"read","input":{"path":"a.txt"}},{"type":"tool-output-available","toolCallId":"c1","output":"hi"},{"type":"tasks.changed","tasks":[{"id":"task-1","title":"Look","status":"running","priority":"high","createdAt":1790812808000,"updatedAt":1790812808000,"source":"plan"},{"id":"task-2","title":"Leap","status":"pending","createdAt":1790812808000,"updatedAt":1790812808000,"source":"plan"}],"at":1790812808000},{"type":"approval.requested","approval":"a1","turn":"turn-1","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812809000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}]}');
INSERT INTO log (position, body) VALUES (16, '{"v":1,"from":16,"at":1790812811000,"carry":{"id":"old","spool":"spool-1","r":12,"open":4,"closed":{"time":1790812801000},"line":16,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812811000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"approval.decided","approval":"a1","option":"yes","approved":true,"by":"ada","at":1790812811000}]}');
INSERT INTO log (position, body) VALUES (17, '{"v":1,"from":17,"at":1790812812000,"carry":{"id":"old","spool":"spool-1","r":13,"open":4,"closed":{"time":1790812801000},"line":16,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812811000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"command.begun","command":16,"at":1790812811000}]}');
INSERT INTO log (position, body) VALUES (20, '{"v":1,"from":18,"at":1790812814000,"carry":{"id":"old","spool":"spool-1","r":16,"open":21,"closed":{"time":1790812813000,"lastOutcome":{"turn":"turn-1","outcome":"completed"}},"line":20,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812813000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"tasks.changed","tasks":[{"id":"task-1","title":"Look","status":"done","priority":"high","createdAt":1790812808000,"updatedAt":1790812812000,"source":"plan"},{"id":"task-2","title":"Leap","status":"running","createdAt":1790812808000,"updatedAt":1790812812000,"source":"plan"}],"at":1790812812000},{"type":"finish"},{"type":"turn.ended","turn":"turn-1","outcome":"completed","at":1790812813000}]}');
INSERT INTO log (position, body) VALUES (21, '{"v":1,"from":21,"at":1790812815000,"carry":{"id":"old","spool":"spool-1","r":16,"open":21,"closed":{"time":1790812813000,"lastOutcome":{"turn":"turn-1","outcome":"completed"}},"line":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812815000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"turn.queued","turn":"turn-2","by":"ada","message":{"id":"turn-2","role":"user","parts":[{"type":"text","text":"And now?"}],"metadata":{"from":"phone"}},"at":1790812815000}]}');
INSERT INTO log (position, body) VALUES (25, '{"v":1,"from":22,"at":1790812816000,"carry":{"id":"old","spool":"spool-1","r":20,"open":21,"closed":{"time":1790812813000,"lastOutcome":{"turn":"turn-1","outcome":"completed"}},"line":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812815000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"command.begun","command":21,"at":1790812815000},{"type":"start","messageId":"reply-2"},{"type":"text-start","id":"t"},{"type":"text-delta","id":"t","delta":"Half of "}]}');
INSERT INTO log (position, body) VALUES (27, '{"v":1,"from":26,"at":1790812818000,"carry":{"id":"old","spool":"spool-1","r":22,"open":21,"closed":{"time":1790812813000,"lastOutcome":{"turn":"turn-1","outcome":"completed"}},"line":27,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812817000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"tasks.changed","tasks":[{"id":"task-1","title":"Look","status":"done","priority":"high","createdAt":1790812808000,"updatedAt":1790812812000,"source":"plan"},{"id":"task-2","title":"Leap","status":"running","createdAt":1790812808000,"updatedAt":1790812812000,"source":"plan"},{"id":"task-3","title":"Land","status":"pending","createdAt":1790812816000,"updatedAt":1790812816000,"source":"plan"}],"at":1790812816000},{"type":"approval.requested","approval":"a2","turn":"turn-2","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812817000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}]}');
INSERT INTO log (position, body) VALUES (28, '{"v":1,"from":28,"at":1790812819000,"carry":{"id":"old","spool":"spool-1","r":22,"open":21,"closed":{"time":1790812813000,"lastOutcome":{"turn":"turn-1","outcome":"completed"}},"line":27,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812819000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"task.changed","task":{"id":"app-1","title":"Ship","status":"pending","payload":{"to":"moon"},"createdAt":1790812819000,"updatedAt":1790812819000,"source":"app"},"by":"ada","at":1790812819000}]}');
INSERT INTO log (position, body) VALUES (29, '{"v":1,"from":29,"at":1790812820000,"carry":{"id":"old","spool":"spool-1","r":22,"open":21,"closed":{"time":1790812813000,"lastOutcome":{"turn":"turn-1","outcome":"completed"}},"line":27,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812820000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"task.changed","task":{"id":"app-1","title":"Ship","status":"running","payload":{"to":"moon"},"progress":0.5,"createdAt":1790812819000,"updatedAt":1790812820000,"source":"app"},"by":"ada","at":1790812820000}]}');
INSERT INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (4, 'turn-1', 'user', 'turn-1', '[{"type":"text","text":"Look at a.txt"}]', NULL, 1790812803000);
INSERT INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (6, 'reply-1', 'assistant', 'turn-1', '[{"type":"text","text":"It says hi 👋.","state":"done"},{"toolCallId":"c1","state":"output-available","type":"tool-read","input":{"path":"a.txt"},"output":"hi"}]', NULL, 1790812812000);
INSERT INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (21, 'turn-2', 'user', 'turn-2', '[{"type":"text","text":"And now?"}]', '{"from":"phone"}', 1790812815000);
INSERT INTO notes (text) VALUES ('kept');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('app', 1, 'notes', '18ba08084b8b9d5d3377e2b14636e812faf315d4108f6a45965f544455118790');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('commands', 1, 'commands', 'e514b968ca0221e5ac8732561afad1d1230295bbe984265daa2354b3c7d540c0');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('content', 1, 'content', '0dcf92df5623bea4795ea30d7026fe0e727824478f52cda3189e1692b5340c82');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('gateway', 1, 'gateway', '996c5d6e801f8f3bd2727d2486cad5769ec7dd892422a5ebd710e0577723d5e5');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('log', 1, 'log', 'cd8bf12caa0fc046e26494734dd31788dd35476335dc9d07ec80e5ad634bf82b');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('producers', 1, 'producers', '7d0eb4b4339b1dd55617b72080ec095202e21bf21323a65c62d187b11abd1b4a');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('session', 1, 'messages, tasks, session_meta', 'ea8c98bd760cee8c1ed5041fc06e25b241a81d472554dc3b7a71068453540d3d');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('session', 2, 'approvals and claims', 'e6d463785aeb1f2862a820ce9cd5227c9ca75ce50e2bdc592360867fbefb1c5c');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('session', 3, 'tasks of the application', '77d9f4b727992975ef0b57de85f91bb0e2d481ed3d815c72b4d749d9c1f8484b');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('session', 4, 'claims of the first version 2', '1f06dcc369197b4f19ff2d099a3e15f411b2f6bedbe685abcabf146467407e5e');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('timers', 1, 'timers', '4e38f0037187f534aca50d304ae24acbfe53fdaf4baac9a2cc230c4978b7ba0a');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('turn-steps', 1, 'turn steps', '7adf80b7abebaa7907f8bb192746a665376c7c2c38ed68402c4b0ab44eb6aba2');
INSERT INTO session_meta (key, value) VALUES ('color', '"blue"');
INSERT INTO session_meta (key, value) VALUES ('nested', '{"a":[1]}');
INSERT INTO session_meta (key, value) VALUES ('title', '"From before"');
INSERT INTO tasks (id, source, place, title, status, priority, payload, result, error, progress, due_at, created_at, updated_at) VALUES ('app-1', 'app', 1790812819000, 'Ship', 'running', NULL, '{"to":"moon"}', NULL, NULL, 0.5, NULL, 1790812819000, 1790812820000);
INSERT INTO tasks (id, source, place, title, status, priority, payload, result, error, progress, due_at, created_at, updated_at) VALUES ('task-1', 'plan', 0, 'Look', 'done', 'high', NULL, NULL, NULL, NULL, NULL, 1790812808000, 1790812812000);
INSERT INTO tasks (id, source, place, title, status, priority, payload, result, error, progress, due_at, created_at, updated_at) VALUES ('task-2', 'plan', 1, 'Leap', 'running', NULL, NULL, NULL, NULL, NULL, NULL, 1790812808000, 1790812812000);
INSERT INTO tasks (id, source, place, title, status, priority, payload, result, error, progress, due_at, created_at, updated_at) VALUES ('task-3', 'plan', 2, 'Land', 'pending', NULL, NULL, NULL, NULL, NULL, NULL, 1790812816000, 1790812816000);
