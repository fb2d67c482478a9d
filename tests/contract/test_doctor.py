"""The doctor on an account of a real PostgreSQL: what it finds, what it repairs, and what it never tells."""

import asyncio
import signal
import sqlite3
import stat
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from devots_desktop.domain.account import SecretStore
from devots_desktop.domain.finding import Level, worst
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.rights import REPAIR
from devots_desktop.services.account import now
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.store import missing
from devots_desktop.store.cache import Cache
from devots_desktop.store.profile import Profile
from devots_desktop.store.sync_lock import SyncLock
from tests.contract.patient import Patient
from tests.servers.fixtures import Servers
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import SUPERUSER, PostgresServer

PASSWORD, EMAIL, NAME, TEXT = "correct horse", "ada@example.org", "Ada's own account", "milk and honey"
ALL = ["folder", "disk space", "list", "sync lock", "outbox", "keyring", "server", "session", "clock"]
ALL += ["row-level security", "functions and rights", "list against server"]


@dataclass
class PostgresPatient(Patient):
    """An account of a database with three todos, in step with it."""

    managed: Managed


@pytest.fixture
def postgres(servers: Servers) -> PostgresServer:
    """One version is enough: where they could differ, tests/contract/test_deviations.py looks at both."""
    return servers.server(18)


@pytest.fixture
def patient(tmp_path: Path, managed: Managed) -> PostgresPatient:
    profile = Profile(tmp_path / "profile")
    accounts = Accounts(profile)
    form = PostgresForm.from_url(
        managed.database.url(DESKTOP), email=EMAIL, password=PASSWORD, secrets=SecretStore.FILE, sign_up=True, name=NAME
    )
    made = PostgresPatient(profile, accounts, asyncio.run(accounts.add_postgres(form)), managed)
    made.using(lambda opened: opened.todos.add_lines(f"{TEXT}\neggs\nbread"))
    made.sync()
    return made


def test_all_is_well(patient: PostgresPatient) -> None:
    found = asyncio.run(patient.doctor().examine())
    assert [(each.check, each.level) for each in found] == [(check, Level.OK) for check in ALL]
    assert found[-1].sentence == "What is here is what the server has (3 todos)."


def test_this_computers_list_has_no_server_to_be_compared_with(tmp_path: Path) -> None:
    accounts = Accounts(Profile(tmp_path / "profile"))
    found = asyncio.run(accounts.doctor(accounts.current()).examine())
    assert [(each.check, each.level) for each in found] == [(check, Level.OK) for check in ALL[:3]]


class TestTheListAgainstTheServer:
    def test_differing_todos_are_named_by_id_and_repaired_while_what_waits_stays(self, patient: PostgresPatient) -> None:
        ids = patient.spoil()
        patient.using(lambda opened: opened.todos.add("not sent yet"))
        before = patient.outbox()
        found = patient.examined()["list against server"]
        assert (found.level, found.ids, found.mends) == (Level.WRONG, ids, True)
        assert found.sentence == f"2 todos differ from the server's: {', '.join(ids)}."
        done, after = patient.repaired()
        assert done == ["Taken from the server again: 2 todos."]
        assert worst(after.values()) is Level.OK
        assert patient.shown() == ["bread", "eggs", TEXT, "not sent yet"]
        assert (len(before), patient.outbox()) == (1, before)
        with closing(sqlite3.connect(patient.cache.parent / "backups" / "repair.sqlite3")) as copy:
            assert ("wrong",) in copy.execute("SELECT text FROM todo").fetchall()

    def test_a_restored_server_is_no_difference(self, patient: PostgresPatient) -> None:
        migrate.repair(patient.managed.database.url())
        assert patient.examined()["list against server"].level is Level.UNCHECKED
        patient.sync()
        assert patient.examined()["list against server"].level is Level.OK

    def test_before_the_first_download_nothing_is_said(self, patient: PostgresPatient) -> None:
        with closing(sqlite3.connect(patient.cache, isolation_level=None)) as db:
            db.execute("DELETE FROM sync_state")
        found = patient.examined()["list against server"]
        assert (found.level, found.next_step) == (Level.UNCHECKED, "Let it end: devots sync --once")

    def test_without_a_server_it_is_not_compared_and_a_repair_touches_nothing(
        self, patient: PostgresPatient, postgres: PostgresServer
    ) -> None:
        patient.spoil()
        postgres.kill(signal.SIGINT)
        try:
            done, found = patient.repaired()
        finally:
            postgres.restart()
        assert done == []
        assert (found["server"].level, found["list against server"].level) == (Level.WRONG, Level.UNCHECKED)
        assert patient.shown() == [TEXT, "wrong"]


