"""A portal's database is taken over, or every difference from a portal's is told: those that block apart from those that do no harm."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.errors import AccountUnusable, FileUnusable
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.owner import baseline
from devots_desktop.remote.postgres.schema import HEAD
from devots_desktop.remote.postgres.steps import UnknownTables
from tests.contract.catalogue import SHAPE, catalogue
from tests.contract.test_migrations import PORTAL, fill
from tests.e2e.devots import Devots
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.postgres import SUPERUSER, Database

PUBLIC = "'public'::regnamespace"
BLOCKING = {
    "a column gone": ("alter table account drop column password", "account.password is missing, not text"),
    "a column of another type": ("alter table todo alter id type bigint", "todo.id is bigint not null, not integer not null"),
    "a column that may be empty": ("alter table todo alter user_id drop not null", "todo.user_id is text, not text not null"),
    "a column that may not be empty": ('alter table "user" alter image set not null', '"user".image'),
    "times with a zone": (
        "alter table session alter expires_at type timestamptz",
        "session.expires_at is timestamp with time zone not null",
    ),
    "a constraint gone": (
        "alter table session drop constraint session_token_unique",
        "session.session_token_unique is missing, not UNIQUE (token)",
    ),
    "a cascade gone": (
        'alter table todo drop constraint todo_user_id_user_id_fk, add constraint todo_user_id_user_id_fk foreign key (user_id) references "user"(id)',
        "todo.todo_user_id_user_id_fk is FOREIGN KEY",
    ),
    "a table gone": ("drop table verification", "table verification is missing"),
    "a view for a table": ("alter table todo rename to todos; create view todo as select * from todos", "todo is no table"),
    "a default gone": ("alter table todo alter completed drop default", "todo.completed has no default"),
    "a serial gone": ("alter table todo alter id drop default", "todo.id has no default"),
    "a column more that must be filled": (
        "alter table todo add priority integer not null",
        "todo.priority (integer not null) has no default",
    ),
    "such a one of a person": ('alter table "user" add nick text not null', "user.nick (text not null) has no default"),
}
HARMLESS = {
    "a plugin's column": ('alter table "user" add two_factor_enabled boolean', "user.two_factor_enabled (boolean) is more"),
    "a column with a default": ("alter table todo add priority integer not null default 0", "todo.priority (integer not null) is more"),
    "a constraint more": (
        "alter table todo add constraint short check (length(text) < 9)",
        "todo.short (CHECK ((length(text) < 9))) is more",
    ),
    "a constraint of another name": (
        "alter table session rename constraint session_token_unique to session_token_key",
        "session.session_token_unique is missing, not UNIQUE (token), which stands under another name",
    ),
    "an index gone": ('drop index "account_userId_idx"', "index account_userId_idx on account (user_id) is missing"),
}


@pytest.fixture
def portal(servers: Servers) -> Iterator[Database]:
    """A portal's database with a few rows, on one version."""
    server = servers.server(VERSIONS[-1])
    made = server.create_database()
    with made.connect() as owner:
        owner.execute(PORTAL)
    yield made
    server.drop_database(made)


def shape(database: Database) -> list[str]:
    with database.connect() as owner:
        return catalogue(owner, *SHAPE, schemas=PUBLIC)


def test_it_is_noted_and_nothing_else_is_changed(portal: Database) -> None:
    with portal.connect() as owner:
        fill(owner, 20)
        rows = owner.execute("select * from todo order by id").fetchall()
    before = shape(portal)
    result = migrate.adopt(portal.url())
    assert (result.before, result.blocking, result.harmless) == (None, (), ())
    status = migrate.status(portal.url())
    assert (status.revision, status.state, status.baseline) == (migrate.BASELINE, "older", "portal")
    assert shape(portal) == before
    with portal.connect() as owner:
        assert owner.execute("select * from todo order by id").fetchall() == rows
    assert migrate.adopt(portal.url()).before == migrate.BASELINE
    assert migrate.upgrade(portal.url()).before == migrate.BASELINE
    assert migrate.status(portal.url()).baseline == "portal"


