"""The copy before a change: it can be restored, nobody else reads it, and no password stands where others see it."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.errors import AccountUnusable, DevotsError, FileUnusable
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.owner import backup
from devots_desktop.services import database as owners
from tests.contract.test_migrations import PORTAL, fill
from tests.e2e.devots import Devots
from tests.outcomes import not_run
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.postgres import Database, binaries

NEWEST = VERSIONS[-1]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The newest version's programs, and on the PATH before others."""
    found = binaries(NEWEST)
    if found is None:
        not_run(f"PostgreSQL {NEWEST} is not installed")
    monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")
    return found


@pytest.fixture
def portal(servers: Servers) -> Iterator[Database]:
    server = servers.server(NEWEST)
    made = server.create_database()
    with made.connect() as owner:
        owner.execute(PORTAL)
        fill(owner, 20)
    yield made
    server.drop_database(made)


def restored(programs: Path, file: Path, database: Database) -> None:
    with database.connect() as owner:
        owner.execute("drop schema public")
    done = subprocess.run([programs / "pg_restore", "--dbname", database.url(), file], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


def test_what_was_there_before_an_upgrade_can_be_restored(programs: Path, portal: Database, tmp_path: Path) -> None:
    said: list[str] = []
    owners.upgrade(portal.url(), backups=tmp_path / "new" / "folder", report=said.append)
    (file,) = (tmp_path / "new" / "folder").iterdir()
    assert said[:2] == ["backup", f"backup is {file}"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, file.parent)] == [0o600, 0o700]
    other = portal.server.create_database()
    restored(programs, file, other)
    assert migrate.status(other.url()).state == "not migrated"
    with other.connect() as owner, portal.connect() as same:
        query = "select id, text, completed, user_id, created_at, updated_at from todo order by id"
        assert owner.execute(query).fetchall() == same.execute(query).fetchall() != []
    portal.server.drop_database(other)


def test_a_downgrade_makes_one_too_and_what_changes_nothing_makes_none(programs: Path, portal: Database, tmp_path: Path) -> None:
    owners.upgrade(portal.url(), backups=None)
    owners.upgrade(portal.url(), backups=tmp_path / "a")
    owners.downgrade(portal.url(), "0006", backups=tmp_path / "a")
    assert not (tmp_path / "a").exists()
    owners.downgrade(portal.url(), backups=tmp_path / "a")
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_an_empty_database_needs_none(servers: Servers, tmp_path: Path) -> None:
    server = servers.server(NEWEST)
    empty = server.create_database()
    owners.upgrade(empty.url(), backups=tmp_path / "a")
    assert not (tmp_path / "a").exists()
    server.drop_database(empty)


def test_without_a_pg_dump_that_is_new_enough_nothing_is_changed(portal: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(backup, "_DEBIANS", tmp_path)
    with pytest.raises(AccountUnusable, match="no pg_dump here"):
        owners.upgrade(portal.url(), backups=tmp_path / "a")
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    (tmp_path / "pg_dump").chmod(0o755)
    with pytest.raises(AccountUnusable, match=rf"of version 9, and the server of {NEWEST}.*--no-backup"):
        owners.upgrade(portal.url(), backups=tmp_path / "a")
    assert migrate.status(portal.url()).state == "not migrated"


def test_the_newest_of_several_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for folder, version in (("", 15), ("17/bin", 17), ("16/bin", 16)):
        program = tmp_path / folder / "pg_dump"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.1 (Debian)'\n")
        program.chmod(0o755)
    monkeypatch.setattr(backup, "_DEBIANS", tmp_path)
    assert backup._program(16) == tmp_path / "17" / "bin" / "pg_dump"


def spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> Path:
    """A pg_dump that writes down how it was called and ends so; the file that it writes."""
    seen = tmp_path / "seen"
    program = tmp_path / "pg_dump"
    version = "if [ \"$1\" = --version ]; then echo 'pg_dump (PostgreSQL) 99.1'; exit 0; fi"
    program.write_text(f'#!/bin/sh\n{version}\necho "$@" > {seen}\nenv | grep ^PG >> {seen}\necho half of it\n{end}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return seen


def test_the_password_stands_in_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spy(tmp_path, monkeypatch, "exit 0")
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    url = "postgresql+asyncpg://o:s%40cret@127.0.0.1:5433/todos?sslmode=require"
    backup.save(url, tmp_path / "a", server=18, connect_args={"sslrootcert": "/ca.pem"})
    arguments, *variables = seen.read_text().splitlines()
    assert "cret" not in arguments
    assert "todos" not in arguments
    wanted = {
        "PGHOST=127.0.0.1",
        "PGPORT=5433",
        "PGDATABASE=todos",
        "PGUSER=o",
        "PGPASSWORD=s@cret",
        "PGSSLMODE=require",
        "PGSSLROOTCERT=/ca.pem",
    }
    assert set(variables) == wanted


def test_of_a_copy_that_failed_nothing_is_left_and_nothing_is_changed(
    portal: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy(tmp_path, monkeypatch, "echo 'row: buy milk' >&2; exit 1")
    with pytest.raises(DevotsError, match="pg_dump could not copy") as caught:
        owners.upgrade(portal.url(), backups=tmp_path / "a")
    assert "milk" not in str(caught.value)
    assert list((tmp_path / "a").iterdir()) == []
    assert migrate.status(portal.url()).state == "not migrated"


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy(tmp_path, monkeypatch, "exit 0")
    (tmp_path / "file").touch()
    with pytest.raises(FileUnusable):
        backup.save("postgresql://o@127.0.0.1/todos", tmp_path / "file", server=18)


def test_the_command_makes_it_in_the_profile(programs: Path, portal: Database, tmp_path: Path) -> None:
    devots = Devots(tmp_path / "profile")
    answer = devots("db", "upgrade", environ={"DATABASE_URL": portal.url()})
    (file,) = (tmp_path / "profile" / "database-backups").iterdir()
    assert f"backup is {file}" in answer.err
    assert "Upgraded: from nothing" in answer.out
