-- A session as the tables had it that were used first: version 2 of "session", with one claim.
CREATE TABLE approvals (
      position INTEGER PRIMARY KEY, id TEXT NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL, request TEXT NOT NULL,
      option TEXT, approved INTEGER, decided_by TEXT, decided_at INTEGER
    );
CREATE TABLE claim (
      id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, process TEXT NOT NULL
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
CREATE TABLE tasks (
      id TEXT PRIMARY KEY, place INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, priority TEXT,
      updated_at INTEGER NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE timers (
      name TEXT PRIMARY KEY, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL, payload TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE UNIQUE INDEX approvals_by_id ON approvals (id);
CREATE INDEX approvals_orphaned ON approvals (digest) WHERE state = 'orphaned';
CREATE INDEX tasks_by_status ON tasks (status, place);
INSERT INTO approvals (position, id, state, digest, request, option, approved, decided_by, decided_at) VALUES (15, 'a1', 'delivered', '209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab', '{"type":"approval.requested","approval":"a1","turn":"turn-1","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812809000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}', 'yes', 1, 'ada', 1790812811000);
INSERT INTO approvals (position, id, state, digest, request, option, approved, decided_by, decided_at) VALUES (27, 'a2', 'pending', '209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab', '{"type":"approval.requested","approval":"a2","turn":"turn-2","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812817000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}', NULL, NULL, NULL, NULL);
INSERT INTO claim (id, epoch, process) VALUES (1, 1, 'process-1');
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('decide-1', 'ada', 'adad89dcca9cff65a8fa293b12badcce8fdd9ed2e89506ba39ea1859d0bde9af', '{"ok":true,"result":{"approval":"a1","option":"yes","position":16}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('meta', 'ada', 'ac8bd70f83455c66d331a1fd8ae39d124231acb48d4b42dcaf8ade401d510e13', '{"ok":true,"result":{"position":2}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('turn-1', 'ada', '69c22170617a88843dab73badd3b6673ebffeed6845deab7dfd7e52e4eac7898', '{"ok":true,"result":{"turn":"turn-1","position":4}}', NULL);
INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES ('turn-2', 'ada', '09cc36f452b0f545ad16c8c3d08a825215f1d4d992c49cc370574d5b58a0070b', '{"ok":true,"result":{"turn":"turn-2","position":21}}', NULL);
INSERT INTO log (position, body) VALUES (1, '{"v":1,"from":1,"at":1790812800000,"carry":{"id":"old","spool":null,"r":0,"open":2,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812800000}},"e":[{"type":"session.created","by":"ada","title":"From before","at":1790812800000}]}');
INSERT INTO log (position, body) VALUES (2, '{"v":1,"from":2,"at":1790812801000,"carry":{"id":"old","spool":null,"r":0,"open":3,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812801000}},"e":[{"type":"session.meta","patch":{"color":"blue","nested":{"a":[1]}},"by":"ada","at":1790812801000}]}');
INSERT INTO log (position, body) VALUES (3, '{"v":1,"from":3,"at":1790812802000,"carry":{"id":"old","spool":"spool-1","r":1,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812801000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"runner.started","epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","at":1790812801000}]}');
INSERT INTO log (position, body) VALUES (4, '{"v":1,"from":4,"at":1790812803000,"carry":{"id":"old","spool":"spool-1","r":1,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812803000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"turn.queued","turn":"turn-1","by":"ada","message":{"id":"turn-1","role":"user","parts":[{"type":"text","text":"Look at a.txt"}]},"at":1790812803000}]}');
INSERT INTO log (position, body) VALUES (7, '{"v":1,"from":5,"at":1790812804000,"carry":{"id":"old","spool":"spool-1","r":4,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812803000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"command.begun","command":4,"at":1790812803000},{"type":"start","messageId":"reply-1"},{"type":"text-start","id":"t"}]}');
INSERT INTO log (position, body) VALUES (14, '{"v":1,"from":8,"at":1790812809000,"carry":{"id":"old","spool":"spool-1","r":11,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812808000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"text-delta","id":"t","delta":"It says hi 👋.","splits":[3,5,6]},{"type":"text-end","id":"t"},{"type":"tool-input-available","toolCallId":"c1","toolName":"read","input":{"path":"a.txt"}},{"type":"tool-output-available","toolCallId":"c1","output":"hi"},{"type":"tasks.changed","tasks":[{"id":"task-1","title":"Look","status":"in_progress","priority":"high"},{"id":"task-2","title":"Leap","status":"pending"}],"at":1790812808000}]}');
INSERT INTO log (position, body) VALUES (15, '{"v":1,"from":15,"at":1790812810000,"carry":{"id":"old","spool":"spool-1","r":12,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812809000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"approval.requested","approval":"a1","turn":"turn-1","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812809000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}]}');
INSERT INTO log (position, body) VALUES (16, '{"v":1,"from":16,"at":1790812811000,"carry":{"id":"old","spool":"spool-1","r":12,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812811000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"approval.decided","approval":"a1","option":"yes","approved":true,"by":"ada","at":1790812811000}]}');
INSERT INTO log (position, body) VALUES (17, '{"v":1,"from":17,"at":1790812812000,"carry":{"id":"old","spool":"spool-1","r":13,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812811000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"command.begun","command":16,"at":1790812811000}]}');
INSERT INTO log (position, body) VALUES (18, '{"v":1,"from":18,"at":1790812813000,"carry":{"id":"old","spool":"spool-1","r":14,"open":4,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812812000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000}}},"e":[{"type":"tasks.changed","tasks":[{"id":"task-1","title":"Look","status":"completed","priority":"high"},{"id":"task-2","title":"Leap","status":"in_progress"}],"at":1790812812000}]}');
INSERT INTO log (position, body) VALUES (20, '{"v":1,"from":19,"at":1790812814000,"carry":{"id":"old","spool":"spool-1","r":16,"open":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812813000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"finish"},{"type":"turn.ended","turn":"turn-1","outcome":"completed","at":1790812813000}]}');
INSERT INTO log (position, body) VALUES (21, '{"v":1,"from":21,"at":1790812815000,"carry":{"id":"old","spool":"spool-1","r":16,"open":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812815000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"turn.queued","turn":"turn-2","by":"ada","message":{"id":"turn-2","role":"user","parts":[{"type":"text","text":"And now?"}],"metadata":{"from":"phone"}},"at":1790812815000}]}');
INSERT INTO log (position, body) VALUES (25, '{"v":1,"from":22,"at":1790812816000,"carry":{"id":"old","spool":"spool-1","r":20,"open":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812815000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"command.begun","command":21,"at":1790812815000},{"type":"start","messageId":"reply-2"},{"type":"text-start","id":"t"},{"type":"text-delta","id":"t","delta":"Half of "}]}');
INSERT INTO log (position, body) VALUES (26, '{"v":1,"from":26,"at":1790812817000,"carry":{"id":"old","spool":"spool-1","r":21,"open":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812816000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"tasks.changed","tasks":[{"id":"task-1","title":"Look","status":"completed","priority":"high"},{"id":"task-2","title":"Leap","status":"in_progress"},{"id":"task-3","title":"Land","status":"pending"}],"at":1790812816000}]}');
INSERT INTO log (position, body) VALUES (27, '{"v":1,"from":27,"at":1790812818000,"carry":{"id":"old","spool":"spool-1","r":22,"open":21,"facts":{"lifecycle":"active","createdBy":"ada","createdAt":1790812800000,"time":1790812817000,"runner":{"epoch":1,"agent":{"name":"agent","version":"1"},"restored":"new","agentSession":"agent-session-1","startedAt":1790812801000},"lastOutcome":{"turn":"turn-1","outcome":"completed"}}},"e":[{"type":"approval.requested","approval":"a2","turn":"turn-2","kind":"edit","title":"Edit a.txt","input":{"path":"a.txt"},"options":[{"id":"yes","name":"Allow","kind":"allow_once"},{"id":"no","name":"Reject","kind":"reject_once"}],"toolCallId":"c1","at":1790812817000,"digest":"209f3d55faf59d1b26b1b3dd82809f48dca55b4209c3e0368982bf45a57061ab","epoch":1}]}');
INSERT INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (4, 'turn-1', 'user', 'turn-1', '[{"type":"text","text":"Look at a.txt"}]', NULL, 1790812803000);
INSERT INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (6, 'reply-1', 'assistant', 'turn-1', '[{"type":"text","text":"It says hi 👋.","state":"done"},{"type":"tool-read","toolCallId":"c1","state":"output-available","input":{"path":"a.txt"},"output":"hi"}]', NULL, 1790812812000);
INSERT INTO messages (position, id, role, turn, parts, metadata, created_at) VALUES (21, 'turn-2', 'user', 'turn-2', '[{"type":"text","text":"And now?"}]', '{"from":"phone"}', 1790812815000);
INSERT INTO notes (text) VALUES ('kept');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('app', 1, 'notes', '18ba08084b8b9d5d3377e2b14636e812faf315d4108f6a45965f544455118790');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('commands', 1, 'commands', 'e514b968ca0221e5ac8732561afad1d1230295bbe984265daa2354b3c7d540c0');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('content', 1, 'content', '0dcf92df5623bea4795ea30d7026fe0e727824478f52cda3189e1692b5340c82');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('log', 1, 'log', 'cd8bf12caa0fc046e26494734dd31788dd35476335dc9d07ec80e5ad634bf82b');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('producers', 1, 'producers', '7d0eb4b4339b1dd55617b72080ec095202e21bf21323a65c62d187b11abd1b4a');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('session', 1, 'messages, tasks, session_meta', 'ea8c98bd760cee8c1ed5041fc06e25b241a81d472554dc3b7a71068453540d3d');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('session', 2, 'approvals and claims', 'c8d7b264b2fc6ef9e681241ed51e0d653a473bfa258b2c9c46328b073c49c35e');
INSERT INTO perdure_migrations (owner, version, name, checksum) VALUES ('timers', 1, 'timers', '4e38f0037187f534aca50d304ae24acbfe53fdaf4baac9a2cc230c4978b7ba0a');
INSERT INTO session_meta (key, value) VALUES ('color', '"blue"');
INSERT INTO session_meta (key, value) VALUES ('nested', '{"a":[1]}');
INSERT INTO session_meta (key, value) VALUES ('title', '"From before"');
INSERT INTO tasks (id, place, title, status, priority, updated_at) VALUES ('task-1', 0, 'Look', 'completed', 'high', 1790812812000);
INSERT INTO tasks (id, place, title, status, priority, updated_at) VALUES ('task-2', 1, 'Leap', 'in_progress', NULL, 1790812812000);
INSERT INTO tasks (id, place, title, status, priority, updated_at) VALUES ('task-3', 2, 'Land', 'pending', NULL, 1790812816000);
INSERT INTO timers (name, due_at, attempts, payload) VALUES ('listing', 1790812810000, 0, 'null');
