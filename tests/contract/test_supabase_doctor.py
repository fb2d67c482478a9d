"""The doctor on an account of a Supabase project: the live checks, the list against the server's, and a session that outlives being looked at."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devots_desktop.domain.account import SecretStore
from devots_desktop.domain.finding import Level, worst
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.store.profile import Profile
from tests.contract.patient import Patient
from tests.e2e.devots import Devots
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.postgres import SUPERUSER
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import Form

PASSWORD, EMAIL, NAME, TEXT = "correct horse", "ada@example.org", "Ada's own account", "milk and honey"
ALL = ["folder", "disk space", "list", "sync lock", "outbox", "keyring", "address", "key", "clock", "sign-in", "table"]
ALL += ["row-level security", "session", "rights", "Realtime", "list against server"]


@dataclass
class SupabasePatient(Patient):
    """An account of a project with three todos, in step with it."""

    server: SupabaseServer

    def run(self, sql: str) -> None:
        with self.server.database.connect(SUPERUSER) as admin:
            admin.execute(sql.encode())


def _make(folder: Path, servers: Servers, form: Form, secrets: SecretStore = SecretStore.FILE) -> Iterator[SupabasePatient]:
    with servers.project(VERSIONS[-1], form) as server:
        profile = Profile(folder / "profile")
        accounts = Accounts(profile)
        entered = SupabaseForm.from_text(
            server.url, server.publishable_key, email=EMAIL, password=PASSWORD, name=NAME, secrets=secrets, way=Way.SIGN_UP
        )
        made = SupabasePatient(profile, accounts, asyncio.run(accounts.add_supabase(entered)), server)
        made.using(lambda opened: opened.todos.add_lines(f"{TEXT}\neggs\nbread"))
        made.sync()
        yield made


@pytest.fixture
def patient(tmp_path: Path, servers: Servers) -> Iterator[SupabasePatient]:
    yield from _make(tmp_path, servers, "managed")


@pytest.fixture
def plain_patient(tmp_path: Path, servers: Servers) -> Iterator[SupabasePatient]:
    yield from _make(tmp_path, servers, "plain")


@pytest.fixture
def forgetful_patient(tmp_path: Path, servers: Servers) -> Iterator[SupabasePatient]:
    """Whose session is in memory only."""
    yield from _make(tmp_path, servers, "managed", SecretStore.MEMORY)


@pytest.mark.parametrize("form", ["patient", "plain_patient"])
def test_all_is_well(form: str, request: pytest.FixtureRequest) -> None:
    found = asyncio.run(request.getfixturevalue(form).doctor().examine())
    assert [(each.check, each.level) for each in found] == [(check, Level.OK) for check in ALL]
    assert found[-1].sentence == "What is here is what the server has (3 todos)."


def test_what_a_plain_table_does_not_promise_is_said(plain_patient: SupabasePatient) -> None:
    found = plain_patient.examined()["table"]
    assert "can be lost without a word" in found.sentence
    assert found.next_step.endswith("`devots db upgrade --sql --flavour supabase` prints.")


def test_differing_todos_are_named_by_id_and_repaired_while_what_waits_stays(patient: SupabasePatient) -> None:
    ids = patient.spoil()
    patient.using(lambda opened: opened.todos.add("not sent yet"))
    before = patient.outbox()
    found = patient.examined()["list against server"]
    assert (found.level, found.ids, found.mends) == (Level.WRONG, ids, True)
    done, after = patient.repaired()
    assert done == ["Taken from the server again: 2 todos."]
    assert worst(after.values()) is Level.OK
    assert (len(before), patient.outbox()) == (1, before)


def test_a_mistake_is_named_with_the_line_that_mends_it_and_exit_1(plain_patient: SupabasePatient) -> None:
    plain_patient.run("revoke delete on todo from authenticated")
    found = plain_patient.examined()["rights"]
    assert found.next_step == "For the project's owner: grant delete on public.todo to authenticated;"
    devots = Devots(plain_patient.profile.folder)
    answer = devots("doctor", "--json", code=1, said=False)
    assert [each["check"] for each in answer.json["findings"] if each["state"] == "wrong"] == ["rights"]


def test_what_is_worth_a_look_is_told_with_exit_0(patient: SupabasePatient) -> None:
    patient.run("alter publication supabase_realtime drop table todo_tombstone")
    answer = Devots(patient.profile.folder)("doctor", "--json")
    assert answer.json["state"] == "warning"
    [found] = [each for each in answer.json["findings"] if each["state"] == "warning"]
    assert found["next_step"] == "For the project's owner: alter publication supabase_realtime add table public.todo_tombstone;"


def test_a_session_that_has_ended(patient: SupabasePatient) -> None:
    patient.run("delete from auth.sessions")
    patient.server.clock.advance(7_200)
    found = patient.examined()
    assert (found["session"].level, found["session"].sentence) == (Level.WRONG, "Your session has ended.")
    assert (found["key"].level, found["list against server"].sentence) == (Level.OK, "The server cannot be asked.")


def test_a_session_that_is_not_here(patient: SupabasePatient) -> None:
    patient.cache.with_name("secrets.json").unlink()
    found = patient.examined()
    assert (found["session"].level, found["address"].level) == (Level.WRONG, Level.UNCHECKED)


def test_a_project_that_is_away_is_no_end_of_the_session(patient: SupabasePatient) -> None:
    patient.server.stop()
    found = patient.examined()
    assert (found["address"].level, found["list against server"].level) == (Level.WRONG, Level.UNCHECKED)
    assert "session" not in found


def test_auth_that_is_in_trouble_is_no_end_of_the_session(patient: SupabasePatient) -> None:
    patient.accounts = Accounts(patient.profile)  # which knows no access token
    patient.server.faults.auth.method = "POST"
    patient.server.faults.auth.answers = ["bad_gateway"] * 9
    found = patient.examined()
    assert (found["session"].level, found["address"].level) == (Level.UNCHECKED, Level.OK)


def test_being_looked_at_often_does_not_end_the_session(patient: SupabasePatient) -> None:
    async def look_meanwhile() -> None:
        for _ in range(4):
            patient.server.clock.advance(1_800)
            assert worst(await Accounts(patient.profile).doctor(patient.account).examine()) is not Level.WRONG

    asyncio.run(look_meanwhile())
    patient.sync()


def test_a_session_in_memory_goes_on_after_the_doctor_has_renewed_it(forgetful_patient: SupabasePatient) -> None:
    forgetful_patient.server.clock.advance(7_200)
    assert forgetful_patient.examined()["session"].level is Level.OK
    # By now the project takes the token that was used up for a stolen one.
    forgetful_patient.server.clock.advance(7_200)
    forgetful_patient.sync()


def test_neither_secret_nor_text_nor_person_is_told_whatever_is_wrong(patient: SupabasePatient, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> str:
        return " ".join(map(repr, asyncio.run(patient.doctor().examine())))

    monkeypatch.setenv("SUPABASE_SERVICE_KEY", "eyJ-secret")
    kept = patient.cache.with_name("secrets.json").read_text(encoding="utf-8")
    said = told()
    patient.run("alter table todo disable row level security")
    said += told()
    patient.server.faults.rest.answers = ["captive_portal"]
    said += told()
    patient.run("delete from auth.sessions")
    patient.server.clock.advance(7_200)
    said += told()
    secrets = [PASSWORD, patient.account.user_id, EMAIL, TEXT, NAME, str(patient.profile.folder), "eyJ", "sb_publishable", sys.executable]
    secrets += [value for value in kept.split('"') if len(value) > 15]
    assert len(said) > 1_000
    assert [secret for secret in secrets if secret in said] == []
