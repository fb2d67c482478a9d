"""One user never reads or writes another's todos: the matrix is empty on the real thing, and finds every mistake that is seeded."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.contract.rights import violations
from tests.servers.fixtures import Servers, newest
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import SUPERUSER


def literal(connection: psycopg.Connection, token: str) -> None:
    """The mistake: the token in the text of a query."""
    connection.execute(f"select set_config('devots.session', '{token}', true)")


def rewritten(function: str, old: str, new: str) -> str:
    """SQL that replaces a part of a function's definition, and fails where the part is not there."""
    return f"""do $mistake$ declare source text := pg_get_functiondef('{function}'::regprocedure); begin
        if position($old${old}$old$ in source) = 0 then raise 'the mistake finds nothing to change in {function}'; end if;
        execute replace(source, $old${old}$old$, $new${new}$new$); end $mistake$"""


MISTAKES = {
    "policy dropped": "drop policy todo_desktop on todo",
    "policy lets everything through": "alter policy todo_desktop on todo using (true)",
    "policy without a check of its own": "alter policy todo_desktop on todo with check (true)",
    "policy of another kind beside ours": "create policy readers on todo for select using (true)",
    "policy on the claims for the shared login": "alter policy todo_desktop on todo using (devots.uid() = user_id or "
    "(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') = user_id)",
    "web policy lets everything through": "alter policy todo_web on todo using (true)",
    "row-level security off": "alter table todo disable row level security",
    "row-level security off on sessions": "alter table session disable row level security",
    "grant on session": f"grant select on session to {DESKTOP}",
    "grant on one column of account": "grant select (password) on account to authenticated",
    "grant on the settings": "grant select on devots.setting to public",
    "grant of truncate": f"grant truncate on todo to {DESKTOP}",
    "grant of row_version": f"grant update (row_version) on todo to {DESKTOP}",
    "grant of id": "grant insert on todo to authenticated",
    "grant of the sequence": f"grant update on sequence todo_id_seq to {DESKTOP}",
    "function for everybody": "grant execute on function devots.channel(text) to public",
    "push for anon": "grant execute on function devots_push(jsonb) to anon; grant usage on schema devots to anon",
    "a new function, never revoked": "create function devots.helper() returns int language sql as 'select 1'",
    "now() instead of UTC": rewritten("devots.session_user_id()", "(now() at time zone 'utc')", "now()"),
    "expiry forgotten": rewritten("devots.session_user_id()", "and s.expires_at > (now() at time zone 'utc')", ""),
    "token as a pattern": rewritten("devots.session_user_id()", "s.token =", "s.token like"),
    "claims believed": rewritten("devots.uid()", "if current_user = 'devots_desktop' then", "if false then"),
    "claim in the same transaction": rewritten("devots.sign_in_claim(uuid)", "and x.made_in <> pg_current_xact_id()", ""),
    "no end of tries": rewritten("devots.sign_in_try(text,text)", ">= 5", ">= 5000"),
    "unknown e-mails told apart": rewritten(
        "devots.sign_in_try(text,text)",
        "insert into devots.attempt",
        "if person is null then return null; end if;\n  insert into devots.attempt",
    ),
    "every key is right": rewritten("devots.sign_in_try(text,text)", "coalesce(right_key, false)", "person is not null"),
    "touch revives": rewritten("devots.session_touch()", "and s.expires_at > utc and s.expires_at < utc", "and s.expires_at < utc"),
    "tombstone policy missing": "drop policy todo_tombstone_desktop on todo_tombstone",
    "tombstone policy lets everything through": "alter policy todo_tombstone_web on todo_tombstone using (true)",
    "mutation policy lets everything through": "alter policy todo_mutation_desktop on todo_mutation using (true)",
    "pull with the owner's rights": "alter function devots_pull(bigint, bigint, uuid, integer) security definer",
    "pull that is volatile": "alter function devots_pull(bigint, bigint, uuid, integer) volatile",
    "digest with the owner's rights for everybody": rewritten(
        "devots_digest(uuid[],uuid[],integer)", "t.user_id = (select u from me)", "true"
    )
    + "; alter function devots_digest(uuid[], uuid[], integer) security definer",
    "fetch of everybody's rows": "alter policy todo_desktop on todo using (true); "
    + rewritten("devots_fetch(uuid[])", "t.user_id = (select u from me)", "true"),
    "digest for anon": "grant execute on function devots_digest(uuid[], uuid[], integer) to anon",
    "search_path not pinned": "alter function devots.session_user_id() reset search_path",
    "user_id not pinned": rewritten("devots.todo_stamp()", "new.user_id := old.user_id;", ""),
    "client_id not pinned": rewritten("devots.todo_stamp()", "new.client_id := old.client_id;", ""),
    "no stamps": "drop trigger todo_stamp on todo",
    "tombstones written with the caller's rights": "alter function devots.todo_bury() security invoker",
    "nobody is an empty list": rewritten("devots.need_uid()", "if me is null then", "if false then"),
}
CLUSTER_MISTAKES = {  # roles belong to the whole cluster, so these are taken back
    "member of authenticated": (f"grant authenticated to {DESKTOP}", f"revoke authenticated from {DESKTOP}"),
    "bypasses row-level security": (f"alter role {DESKTOP} bypassrls", f"alter role {DESKTOP} nobypassrls"),
    "inherits": (f"alter role {DESKTOP} inherit", f"alter role {DESKTOP} noinherit"),
}


@pytest.fixture
def spoilt(servers: Servers) -> Iterator[Managed]:
    """A migrated database for mistakes, on one version: whether the matrix sees a mistake does not depend on it."""
    made = servers.managed(newest(), "portal")
    yield made
    made.database.server.drop_database(made.database)


def test_nobody_reads_or_writes_what_is_not_theirs(managed: Managed) -> None:
    assert violations(managed) == []


@contextmanager
def mistaken_role(spoilt: Managed, mistake: str, cure: str) -> Iterator[None]:
    """For as long as it lasts, a role of the cluster is not as it should be."""
    with spoilt.database.connect(SUPERUSER) as admin:
        admin.execute(mistake)
        try:
            yield
        finally:
            admin.execute(cure)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_database_is_caught(spoilt: Managed, mistake: str) -> None:
    with spoilt.owner() as owner:
        owner.execute(mistake)
    assert violations(spoilt) != []


@pytest.mark.parametrize(("mistake", "cure"), CLUSTER_MISTAKES.values(), ids=CLUSTER_MISTAKES)
def test_a_mistake_in_the_role_is_caught(spoilt: Managed, mistake: str, cure: str) -> None:
    with mistaken_role(spoilt, mistake, cure):
        assert violations(spoilt) != []


def test_a_token_in_a_query_text_is_caught(spoilt: Managed) -> None:
    assert violations(spoilt, literal) == ["desktop, Ada: the token stands in pg_stat_activity"]