@pytest.mark.parametrize(("change", "difference"), BLOCKING.values(), ids=BLOCKING)
def test_what_blocks_is_told_and_nothing_is_changed(portal: Database, change: str, difference: str) -> None:
    with portal.connect() as owner:
        owner.execute(change)
    before = shape(portal)
    result = migrate.adopt(portal.url())
    assert any(difference.replace('"', "") in each for each in result.blocking), result.blocking
    assert shape(portal) == before
    status = migrate.status(portal.url())
    assert (status.state, status.baseline, status.blocking) == ("not migrated", "differs", result.blocking)
    with pytest.raises(UnknownTables):
        migrate.upgrade(portal.url())


@pytest.mark.parametrize(("change", "difference"), HARMLESS.values(), ids=HARMLESS)
def test_what_does_no_harm_is_told_apart(portal: Database, change: str, difference: str) -> None:
    with portal.connect() as owner:
        owner.execute(change)
    result = migrate.adopt(portal.url())
    assert result.blocking == ()
    assert any(difference in each for each in result.harmless), result.harmless
    assert migrate.upgrade(portal.url()).after == HEAD
    assert all(not each.harms for each in migrate.drifted(portal.url()))


def test_where_there_is_no_portal_there_is_nothing_to_adopt(portal: Database) -> None:
    with portal.connect() as owner:
        owner.execute('drop table todo, session, account, verification, "user"')
    with pytest.raises(AccountUnusable, match="no tables of a portal"):
        migrate.adopt(portal.url())
    assert migrate.status(portal.url()).baseline == "none"


def test_another_login_than_the_owners_is_refused(portal: Database) -> None:
    with pytest.raises(AccountUnusable, match="belong to portal"):
        migrate.adopt(portal.url(SUPERUSER))


def test_the_baseline_is_what_the_portals_tables_are(portal: Database) -> None:
    """Both were written apart."""
    with portal.connect() as owner:
        lines = catalogue(owner, "column", "constraint", schemas=PUBLIC)
        indexes = owner.execute("select indexname from pg_indexes where schemaname = 'public' and indexname like '%idx'").fetchall()
    told = {(table, name) for table, shape in baseline.expected("portal").items() for name in shape}
    there = {tuple(line.partition(" ")[2].replace('"', "").split(" ")[0].split(".")) for line in lines if line.startswith("column")}
    there |= {
        tuple(line.partition(" ")[2].replace('"', "").split(" ")[:2])
        for line in lines
        if line.startswith("constraint") and "NOT NULL" not in line
    }
    assert told == there
    assert sorted(baseline.INDEXES) == sorted(name for (name,) in indexes)


def test_a_downgrade_takes_along_the_indexes_that_were_made(portal: Database) -> None:
    with portal.connect() as owner:
        owner.execute('drop index "account_userId_idx"')
    before = shape(portal)
    migrate.upgrade(portal.url())
    assert any("account_userId_idx" in line for line in shape(portal))
    migrate.downgrade(portal.url())
    assert shape(portal) == before
    with portal.connect() as owner:
        assert owner.execute("select to_regnamespace('devots')").fetchone() == (None,)


class TestHalfWay:
    def test_keys_that_are_not_all_there_are_counted(self, portal: Database) -> None:
        with portal.connect() as owner:
            fill(owner, 20)
        migrate.upgrade(portal.url())
        migrate.downgrade(portal.url(), "0002")
        assert migrate.status(portal.url()).trouble == ()
        with portal.connect() as owner:
            owner.execute("alter table todo add row_version bigint not null default 0, add client_id uuid")
        (trouble,) = migrate.status(portal.url()).trouble
        assert trouble == (
            "A migration has stopped midway: 20 todos have no key yet. Run `devots db upgrade` again; it goes on where it stopped."
        )
        migrate.upgrade(portal.url())
        assert migrate.status(portal.url()).trouble == ()

    @pytest.mark.parametrize(
        "left", ["", "create table devots.setting(name text, value text)", "create table devots.alembic_version(version_num text)"]
    )
    def test_a_schema_without_a_revision(self, portal: Database, left: str) -> None:
        with portal.connect() as owner:
            owner.execute(f"create schema devots; {left}")
        (trouble,) = migrate.status(portal.url()).trouble
        assert trouble.startswith("A migration has stopped midway: its schema is there")

    def test_somebody_elses_things_in_a_schema_of_our_name_are_no_migration(self, portal: Database) -> None:
        with portal.connect() as owner:
            owner.execute("create schema devots; create table devots.theirs()")
        assert migrate.status(portal.url()).trouble == ()


