"""Sync: keys and versions on todo, tombstones, mutations, push and pull.

The triggers come last: they would pin the keys that old rows do not have yet.
"""

from devots_desktop.remote.postgres.steps import keys_and_indexes, steps, steps_back

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with steps() as run:
        keys_and_indexes(run)
        run.script("0003_tables")
        if run.flavour == "portal":
            run.script("0003_tables_portal")
        for name in ("0003_epoch", "0003_stamp", "0003_push", "0003_pull", "0003_owner", "0003_publication"):
            run.script(name)


def downgrade() -> None:
    with steps_back() as run:
        run.script("0003_down")
