"""The table of todos in a project and who may do what with it, found out by trying, for a project's key shows no catalogue.

Nothing is written: what is tried hits no row, or breaks a rule of the table behind those that are asked about (`_ONE`, `insert_nothing`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

import httpx

from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.supabase import failures
from devots_desktop.remote.supabase.checks import RIGHTS, ROWS, SET_UP, TABLE
from devots_desktop.remote.supabase.http import Rejected
from devots_desktop.remote.supabase.keys import Project

_COLUMNS: Mapping[str, str] = {
    "id": "serial primary key",
    "text": "text not null",
    "completed": "boolean not null default false",
    "user_id": "text not null default (auth.jwt() ->> 'sub')",
    "created_at": "timestamp not null default (now() at time zone 'utc')",
    "updated_at": "timestamp not null default (now() at time zone 'utc')",
}
_NO_TABLE = ("PGRST205", "42P01")
_NO_FUNCTION = ("PGRST202", "42883")
_DENIED = "42501"
_NOT_NOW = ("PGRST00", "PGRST3", "08", "40", "53", "55", "57", "58")
"""Beginnings of codes that say nothing about the table: trouble of the server, or of the token."""
_NO_TEXT, _NOT_ONE = "23502", "PGRST116"
_PASSED = (_NO_TEXT, _NOT_ONE)
"""What stops Rest.insert_nothing once rights and policies have let it through."""
_ONE = "application/vnd.pgrst.object+json"
"""The form of an answer that is to be one row. A write that answers any other number is rolled back (supabase-contract.md, section 2.3)."""
_NO_ROW = {"and": "(id.eq.-1,id.eq.-2)"}
"""A filter that no row passes."""
_OPEN = "row-level security is off, or a policy lets all pass."
_OWN_ROWS = """\
alter table public.todo enable row level security;
do $$ declare p text; begin
  for p in select policyname from pg_policies where schemaname = 'public' and tablename = 'todo' loop
    execute format('drop policy %I on public.todo', p);
  end loop;
