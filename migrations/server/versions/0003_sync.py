"""Sync: keys and versions on todo, tombstones, mutations, push and pull.

The order is for a table that is full and in use: constants first, then the keys of old rows in batches (before the triggers exist, whose pin
would keep them NULL), the proof that all have one, indexes without a lock, and the triggers last.
"""

from devots_desktop.remote.postgres.steps import steps

revision = "0003"
down_revision = "0002"

# A client without our migrations derives the same key, so a switch from plain to managed keeps it.
_BACKFILL = """
with batch as (
  select id from public.todo where id > %(after)s and client_id is null order by id limit 10000 for update
), done as (
  update public.todo t set client_id = md5('todo:' || t.id)::uuid from batch where t.id = batch.id
)
select max(id) from batch
"""


def upgrade() -> None:
    with steps() as run:
        run.script("0003_columns")
        run.batches("0003_backfill", _BACKFILL)
        for name in ("0003_present_not_valid", "0003_present_validate", "0003_not_null"):
            run.script(name)
        run.index("todo_client", "create unique index concurrently todo_client on public.todo(user_id, client_id)")
        run.index("todo_version", "create index concurrently todo_version on public.todo(user_id, row_version, client_id)")
        run.script("0003_tables")
        if run.flavour == "portal":
            run.script("0003_tables_portal")
        for name in ("0003_epoch", "0003_stamp", "0003_push", "0003_pull", "0003_owner", "0003_publication"):
            run.script(name)


def downgrade() -> None:
    with steps() as run:
        run.script("0003_down")
