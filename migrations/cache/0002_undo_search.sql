-- What the user did, for undo and redo (store/history.py). Of the steps, the newest that is not `undone` is undone next, and the oldest that is, redone.
CREATE TABLE undo (
  step INTEGER PRIMARY KEY AUTOINCREMENT,
  action TEXT NOT NULL CHECK (action IN ('add', 'edit', 'done', 'reopen', 'delete')),
  count INTEGER NOT NULL,
  at INTEGER NOT NULL,
  undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT;

-- Each todo of a step as it was before and after it: JSON {"text": …, "completed": …, "created_at": …}, NULL where it was not there.
CREATE TABLE undo_entry (
  step INTEGER NOT NULL REFERENCES undo (step) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  before TEXT,
  after TEXT,
  PRIMARY KEY (step, place)
) STRICT, WITHOUT ROWID;

-- The text as search and alphabetical order compare it (domain/search.py). NULL: not folded yet (store/search.py does it, a slice at a time). Who writes a
-- text need not know of it, and what is folded is never of an older text.
ALTER TABLE todo ADD COLUMN folded TEXT;
CREATE INDEX todo_unfolded ON todo (key) WHERE folded IS NULL;
CREATE INDEX todo_alphabetical ON todo (substr(folded, 1, 64), key DESC, completed) WHERE folded IS NOT NULL;

-- Texts that are in the index (store/search.py makes it, where SQLite can) and gone or changed since.
CREATE TABLE unindexed (
  key INTEGER PRIMARY KEY,
  folded TEXT NOT NULL
) STRICT;
CREATE TRIGGER todo_unfold AFTER UPDATE OF text ON todo WHEN new.text IS NOT old.text AND old.folded IS NOT NULL BEGIN
  INSERT OR REPLACE INTO unindexed VALUES (old.key, old.folded);
  UPDATE todo SET folded = NULL WHERE key = new.key;
END;
CREATE TRIGGER todo_gone AFTER DELETE ON todo WHEN old.folded IS NOT NULL BEGIN
  INSERT OR REPLACE INTO unindexed VALUES (old.key, old.folded);
END;
