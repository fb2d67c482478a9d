-- The offline cache of one account (sync.md, section 2). Times are microseconds since 1970 UTC; ids are UUIDs in lower case.

-- What the screen shows. `key` is never used again, so that a screen may hold on to it. `row_version` is the server's, -1 where the server has not got it.
CREATE TABLE todo (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL UNIQUE,
  server_id INTEGER NOT NULL DEFAULT 0,
  text TEXT NOT NULL,
  completed INTEGER NOT NULL CHECK (completed IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  row_version INTEGER NOT NULL DEFAULT -1,
  state TEXT NOT NULL DEFAULT 'synced' CHECK (state IN ('synced', 'pending', 'parked'))
) STRICT;
CREATE INDEX todo_newest ON todo (created_at DESC, key DESC);
CREATE INDEX todo_completed_newest ON todo (completed, created_at DESC, key DESC);

-- The last known server row of todos with pending edits.
CREATE TABLE base (
  client_id TEXT PRIMARY KEY,
  server_id INTEGER NOT NULL,
  text TEXT NOT NULL,
  completed INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  row_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Mutations in the order in which they are sent. `payload` is JSON: {"values": …, "base": …, "created_at": …}; once `sent`, an entry is frozen.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  mutation_id TEXT NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('create', 'edit', 'delete')),
  payload TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0,
  checksum TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_todo ON outbox (client_id, seq);

-- Mutations that the server refused, or whose todo was deleted elsewhere: kept until the user decides.
CREATE TABLE parked (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  mutation_id TEXT NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  parked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX parked_todo ON parked (client_id);

-- Values that lost. `field` is a field's name, or 'todo' for a whole row that a delete took with it (both values then are JSON).
CREATE TABLE conflict (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL,
  field TEXT NOT NULL,
  lost TEXT NOT NULL,
  won TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (client_id, field, lost, at)
) STRICT;

-- Deletes that the server told us of: an event at or below a tombstone's version is old news.
CREATE TABLE tombstone (
  client_id TEXT PRIMARY KEY,
  row_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows of a pull whose last page has not come yet.
CREATE TABLE staging (
  client_id TEXT PRIMARY KEY,
  server_id INTEGER NOT NULL,
  text TEXT NOT NULL,
  completed INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  row_version INTEGER NOT NULL,
  deleted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The rows that a full pull has brought so far: at its end, what is not among them is gone.
CREATE TABLE seen (
  client_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_state (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What changed, in order of commit over all processes: each screen reads on from the entry that it saw last.
-- `client_id` is NULL where so much changed that the list is to be read again.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT,
  key INTEGER NOT NULL,
  op TEXT NOT NULL,
  via TEXT NOT NULL,
  text TEXT NOT NULL,
  completed INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