class TestJournal:
    def journal(self, folder: Path, *entries: tuple[str, int, str]) -> None:
        (folder / "meta").mkdir(exist_ok=True)
        listed = [{"idx": n, "version": "7", "when": when, "tag": tag, "breakpoints": True} for n, (tag, when, _) in enumerate(entries)]
        (folder / "meta" / "_journal.json").write_text(json.dumps({"version": "7", "dialect": "postgresql", "entries": listed}))
        for tag, _, sql in entries:
            (folder / f"{tag}.sql").write_text(sql)

    def applied(self, portal: Database, *rows: tuple[str, int]) -> None:
        with portal.connect() as owner:
            owner.execute("create schema drizzle")
            owner.execute("create table drizzle.__drizzle_migrations(id serial primary key, hash text not null, created_at bigint)")
            for sql, when in rows:
                sha = hashlib.sha256(sql.encode()).hexdigest()
                owner.execute("insert into drizzle.__drizzle_migrations(hash, created_at) values (%s, %s)", [sha, when])

    def test_entries_that_drizzle_would_pass_over_are_named(self, portal: Database, tmp_path: Path) -> None:
        self.applied(portal, ("create a", 1_000), ("create c", 3_000))
        self.journal(
            tmp_path, ("0000_a", 1_000, "create a"), ("0001_late", 2_000, "b"), ("0001_c", 3_000, "edited"), ("0002_new", 4_000, "d")
        )
        found = migrate.status(portal.url(), migrations=tmp_path).drizzle
        assert found is not None
        assert (found.applied, found.newest) == (2, "1970-01-01T00:00:03Z")
        assert (found.waiting, found.skipped, found.edited) == (("0002_new",), ("0001_late",), ("0001_c",))

    def test_without_a_folder_the_database_alone_is_told_of(self, portal: Database) -> None:
        assert migrate.status(portal.url()).drizzle is None
        self.applied(portal, ("create a", 1_700_000_000_000))
        found = migrate.status(portal.url()).drizzle
        assert found is not None
        assert (found.applied, found.newest, found.waiting) == (1, "2023-11-14T22:13:20Z", ())

    @pytest.mark.parametrize("content", [None, "{", '{"entries": [{"tag": "0000_a"}]}', '{"entries": 3}', "[]"])
    def test_a_folder_without_a_journal_is_refused(self, portal: Database, tmp_path: Path, content: str | None) -> None:
        if content is not None:
            (tmp_path / "meta").mkdir()
            (tmp_path / "meta" / "_journal.json").write_text(content)
        with pytest.raises(FileUnusable):
            migrate.status(portal.url(), migrations=tmp_path)


def test_the_commands_tell_it(portal: Database, tmp_path: Path) -> None:
    devots = Devots(tmp_path / "profile")
    environ = {"DATABASE_URL": portal.url()}
    with portal.connect() as owner:
        owner.execute('alter table todo add priority integer not null; drop index "account_userId_idx"')
    answer = devots("db", "adopt", environ=environ, code=1, said=False).out.splitlines()
    assert answer[0] == "Not adopted; nothing was changed."
    assert answer[1].startswith("Differs   todo.priority")
    assert answer[2].startswith("Note      index account_userId_idx")
    said = devots("db", "status", environ=environ).out.splitlines()
    assert "Baseline  not a portal's tables: see below" in said
    assert "Drizzle   no journal of migrations (drizzle-kit push keeps none)" in said
    assert answer[1] in said
