-- A checksum for every row whose damage would be shown, sent, or hide what the server sends (store/checksum.py). `outbox` has one from the start.

ALTER TABLE todo ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE todo SET checksum = row_checksum(client_id, server_id, text, completed, created_at, updated_at, row_version, state);

ALTER TABLE base ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE base SET checksum = row_checksum(client_id, server_id, text, completed, created_at, updated_at, row_version);

ALTER TABLE tombstone ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE tombstone SET checksum = row_checksum(client_id, row_version);

-- The same as the outbox entry had, over the same columns.
ALTER TABLE parked ADD COLUMN checksum TEXT NOT NULL DEFAULT '';
UPDATE parked SET checksum = mutation_checksum(mutation_id, client_id, kind, payload, made_at);

INSERT INTO sync_state SELECT 'checksum', row_checksum(
  (SELECT value FROM sync_state WHERE name = 'since'), (SELECT value FROM sync_state WHERE name = 'epoch'),
  (SELECT value FROM sync_state WHERE name = 'horizon'), (SELECT value FROM sync_state WHERE name = 'after_version'),
  (SELECT value FROM sync_state WHERE name = 'after_key'))
  WHERE EXISTS (SELECT 1 FROM sync_state WHERE name = 'epoch');

ALTER TABLE undo_entry ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE undo_entry SET checksum = row_checksum(client_id, before, after);