end $$;
create policy todo_own on public.todo to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id) with check ((select auth.jwt() ->> 'sub') = user_id);"""
_CLOSED = "alter table public.todo enable row level security; revoke all on public.todo from anon;"
_SEQUENCE = "grant usage, select on sequence public.todo_id_seq to authenticated;"


class Mode(StrEnum):
    """What a project has for us.

    MANAGED: our migrations have run. OLDER: an older version of them has. PLAIN: a table of todos, and nothing of ours.
    """

    MANAGED = "managed"
    OLDER = "older"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in.

    Attributes:
        token: an access token that is good for a while.
    """

    user_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a question.

    Attributes:
        data: the answer.
        refused: why there is none.
    """

    data: Any = None
    refused: Rejected | None = None

    @property
    def code(self) -> str:
        """The word of a refusal; empty for an answer."""
        return self.refused.code if self.refused else ""


class Rest:
    """A project's REST server as one role may ask it: nobody in particular, or a person."""

    def __init__(self, http: httpx.AsyncClient, project: Project, key: str, person: Person | None = None) -> None:
        """Ask over this client, which stays the caller's."""
        self._http = http
        self._project = project
        self._headers = {"apikey": key} | ({"Authorization": f"Bearer {person.token}"} if person else {})

    async def ask(self, method: str, path: str, query: Mapping[str, str] | None = None, *, body: Any = None, **headers: str) -> Tried:
        """Ask once.

        Raises:
            DevotsError: no answer, or none of this server's.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self._project.url}/rest/v1/{path}"
        with failures.translated(self._project):
            try:
                answer = await self._http.request(method, url, params=query, json=body, headers=self._headers | named)
                return Tried(answer.json() if answer.content else None)
            except Rejected as rejected:
                if rejected.foreign or not rejected.code or rejected.code.startswith(_NOT_NOW):
                    raise failures.rest(rejected) from None
                return Tried(refused=rejected)

    async def call(self, function: str, **arguments: Any) -> Tried:
        """Call a function of the database. Raises as `ask`."""
        return await self.ask("POST", f"rpc/{function}", body=arguments)

    async def insert_nothing(self, user_id: str) -> Tried:
        """Try to add todos that cannot be.

        Rights and policies are looked at before the text, which is missing; and two where the answer is to be one
        are taken back by the server even so (supabase-contract.md, section 2.3). Raises as `ask`.
        """
        row = {"text": None, "user_id": user_id}
        return await self.ask("POST", "todo", body=[row, row], Accept=_ONE, Prefer="return=representation")


async def mode_of(nobody: Rest) -> tuple[Mode | None, list[Finding]]:
    """What the project has for us; None where it has no usable table. Raises DevotsError."""
    table = await nobody.ask("GET", "todo", {"select": ",".join(_COLUMNS), "limit": "1"})
    if table.code in _NO_TABLE:
        return None, [_wrong(TABLE, "The project has no table of todos yet.", SET_UP)]
    if table.code == "PGRST106":
        next_step = "In the dashboard, under Data API, add public to the exposed schemas."
        return None, [Finding(TABLE, Level.WRONG, "The project does not offer its schema public over REST.", next_step)]
    if table.code == "42703":
        return None, [await _columns_missing(nobody)]
    pull = await nobody.call("devots_pull", since=0)
    if pull.code in _NO_FUNCTION:
        return Mode.PLAIN, [_plain()]
    if (await nobody.call("devots_digest", lows=[], highs=[])).code in _NO_FUNCTION:
        sentence = "The project was prepared for an older version of this program: its list cannot be compared without being read whole."
        return Mode.OLDER, [for_owner(TABLE, Level.WARNING, sentence, SET_UP)]
    return Mode.MANAGED, [Finding(TABLE, Level.OK, "The project is prepared for this program.")]


async def closed_to_strangers(nobody: Rest, mode: Mode) -> list[Finding]:
    """Whether somebody who is not signed in can read or add todos. Raises DevotsError."""
    line = _CLOSED if mode is Mode.PLAIN else SET_UP
    tables = ("todo",) if mode is Mode.PLAIN else ("todo", "todo_tombstone", "todo_mutation")
    for table in tables:
        if (await nobody.ask("GET", table, {"select": "user_id", "limit": "1"})).data:
            return [_wrong(ROWS, f"Whoever has the project's key can read everybody's todos: {_OPEN}", line)]
    if (await nobody.insert_nothing("nobody")).code in _PASSED:
        return [_wrong(ROWS, f"Whoever has the project's key can add todos to anybody's list: {_OPEN}", line)]
    return [Finding(ROWS, Level.OK, "Nobody who is not signed in sees or adds anything.")]


async def own_rows(rest: Rest, person: Person, mode: Mode) -> list[Finding]:
    """Whether a person sees their own todos and nobody else's, and may do with them what the program does. Raises DevotsError."""
    policies = _OWN_ROWS if mode is Mode.PLAIN else SET_UP
    read = await rest.ask("GET", "todo", {"select": ",".join(_COLUMNS), "limit": "1"})
    others = await rest.ask("GET", "todo", {"select": "id", "user_id": f"neq.{person.user_id}", "limit": "1"})
    if failing := next((each.code for each in (read, others) if each.refused and each.code != _DENIED), ""):
        sentence = f"A policy on the table fails ({failing}), and with it the reading of the list. It stops Realtime for everybody, too."
        return [_wrong(ROWS, sentence, policies)]
    if others.data:
        return [_wrong(ROWS, "You can see other people's todos: a policy lets more pass than a person's own.", policies)]
    lacking = [*await _lacking(rest, person, read), *(await _functions_lacking(rest) if mode is not Mode.PLAIN else ())]
    if (await rest.insert_nothing("nobody")).code in _PASSED:
        sentence = "You may add todos to other people's lists: row-level security is off, or no policy looks at whose a new todo is."
        lacking.append(for_owner(ROWS, Level.WARNING, sentence, _OWN_ROWS))
    found = [each if mode is Mode.PLAIN else for_owner(each.check, each.level, each.sentence, SET_UP) for each in lacking]
    return found or [Finding(RIGHTS, Level.OK, "You may read, add, change and delete your own todos.")]


