"""Mistakes with row-level security and grants that owners of a database make, each seeded, found by the doctor of a person's account, and mended by what it names."""

import asyncio
from collections.abc import Iterator

import pytest

from devots_desktop.domain.account import SecretStore
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.rights import REPAIR
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.doctor import comparing
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.store.profile import Profile
from tests.contract.test_doctor import EMAIL, PASSWORD, PostgresPatient
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.managed import DESKTOP

pytestmark = pytest.mark.xdist_group("doctor-mistakes")

FOR_THE_OWNER = "For the database's owner: "
MISTAKES = {
    "policies dropped": (
        "drop policy todo_web on todo; drop policy todo_desktop on todo",
        "The policy todo_desktop on public.todo is missing.",
    ),
    "row-level security off on todo": ("alter table todo disable row level security", "This login is not bound by row-level security."),
    "off on tombstones": (
        "alter table todo_tombstone disable row level security",
        "Row-level security does not bind this login on every table.",
    ),
    "off on sessions": ("alter table session disable row level security", "Row-level security is off on public.session."),
    "off on accounts": ("alter table account disable row level security", "Row-level security is off on public.account."),
    "off on people": ('alter table "user" disable row level security', "Row-level security is off on public.user."),
    "off on verifications": ("alter table verification disable row level security", "Row-level security is off on public.verification."),
    "everybody's rows": ("alter policy todo_desktop on todo using (true)", "Somebody who is not signed in can see rows."),
    "a policy of somebody else": (
        "create policy mine on todo for select to anon using (true)",
        "The policy mine on public.todo is not ours",
    ),
    "a policy for everybody": (
        "alter policy todo_web on todo to public",
        "The policy todo_web on public.todo is not what the migrations made.",
    ),
    "a policy without a check": (
        "alter policy todo_mutation_desktop on todo_mutation with check (true)",
        "The policy todo_mutation_desktop on public.todo_mutation is not what",
    ),
    "sessions for anon": ("grant select on session to anon", "The role anon has SELECT on public.session."),
    "hashes for the web": (
        "grant select (password) on account to authenticated",
        "The role authenticated has SELECT on password of public.account.",
    ),
    "everything for everybody": ("grant all on todo to public", "Everybody has"),
    "versions writable": (f"grant update (row_version) on todo to {DESKTOP}", "has UPDATE on row_version of public.todo."),
    "truncate": (f"grant truncate on todo to {DESKTOP}", "has TRUNCATE on public.todo."),
    "the sequence": ("grant update on sequence todo_id_seq to authenticated", "may set public.todo_id_seq."),
    "a right too few": (f"revoke delete on todo from {DESKTOP}", "lacks DELETE on public.todo."),
    "push for anon": ("grant execute on function devots_push(jsonb) to anon", "The role anon may execute public.devots_push."),
    "settings for everybody": ("grant select on devots.setting to public", "Everybody has SELECT on devots.setting."),
    "signing keys for anon": (
        "create table jwks(id text, private_key text); grant select on jwks to anon",
        "The table public.jwks, which holds secrets",
    ),
    "two-factor secrets": (
        "create table two_factor(secret text); grant select (secret) on two_factor to anon",
        "The table public.two_factor",
    ),
    "no index on user_id": (
        "drop index todo_client; drop index todo_version",
        "The index todo_version on public.todo, which begins with user_id",
    ),
}


@pytest.fixture(scope="module")
def patient(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresPatient]:
    """An account whose database is spoilt and mended again and again."""
    managed = servers.managed(VERSIONS[-1], "portal")
    profile = Profile(tmp_path_factory.mktemp("patient") / "profile")
    accounts = Accounts(profile)
    form = PostgresForm.from_url(managed.database.url(DESKTOP), email=EMAIL, password=PASSWORD, secrets=SecretStore.FILE, sign_up=True)
    made = PostgresPatient(profile, accounts, asyncio.run(accounts.add_postgres(form)), managed)
    made.using(lambda opened: opened.todos.add("milk"))
    made.sync()
    yield made
    managed.database.server.drop_database(managed.database)


def wrong(patient: PostgresPatient) -> list[Finding]:
    return [each for each in asyncio.run(patient.doctor().examine()) if each.level is Level.WRONG]


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_it_is_found_with_what_mends_it(patient: PostgresPatient, mistake: str, sentence: str) -> None:
    with patient.managed.owner() as owner:
        owner.execute(mistake.encode())
        found = wrong(patient)
        assert any(sentence in each.sentence for each in found), found
        # What is hidden by mistake is missing in a comparison of the lists as well, until it is mended.
        steps = [each.next_step for each in found if each.check != comparing.CHECK]
        lines = {step.rpartition(FOR_THE_OWNER)[2] if FOR_THE_OWNER in step else step for step in steps}
        commands = {line for line in lines if line.endswith(REPAIR)}
        for line in lines - commands:
            owner.execute(line.encode())
    if commands:
        assert migrate.repair(patient.managed.database.url()) == ()
    assert wrong(patient) == []
