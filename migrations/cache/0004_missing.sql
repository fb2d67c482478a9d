-- Todos that are shown and that the server's complete list did not bring, where they are too many to be taken off without asking (sync.md, promise 7).
-- `settled`: the user has decided to leave them as they are.
CREATE TABLE missing (
  client_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1))
) STRICT, WITHOUT ROWID;