class TestTheFiles:
    def test_what_others_may_read_is_closed_again(self, patient: PostgresPatient) -> None:
        patient.cache.chmod(0o644)
        patient.profile.folder.chmod(0o755)
        found = patient.examined()["folder"]
        assert (found.level, found.mends) == (Level.WRONG, True)
        assert patient.repaired()[1]["folder"].level is Level.OK
        assert [stat.S_IMODE(path.stat().st_mode) for path in (patient.profile.folder, patient.cache)] == [0o700, 0o600]

    def test_a_damaged_one_is_rebuilt_and_not_compared_before(self, patient: PostgresPatient) -> None:
        with closing(sqlite3.connect(patient.cache, isolation_level=None)) as db:
            db.execute("UPDATE todo SET text = 'not what was written' WHERE text = 'eggs'")
        found = patient.examined()
        assert (found["list"].level, found["list"].mends) == (Level.WRONG, True)
        assert found["list against server"].level is Level.UNCHECKED
        done, found = patient.repaired()
        assert [each.partition(".")[0] for each in done] == ["List rebuilt"]
        assert found["list"].level is Level.OK
        patient.sync()
        assert patient.shown() == ["bread", "eggs", TEXT]
        assert patient.examined()["list against server"].level is Level.OK

    def test_one_of_an_older_version_is_only_named(self, patient: PostgresPatient) -> None:
        with closing(sqlite3.connect(patient.cache, isolation_level=None)) as db:
            db.execute("PRAGMA user_version = 3")
        found = patient.examined()
        assert (found["list"].level, found["list against server"].level) == (Level.WARNING, Level.UNCHECKED)

    def test_todos_that_the_server_does_not_have_are_counted(self, patient: PostgresPatient) -> None:
        with Cache(patient.cache, syncs=True, clock=now) as cache, cache.transaction() as db:
            missing.note(db, [client_id for (client_id,) in db.execute("SELECT client_id FROM todo")], now())
        assert patient.examined()["outbox"].sentence.startswith("3 todos are not on the server any more")

    def test_who_syncs_is_told(self, patient: PostgresPatient) -> None:
        lock = SyncLock(patient.cache)
        assert lock.acquire()
        assert patient.examined()["sync lock"].sentence == "This program syncs this account."
        lock.release()
        assert patient.examined()["sync lock"].sentence == "No program syncs this account just now."

    def test_what_waits_for_long_is_told(self, patient: PostgresPatient) -> None:
        patient.using(lambda opened: opened.todos.add("waits"))
        assert patient.examined()["outbox"].sentence == "1 change waits to be sent."
        patient.accounts = Accounts(patient.profile, clock=lambda: now() + 7_200_000_000)
        found = patient.examined()["outbox"]
        assert (found.level, found.sentence) == (Level.WARNING, "1 change waits, the oldest for 2 hours.")


