"""What Drizzle's migrator leaves in a portal's database, as portal-contract.md, section 1, says."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.servers import node, portal
from tests.servers.fixtures import Servers
from tests.servers.portal import Profile, migrate
from tests.servers.postgres import Database, PostgresServer

_FOLDER = Path(portal.__file__).parent
_COLUMNS = """
    select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
    where table_schema = 'public' order by table_name, ordinal_position"""
_CONSTRAINTS = """
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2"""
_INDEXES = "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2"
_PLUGINS = {"device_code", "jwks", "two_factor"}


@pytest.fixture
def migrated(servers: Servers, database: Database) -> Database:
    """A seed portal's database, on each version of PostgreSQL."""
    migrate(servers.portal_host(), database, "seed")
    return database


def schema(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.connect() as owner:
        return {statement: owner.execute(statement).fetchall() for statement in (_COLUMNS, _CONSTRAINTS, _INDEXES)}


def journal(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as owner:
        return owner.execute("select hash, created_at from drizzle.__drizzle_migrations order by id").fetchall()


def entries(profile: Profile) -> list[tuple[str, int]]:
    """Hash and time of each migration, by its file and by the journal beside it."""
    folder = _FOLDER / "migrations" / profile
    listed = json.loads((folder / "meta" / "_journal.json").read_text(encoding="utf-8"))["entries"]
    return [(hashlib.sha256((folder / f"{each['tag']}.sql").read_bytes()).hexdigest(), each["when"]) for each in listed]


def test_the_tables_made_by_hand_in_other_tests_are_those_that_drizzle_makes(migrated: Database, postgres: PostgresServer) -> None:
    by_hand = postgres.create_database()
    with by_hand.connect() as owner:
        owner.execute((_FOLDER.parent / "portal.sql").read_bytes())
    assert schema(by_hand) == schema(migrated)
    postgres.drop_database(by_hand)


def test_the_journal_has_hash_and_time_of_each_migration(migrated: Database) -> None:
    assert journal(migrated) == entries("seed")


def test_a_portal_that_added_the_plugins_has_the_same_baseline(servers: Servers, migrated: Database) -> None:
    migrate(servers.portal_host(), migrated, "desktop")
    assert entries("desktop")[0][0] == entries("seed")[0][0]
    assert len(journal(migrated)) == len(entries("desktop")) == 2
    with migrated.connect() as owner:
        tables = {name for (name,) in owner.execute("select tablename from pg_tables where schemaname = 'public'")}
    assert tables == {"user", "session", "account", "verification", "todo", *_PLUGINS}


def test_migrating_again_does_nothing(servers: Servers, migrated: Database) -> None:
    before = schema(migrated), journal(migrated)
    migrate(servers.portal_host(), migrated, "seed")
    assert (schema(migrated), journal(migrated)) == before


def test_a_migration_with_an_older_time_than_the_newest_is_skipped_silently(servers: Servers, migrated: Database) -> None:
    with migrated.connect() as owner:
        owner.execute("insert into drizzle.__drizzle_migrations(hash, created_at) values ('another', 9999999999999)")
    migrate(servers.portal_host(), migrated, "desktop")
    with migrated.connect() as owner, pytest.raises(psycopg.errors.UndefinedTable):
        owner.execute("select from jwks")


def test_the_guides_way_to_preview_is_no_command_any_more() -> None:
    found = []
    for arguments in (["generate:pg"], ["push:pg", "--dry-run"]):
        done = subprocess.run(
            [*node.package_command(_FOLDER, "drizzle-kit/bin.cjs"), *arguments], capture_output=True, text=True, timeout=50, check=False
        )
        found.append(done.stdout + done.stderr)
    assert "This command is deprecated, please use updated 'generate'" in found[0]
    assert "Unrecognized options for command 'push:pg': --dry-run" in found[1]