async def _lacking(rest: Rest, person: Person, read: Tried) -> list[Finding]:
    """What a person may not do with the table of a plain project."""
    tried = {
        "read": ("select", read),
        "change": ("update", await rest.ask("PATCH", "todo", _NO_ROW, body={"completed": False})),
        "delete": ("delete", await rest.ask("DELETE", "todo", _NO_ROW)),
    }
    found = [
        _wrong(RIGHTS, f"People who are signed in may not {verb} todos.", f"grant {right} on public.todo to authenticated;")
        for verb, (right, outcome) in tried.items()
        if outcome.code == _DENIED
    ]
    added = await rest.insert_nothing(person.user_id)
    if added.refused and added.code == _DENIED:
        found.append(_may_not_add(added.refused))
    if not found and added.code == _NO_TEXT and await _hidden_from_changes(rest, person):
        sentence = "No policy lets you change todos of your own: a change finds none and is lost without an error."
        found.append(_wrong(ROWS, sentence, _OWN_ROWS))
    return found


async def _hidden_from_changes(rest: Rest, person: Person) -> bool:
    """Whether rows that a person sees are not there for an update.

    Only for a table that is known to refuse rows without a text, for that is tried; and on two rows where the answer is to be one.
    """
    own = await rest.ask("GET", "todo", {"select": "id", "user_id": f"eq.{person.user_id}", "order": "id", "limit": "2"})
    if not isinstance(own.data, list) or len(own.data) < 2:
        return False
    two = {"id": f"in.({','.join(str(row['id']) for row in own.data)})"}
    tried = await rest.ask("PATCH", "todo", two, body={"text": None}, Accept=_ONE, Prefer="return=representation")
    return tried.code == _NOT_ONE


def _may_not_add(refused: Rejected) -> Finding:
    if refused.denied == "sequence":
        return _wrong(RIGHTS, "People who are signed in may not add todos: the numbers for new ones are not open to them.", _SEQUENCE)
    if refused.denied == "row":
        sentence = "No policy lets you add todos of your own. Where none lets you see them either, the list looks empty although it is not."
        return _wrong(ROWS, sentence, _OWN_ROWS)
    return _wrong(RIGHTS, "People who are signed in may not add todos.", "grant insert on public.todo to authenticated;")


async def _functions_lacking(rest: Rest) -> list[Finding]:
    """What of our functions does not work for a person. The mutation is of no kind that there is, so that it is refused and leaves nothing behind."""
    mutation = {"mutation_id": str(uuid4()), "client_id": str(uuid4()), "kind": "nothing"}
    calls: Mapping[str, Mapping[str, Any]] = {
        "devots_pull": {"since": 0, "lim": 1},
        "devots_push": {"mutations": [mutation]},
        "devots_digest": {"lows": [], "highs": []},
        "devots_fetch": {"keys": []},
    }
    found = []
    for function, arguments in calls.items():
        tried = await rest.call(function, **arguments)
        if tried.code in _NO_FUNCTION:
            continue  # `mode_of` has told of it.
        if tried.refused or _DENIED in _refusals(tried.data):
            found.append(_wrong(RIGHTS, f"The function {function} does not work for people who are signed in.", SET_UP))
    return found


def _refusals(answers: Any) -> Iterator[str]:
    """The SQLSTATEs in what a push answers; none in other answers."""
    if isinstance(answers, list):
        yield from (str(each["sqlstate"]) for each in answers if isinstance(each, dict) and "sqlstate" in each)


async def _columns_missing(nobody: Rest) -> Finding:
    missing = [name for name in _COLUMNS if (await nobody.ask("GET", "todo", {"select": name, "limit": "0"})).code == "42703"]
    lines = " ".join(f"alter table public.todo add column {name} {_COLUMNS[name]};" for name in missing)
    return _wrong(TABLE, f"The table of todos lacks {_listed(missing)}.", lines)


def _plain() -> Finding:
    sentence = (
        "The project has a plain table of todos. That works, but a value that somebody else writes in the same moment can be lost without a word, and"
        " each look for changes reads the whole list."
    )
    return for_owner(TABLE, Level.OK, sentence, SET_UP)


def for_owner(check: str, level: Level, sentence: str, sql: str) -> Finding:
    """A finding that only the owner of the database can do something about."""
    what = f"run the SQL that `{SET_UP}` prints." if sql == SET_UP else " ".join(sql.split())
    return Finding(check, level, sentence, f"For the project's owner: {what}", sql=sql)


def _wrong(check: str, sentence: str, sql: str) -> Finding:
    return for_owner(check, Level.WRONG, sentence, sql)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
