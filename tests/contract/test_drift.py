"""What others have changed in a migrated database is named with the command that mends it, and mended by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.errors import NotMigrated
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.rights import REPAIR
from tests.e2e.devots import Devots
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.managed import Managed

PUSHED = """
  drop policy todo_web on todo; drop policy todo_desktop on todo; alter table todo disable row level security;
  alter table session disable row level security; alter table "user" disable row level security"""
"""What `drizzle-kit push` does with a schema that knows nothing of policies."""
COLUMNS = {
    "a column gone": ("alter table todo drop column client_id cascade", "public.todo.client_id is missing, not uuid not null."),
    "a column that may be empty": (
        "alter table todo alter row_version drop not null",
        "public.todo.row_version is bigint, not bigint not null.",
    ),
    "a default gone": ("alter table todo alter user_id drop default", "public.todo.user_id has another default than the person who asks."),
    "a key without an index": ("drop index todo_client", "The index todo_client on public.todo, which begins with user_id, is missing."),
    "a table gone": ("drop table todo_mutation", "The table public.todo_mutation is missing."),
}


@pytest.fixture
def migrated(servers: Servers) -> Iterator[Managed]:
    """A migrated database with a todo, on one version."""
    made = servers.managed(VERSIONS[-1], "portal")
    ada = made.add_person("ada")
    with made.owner() as owner:
        owner.execute("insert into todo(text, user_id) values ('milk', %s)", [ada.user_id])
    yield made
    made.database.server.drop_database(made.database)


def test_nothing_drifts_by_itself(migrated: Managed) -> None:
    assert migrate.drifted(migrated.database.url()) == []


def test_dropped_policies_and_switched_off_row_level_security_are_named_and_mended(migrated: Managed) -> None:
    with migrated.owner() as owner:
        owner.execute(PUSHED)
    found = {each.sentence: each.mend for each in migrate.drifted(migrated.database.url())}
    assert found == {
        "Row-level security is off on public.todo.": "alter table public.todo enable row level security;",
        "Row-level security is off on public.session.": "alter table public.session enable row level security;",
        "Row-level security is off on public.user.": 'alter table public."user" enable row level security;',
        "The policy todo_desktop on public.todo is missing.": REPAIR,
        "The policy todo_web on public.todo is missing.": REPAIR,
    }
    assert migrate.repair(migrated.database.url()) == ()
    assert migrate.drifted(migrated.database.url()) == []


@pytest.mark.parametrize(("change", "sentence"), COLUMNS.values(), ids=COLUMNS)
def test_columns_and_tables_are_compared_and_made_again(migrated: Managed, change: str, sentence: str) -> None:
    with migrated.owner() as owner:
        owner.execute(change)
    found = migrate.drifted(migrated.database.url())
    assert (sentence, True) in {(each.sentence, each.harms) for each in found}
    with migrated.owner() as owner:
        for line in {each.mend for each in found} - {REPAIR}:
            owner.execute(line.encode())
    assert migrate.repair(migrated.database.url()) == ()
    assert migrate.drifted(migrated.database.url()) == []
    with migrated.owner() as owner:
        assert owner.execute("select text, client_id is not null from todo").fetchall() == [("milk", True)]


def test_what_others_have_added_is_a_note(migrated: Managed) -> None:
    with migrated.owner() as owner:
        owner.execute("alter table todo add colour text")
    (note,) = migrate.drifted(migrated.database.url())
    assert (note.sentence, note.harms) == ("todo.colour (text) is more than a portal has.", False)
    assert migrate.status(migrated.database.url()).trouble == ()


def test_an_older_database_is_to_be_upgraded_first(migrated: Managed) -> None:
    migrate.downgrade(migrated.database.url(), "0005")
    with pytest.raises(NotMigrated):
        migrate.drifted(migrated.database.url())


def test_the_command_ends_with_one_where_it_does_harm(migrated: Managed, tmp_path: Path) -> None:
    devots, environ = Devots(tmp_path / "profile"), {"DATABASE_URL": migrated.database.url()}
    assert devots("db", "drift", environ=environ).out.startswith("Nothing has drifted")
    with migrated.owner() as owner:
        owner.execute("alter table todo disable row level security")
    lines = devots("db", "drift", environ=environ, code=1, said=False).out.splitlines()
    assert lines == [
        "Drift     Row-level security is off on public.todo.",
        "          Mend it with: alter table public.todo enable row level security;",
    ]
