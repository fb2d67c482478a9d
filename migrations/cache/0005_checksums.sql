-- A checksum for every row, over all that is read of it (store/checksum.py says what that is). What did not fit before does not fit after it either.

ALTER TABLE journal ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE journal SET checksum = row_checksum(client_id, key, op, via, text, completed, at);

ALTER TABLE conflict ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE conflict SET checksum = row_checksum(client_id, field, lost, won, at);

ALTER TABLE staging ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE staging SET checksum = row_checksum(client_id, server_id, text, completed, created_at, updated_at, row_version, deleted);

ALTER TABLE seen ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE seen SET checksum = row_checksum(client_id);

ALTER TABLE missing ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE missing SET checksum = row_checksum(client_id, at, settled);

-- Single numbers have theirs behind them (store/numbers.py).
UPDATE sync_state SET value = value || ' ' || row_checksum(name, value) WHERE name IN ('contact', 'created_at');

-- An entry that counts as not sent would be changed although the server may have it.
UPDATE outbox SET checksum = mutation_checksum(mutation_id, client_id, kind, payload, made_at, sent)
  WHERE checksum = mutation_checksum(mutation_id, client_id, kind, payload, made_at);

UPDATE parked SET checksum = mutation_checksum(mutation_id, client_id, kind, payload, made_at, reason, parked_at)
  WHERE checksum = mutation_checksum(mutation_id, client_id, kind, payload, made_at);

-- With the step that an entry belongs to: it has none of its own.
UPDATE undo_entry SET checksum = row_checksum(undo.step, action, count, at, undone, place, client_id, before, after) FROM undo
  WHERE undo.step = undo_entry.step AND checksum = row_checksum(client_id, before, after);
