-- What a full pull has brought is told by its rows' versions: it begins with none of them known.

-- One that an older version of the program had begun begins anew.
UPDATE todo SET row_version = -1, checksum = row_checksum(client_id, server_id, text, completed, created_at, updated_at, -1, state)
  WHERE EXISTS (SELECT 1 FROM seen)
  AND checksum = row_checksum(client_id, server_id, text, completed, created_at, updated_at, row_version, state);
DELETE FROM sync_state WHERE name IN ('epoch', 'horizon', 'after_version', 'after_key', 'checksum') AND EXISTS (SELECT 1 FROM seen);

DROP TABLE seen;
