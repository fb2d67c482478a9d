"""The offline cache: one SQLite file per account, with outbox, cursor and journal. Stdlib sqlite3, so that the first window paints at once.

One thread owns a Cache. Several processes may have the same file open: SQLite's own locks order their writes.
"""
