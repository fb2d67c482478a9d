"""The baseline: adopt a Devots Portal's tables, or make them where there are none.

Two flavours: `portal` has the four tables of Better Auth and todo.user_id references "user"; `supabase` has todo alone, since a subject of
Supabase Auth has no row in "user". A database that has our names in another shape is refused before anything is changed.
"""

from collections.abc import Sequence

from sqlalchemy import text

from devots_desktop.remote.postgres.owner.baseline import INDEXES, differences, expected, missing_indexes, tables_found
from devots_desktop.remote.postgres.steps import Steps, UnknownTables, steps, steps_back

revision = "0001"
down_revision = None


def upgrade() -> None:
    with steps() as run:
        found = tables_found(run.connection)
        told = [each.sentence for each in differences(run.connection, run.flavour) if each.blocks]
        if told:
            raise UnknownTables(told)
        indexes = missing_indexes(run.connection) if run.flavour == "portal" else []
        with run.one_transaction("the tables of a portal" if run.flavour == "portal" else "the table of todos"):
            _make_what_is_absent(run, found, indexes)
        for name in indexes:
            run.index(name, INDEXES[name])
        run.script("0001_revision")


def downgrade() -> None:
    """Drops only what we made, and tables only where they are empty: a downgrade never destroys a todo or a person."""
    with steps_back() as run:
        made = (run.setting("made") or "").split(",")
        with run.one_transaction("the baseline"):
            run.run("drop function if exists devots.revision()")
            for index in INDEXES:
                if f"index {index}" in made:
                    run.run(f'drop index if exists public."{index}"')
            for table in ("todo", "account", "session", "verification", "user"):
                if table in made and _is_empty(run, table):
                    run.run(f'drop table public."{table}"')
            run.run("drop table devots.setting")


def _make_what_is_absent(run: Steps, found: Sequence[str], indexes: Sequence[str]) -> None:
    absent = [table for table in expected(run.flavour) if table not in found]
    # Of an older portal the indexes that it lacks are noted too: a downgrade takes them along.
    made = absent + ([f"index {name}" for name in indexes] if "user" in found else [])
    run.execute("0001_setting", made=",".join(made))
    if run.flavour == "portal" and "user" not in found:
        run.execute("0001_portal")
    if "todo" not in found:
        run.execute("0001_todo")
        if run.flavour == "portal":
            run.execute("0001_todo_of_user")


def _is_empty(run: Steps, table: str) -> bool:
    exists = run.connection.execute(text("select to_regclass(:name) is not null"), {"name": f'public."{table}"'}).scalar_one()
    return bool(exists) and not run.connection.exec_driver_sql(f'select exists (select from public."{table}")').scalar_one()  # noqa: S608 - our own names