class TestTheServer:
    def test_a_mistake_is_named_with_the_line_that_mends_it(self, patient: PostgresPatient) -> None:
        with patient.managed.owner() as owner:
            owner.execute("grant execute on function devots.channel(text) to public")
            found = patient.examined()["functions and rights"]
            assert (found.level, found.sentence) == (Level.WRONG, "Everybody may execute devots.channel.")
            assert found.next_step == "For the database's owner: revoke execute on function devots.channel(text) from public;"
            owner.execute("alter policy todo_desktop on todo using (true)")
        found = patient.examined()["row-level security"]
        assert (found.level, found.sentence) == (Level.WRONG, "Somebody who is not signed in can see rows.")
        assert found.next_step == f"For the database's owner: {REPAIR}"

    def test_an_answer_to_nobody(self, patient: PostgresPatient) -> None:
        with patient.managed.owner() as owner:
            owner.execute("create or replace function devots.need_uid() returns text language sql stable as $$ select '' $$")
        assert patient.examined()["row-level security"].sentence.endswith("gets an answer instead of a refusal.")

    def test_a_table_without_row_level_security(self, patient: PostgresPatient) -> None:
        with patient.managed.owner() as owner:
            owner.execute("alter table todo_mutation disable row level security")
        assert patient.examined()["row-level security"].level is Level.WRONG
        with patient.managed.owner() as owner:
            owner.execute("alter table todo disable row level security")
        found = patient.examined()
        assert found["row-level security"].sentence == "This login is not bound by row-level security."
        assert found["list against server"].level is Level.UNCHECKED

    def test_a_session_that_has_ended(self, patient: PostgresPatient) -> None:
        with patient.managed.owner() as owner:
            owner.execute("delete from session")
        found = patient.examined()
        assert (found["session"].level, found["session"].sentence) == (Level.WRONG, "Your session has ended.")
        assert (found["server"].level, found["list against server"].level) == (Level.OK, Level.UNCHECKED)

    def test_a_session_that_is_not_here(self, patient: PostgresPatient) -> None:
        patient.cache.with_name("secrets.json").unlink()
        assert patient.examined()["session"].sentence == "No session is kept on this device."

    def test_an_older_database(self, patient: PostgresPatient) -> None:
        migrate.downgrade(patient.managed.database.url(), "0004")
        assert patient.examined()["server"].sentence == "Database not prepared."

    @pytest.mark.parametrize(
        ("off", "told"), [(86_400 * 3, "3 days ahead of"), (-3_600 * 5, "5 hours behind"), (90, "90 seconds ahead of")]
    )
    def test_a_clock_that_is_off(self, patient: PostgresPatient, monkeypatch: pytest.MonkeyPatch, off: float, told: str) -> None:
        real = time.time
        monkeypatch.setattr("devots_desktop.remote.postgres.health.time.time", lambda: real() + off)
        found = patient.examined()["clock"]
        assert found.level is Level.WARNING
        assert f"clock is {told} the server's." in found.sentence


def test_a_key_that_opens_everything_is_warned_of(patient: PostgresPatient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SERVICE_KEY", "eyJ-secret")
    assert patient.examined()["environment"].level is Level.WARNING


def test_neither_secret_nor_text_nor_person_is_told_whatever_is_wrong(patient: PostgresPatient, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> str:
        return " ".join(map(repr, asyncio.run(patient.doctor().examine())))

    monkeypatch.setenv("SUPABASE_SERVICE_KEY", "eyJ-secret")
    passwords = patient.managed.database.server.passwords
    with patient.managed.owner() as owner:
        token = str((owner.execute("select token from session").fetchone() or ("",))[0])
        secrets = [PASSWORD, passwords[DESKTOP], token, patient.account.user_id, EMAIL, TEXT, NAME, str(patient.profile.folder), "eyJ-s"]
        said = told()
        owner.execute("alter table todo disable row level security; grant select on session to public; drop function devots_fetch(uuid[])")
        said += told()
        owner.execute("delete from session")
        said += told()
    patient.cache.write_bytes(b"damage" * 1000)
    said += told()
    with patient.managed.database.connect(SUPERUSER) as admin:
        admin.execute("alter role devots_desktop bypassrls")
        try:
            said += told()
        finally:
            admin.execute("alter role devots_desktop nobypassrls")
    assert len(said) > 1_000
    assert [secret for secret in secrets if secret in said] == []
