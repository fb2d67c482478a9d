"""The matrix of roles and commands: what each may and may not do in a migrated database.

`violations` makes two people, Ada and Bob, lets everybody who could ask (signed in, signed out, expired, forging claims, changing roles, in a
foreign time zone) try every command, and answers a line for each outcome that is not the one wanted. It is empty on a sound database; the
seeded mistakes in test_rights.py prove that it can be otherwise.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import psycopg

from devots_desktop.remote.postgres.password import derive_key
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import SUPERUSER

Present = Callable[[psycopg.Connection, str], object]
Login = Literal["anon", "authenticated", "devots_desktop"]

CLIENTS = frozenset({"authenticated", "devots_desktop"})
DIRECT = frozenset({"devots_desktop"})
NOBODY: frozenset[str] = frozenset()
# signature -> who may execute it; security definer; volatility
FUNCTIONS: dict[str, tuple[frozenset[str], bool, str]] = {
    "devots.channel(text)": (NOBODY, True, "s"),
    "devots.epoch()": (CLIENTS, True, "s"),
    "devots.listen()": (DIRECT, True, "v"),
    "devots.need_uid()": (CLIENTS, False, "s"),
    "devots.prune(interval)": (NOBODY, False, "v"),
    "devots.repair()": (NOBODY, False, "v"),
    "devots.revision()": (CLIENTS, True, "s"),
    "devots.session_touch()": (DIRECT, True, "v"),
    "devots.session_user_id()": (DIRECT, True, "s"),
    "devots.sign_in_claim(uuid)": (DIRECT, True, "v"),
    "devots.sign_in_salt(text)": (DIRECT, True, "s"),
    "devots.sign_in_try(text,text)": (DIRECT, True, "v"),
    "devots.sign_out()": (DIRECT, True, "v"),
    "devots.sign_up(text,text,text,text)": (DIRECT, True, "v"),
    "devots.todo_bury()": (NOBODY, True, "v"),
    "devots.todo_hash(todo)": (CLIENTS, False, "s"),
    "devots.todo_json(todo)": (CLIENTS, False, "s"),
    "devots.todo_notify()": (NOBODY, True, "v"),
    "devots.todo_stamp()": (NOBODY, True, "v"),
    "devots.todo_truncated()": (NOBODY, True, "v"),
    "devots.uid()": (CLIENTS, False, "s"),
    "devots_digest(uuid[],uuid[],integer)": (CLIENTS, False, "s"),
    "devots_fetch(uuid[])": (CLIENTS, False, "s"),
    "devots_pull(bigint,bigint,uuid,integer)": (CLIENTS, False, "s"),
    "devots_push(jsonb)": (CLIENTS, False, "v"),
}
_WRITABLE = {"text", "completed", "user_id", "created_at", "updated_at", "client_id"}
# table -> privilege -> columns; None: the whole table
TABLES: dict[str, dict[str, set[str] | None]] = {
    "public.todo": {"SELECT": None, "INSERT": _WRITABLE, "UPDATE": _WRITABLE | {"id"}, "DELETE": None},
    "public.todo_tombstone": {"SELECT": None},
    "public.todo_mutation": {"SELECT": None, "INSERT": {"mutation_id"}, "UPDATE": {"answer"}},
    "public.user": {},
    "public.session": {},
    "public.account": {},
    "public.verification": {},
    "devots.setting": {},
    "devots.attempt": {},
    "devots.alembic_version": {},
}
_SECURED = [table for table in TABLES if table.startswith("public.")]
_ROLES = ("anon", "authenticated", DESKTOP)


def bound(connection: psycopg.Connection, token: str) -> None:
    """How the program presents its session: as a bound parameter, which stands in no query text."""
    connection.execute("select set_config('devots.session', %s, true)", [token])


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks. `sees`: the user ids whose rows it may see and change."""

    name: str
    login: Login
    sees: frozenset[str] = NOBODY
    claims: str = ""
    token: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows, or the SQLSTATE of a refusal."""

    rows: list[tuple[Any, ...]]
    sqlstate: str | None = None


@dataclass(frozen=True, slots=True)
class BobsTodo:
    """What Ada could know of a todo of Bob."""

    id: int
    client_id: UUID


class Matrix:
    """One run over one database. Every command is rolled back, except where a commit is what is looked at."""

    def __init__(self, managed: Managed, connections: dict[Login, psycopg.Connection], owner: psycopg.Connection, present: Present) -> None:
        self.managed = managed
        self.owner = owner
        self.ada = managed.add_person("ada", password="the right one")
        self.bob = managed.add_person("bob")
        self.found: list[str] = []
        self._connections = connections
        self._present = present
        for person in (self.ada, self.bob):
            for text in ("one", "two", "three"):
                owner.execute("insert into todo(text, user_id) values (%s, %s)", [text, person.user_id])
            owner.execute("delete from todo where text = 'three' and user_id = %s", [person.user_id])
            owner.execute("insert into todo_mutation(user_id, mutation_id, answer) values (%s, gen_random_uuid(), '{}')", [person.user_id])
        bobs = self._one("select min(id) from todo where user_id = %s", self.bob.user_id)
        self._todo_of_bob = BobsTodo(bobs, self._one("select client_id from todo where id = %s", bobs))
        self.callers = self._callers()

    def _callers(self) -> list[Caller]:
        claims_of_bob = f'{{"sub": "{self.bob.user_id}", "role": "authenticated"}}'
        expired = secrets.token_hex(32)
        self.owner.execute(
            "insert into session(id, expires_at, token, updated_at, user_id)"
            " values (%s, now() at time zone 'utc' - interval '1 hour', %s, now() at time zone 'utc', %s)",
            [secrets.token_hex(8), expired, self.bob.user_id],
        )
        ada = frozenset({self.ada.user_id})
        return [
            Caller("anon", "anon"),
            Caller("anon with claims", "anon", claims=claims_of_bob),
            Caller("web, nobody", "authenticated"),
            Caller("web, empty claims", "authenticated", claims="{}"),
            Caller("web, Ada", "authenticated", ada, claims=f'{{"sub": "{self.ada.user_id}", "role": "authenticated"}}'),
            Caller("web, Bob's token without claims", "authenticated", token=self.bob.token),
            Caller("desktop, Ada", DESKTOP, ada, token=self.ada.token),
            Caller("desktop, Ada with Bob's claims", DESKTOP, ada, token=self.ada.token, claims=claims_of_bob),
            Caller("desktop, nobody", DESKTOP),
            Caller("desktop, Bob's claims alone", DESKTOP, claims=claims_of_bob),
            Caller("desktop, Bob's expired session", DESKTOP, token=expired),
            Caller("desktop, Bob's expired session far west", DESKTOP, token=expired, timezone="Etc/GMT+12"),
            Caller("desktop, Bob's expired session far east", DESKTOP, token=expired, timezone="Etc/GMT-14"),
            Caller("desktop, a guessed token", DESKTOP, token="guessed"),
            Caller("desktop, a pattern for a token", DESKTOP, token="%"),
        ]

    def check(self) -> list[str]:
        for part in (self._functions, self._privileges, self._attributes, self._sign_in, self._eavesdropping):
            part()
        for caller in self.callers:
            for command in (
                self._reads,
                self._pulls,
                self._compares,
                self._pushes,
                self._updates,
                self._deletes,
                self._inserts,
                self._secrets,
                self._poses,
            ):
                with self.as_(caller):
                    command(caller)
        return self.found

    @contextmanager
    def as_(self, caller: Caller) -> Iterator[psycopg.Connection]:
        """The caller's transaction, rolled back at the end."""
        connection = self._connections[caller.login]
        connection.rollback()
        role = "none" if caller.login == DESKTOP else caller.login
        connection.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('timezone', %s, true), set_config('role', %s, true)",
            [caller.claims, caller.timezone, role],
        )
        self._present(connection, caller.token)
        connection.execute("savepoint presented")
        yield connection
        connection.rollback()

    def run(self, caller: Caller, sql: str, *parameters: object) -> Outcome:
        """One command of the caller whose turn it is, undone at once."""
        connection = self._connections[caller.login]
        outcome = _outcome(connection, sql, parameters)
        connection.execute("rollback to savepoint presented")
        return outcome

    def want(self, caller: Caller, what: str, *, holds: bool) -> None:
        if not holds:
            self.found.append(f"{caller.name}: {what}")

    def refused(self, caller: Caller, what: str, sql: str, *parameters: object) -> None:
        """Wants "insufficient privilege", by grants or by a policy."""
        outcome = self.run(caller, sql, *parameters)
        self.want(caller, f"{what} was not refused ({outcome.sqlstate or outcome.rows})", holds=outcome.sqlstate == "42501")

    def _reads(self, caller: Caller) -> None:
        for table in ("todo", "todo_tombstone", "todo_mutation"):
            outcome = self.run(caller, f"select distinct user_id from {table}")
            seen = {row[0] for row in outcome.rows}
            self.want(caller, f"reads {table} of {seen or outcome.sqlstate or 'nobody'}", holds=seen == caller.sees)

    def _pulls(self, caller: Caller) -> None:
        outcome = self.run(caller, "select devots_pull(0)")
        if caller.sees:
            page = outcome.rows[0][0] if outcome.rows else {"rows": []}
            users = {row["user_id"] for row in page["rows"]}
            self.want(caller, f"pulls rows of {users or outcome.sqlstate or 'nobody'}", holds=users == caller.sees)
        else:
            wanted = "42501" if caller.login == "anon" else "PT401"
            self.want(caller, f"pulls with {outcome.sqlstate or 'an answer'}, not {wanted}", holds=outcome.sqlstate == wanted)

    def _compares(self, caller: Caller) -> None:
        """Digest and fetch, also of Bob's keys by name."""
        own = self.owner.execute("select count(*) from todo where user_id = any(%s)", [list(caller.sees)]).fetchone()
        for what, sql, keys in (
            ("digest", "select devots_digest(array[%s::uuid], array[%s::uuid], 10)", (UUID(int=0), UUID(int=2**128 - 1))),
            ("fetch", "select devots_fetch(array(select client_id from todo) || %s::uuid || %s::uuid)", (self._todo_of_bob.client_id,) * 2),
        ):
            outcome = self.run(caller, sql, *keys)
            if caller.sees:
                answer = outcome.rows[0][0] if outcome.rows else {}
                count = answer["ranges"][0]["count"] if "ranges" in answer else len(answer.get("rows", []))
                mine = answer.get("user") in caller.sees and all(row["user_id"] in caller.sees for row in answer.get("rows", []))
                self.want(caller, f"{what} tells of {count} rows ({outcome.sqlstate})", holds=mine and (count,) == own)
            else:
                wanted = "42501" if caller.login == "anon" else "PT401"
                self.want(caller, f"{what} with {outcome.sqlstate or 'an answer'}, not {wanted}", holds=outcome.sqlstate == wanted)

    def _pushes(self, caller: Caller) -> None:
        """An edit and a delete of Bob's todo, by its key."""
        for kind in ("edit", "delete"):
            sql = """select devots_push(jsonb_build_array(jsonb_build_object('mutation_id', gen_random_uuid(), 'client_id', %s::text,
                       'kind', %s::text, 'set', jsonb_build_object('text', 'pushed'))))"""
            outcome = self.run(caller, sql, self._todo_of_bob.client_id, kind)
            if caller.sees:
                state = outcome.rows[0][0][0]["state"] if outcome.rows else outcome.sqlstate
                self.want(caller, f"push of {kind} on Bob's todo answers {state}, not gone", holds=state == "gone")
            else:
                wanted = "42501" if caller.login == "anon" else "PT401"
                self.want(caller, f"pushes with {outcome.sqlstate or 'an answer'}, not {wanted}", holds=outcome.sqlstate == wanted)

    def _updates(self, caller: Caller) -> None:
        for what, sql, *parameters in (
            ("all rows", "update todo set text = 'x' returning user_id"),
            ("Bob's rows", "update todo set text = 'x' where user_id = %s returning user_id", self.bob.user_id),
            ("Bob's row by id", "update todo set completed = true where id = %s returning user_id", self._todo_of_bob.id),
            ("answers", "update todo_mutation set answer = '[]' returning user_id"),
        ):
            outcome = self.run(caller, sql, *parameters)
            changed = {row[0] for row in outcome.rows}
            wanted = caller.sees if what in {"all rows", "answers"} else NOBODY
            self.want(caller, f"update of {what} changed those of {changed or 'nobody'}", holds=changed == wanted)
            if caller.login == "anon":
                self.want(caller, f"update of {what} was not refused", holds=outcome.sqlstate == "42501")
        self.refused(caller, "update of row_version", "update todo set row_version = 0")
        self.refused(caller, "update of a tombstone", "update todo_tombstone set row_version = 0")
        if caller.sees:
            self._pins(caller)

    def _pins(self, caller: Caller) -> None:
        """Whole-row updates by a web client pass, and what identifies a row stays as it is."""
        for column, value in (
            ("id", "id + 1000"),
            ("user_id", f"'{self.bob.user_id}'"),
            ("client_id", "gen_random_uuid()"),
            ("created_at", "now()"),
        ):
            before = self.run(caller, f"select {column} from todo order by 1").rows
            after = self.run(caller, f"with u as (update todo set {column} = {value} returning {column}) select * from u order by 1")
            self.want(caller, f"{column} is not pinned ({after.sqlstate or 'changed'})", holds=after.rows == before)
        stamped = self.run(
            caller,
            "with old as (select id, row_version from todo) update todo t set text = t.text from old where old.id = t.id returning t.row_version > old.row_version",
        )
        self.want(caller, "an update does not raise row_version", holds=bool(stamped.rows) and all(raised for (raised,) in stamped.rows))

    def _deletes(self, caller: Caller) -> None:
        for what, sql, *parameters in (
            ("all rows", "delete from todo returning user_id"),
            ("Bob's row by id", "delete from todo where id = %s returning user_id", self._todo_of_bob.id),
        ):
            outcome = self.run(caller, sql, *parameters)
            gone = {row[0] for row in outcome.rows}
            self.want(
                caller,
                f"delete of {what} took those of {gone or outcome.sqlstate or 'nobody'}",
                holds=gone == (caller.sees if what == "all rows" else NOBODY),
            )
        for table in ("todo_tombstone", "todo_mutation"):
            self.refused(caller, f"delete from {table}", f"delete from {table}")

    def _inserts(self, caller: Caller) -> None:
        self.refused(caller, "insert for Bob", "insert into todo(text, user_id) values ('x', %s)", self.bob.user_id)
        self.refused(caller, "insert for nobody", "insert into todo(text, user_id) values ('x', '')")
        self.refused(caller, "insert with an id", "insert into todo(id, text) values (9999, 'x')")
        self.refused(caller, "insert with a row_version", "insert into todo(text, row_version) values ('x', 9)")
        self.refused(
            caller, "a mutation of Bob", "insert into todo_mutation(user_id, mutation_id) values (%s, gen_random_uuid())", self.bob.user_id
        )
        self.refused(caller, "a made-up tombstone", "insert into todo_tombstone values (%s, gen_random_uuid(), 1, 1)", self.bob.user_id)
        own = self.run(caller, "insert into todo(text) values ('x') returning user_id")
        owners = {row[0] for row in own.rows}
        self.want(caller, f"insert by default is of {owners or own.sqlstate}", holds=owners == caller.sees)
        if caller.sees:
            sql = "insert into todo(text, client_id) values ('x', %s) on conflict (user_id, client_id) do update set text = 'y' returning user_id"
            upserted = self.run(caller, sql, self._todo_of_bob.client_id)
            self.want(caller, "an upsert on Bob's key is not a row of one's own", holds={row[0] for row in upserted.rows} == caller.sees)

    def _secrets(self, caller: Caller) -> None:
        for table in ("user", "session", "account", "verification"):
            self.refused(caller, f"reading {table}", f'select * from "{table}"')
        for table in ("setting", "attempt", "alembic_version"):
            self.refused(caller, f"reading devots.{table}", f"select * from devots.{table}")
        for table in (
            "todo",
            "todo_tombstone",
            "todo_mutation",
            '"user"',
            "session",
            "account",
            "verification",
            "devots.setting",
            "devots.attempt",
        ):
            self.refused(caller, f"truncate of {table}", f"truncate {table} cascade")
        self.refused(caller, "setval on the ids", "select setval('todo_id_seq', 1)")
        self.refused(caller, "a table in devots", "create table devots.mine()")

    def _poses(self, caller: Caller) -> None:
        """Becoming somebody else in the middle of a transaction."""
        if caller.login != DESKTOP:
            return  # those share the platform's login, which may set roles; their claims were verified before
        for role in ("authenticated", "anon", "portal", SUPERUSER):
            self.refused(caller, f"set role {role}", f"set local role {role}")
        outcome = self.run(caller, "select devots.uid()")
        user = outcome.rows[0][0] if outcome.rows else outcome.sqlstate
        self.want(caller, f"is taken for {user}", holds=user == next(iter(caller.sees), None))
        touched = self.run(caller, "select devots.session_touch()")
        self.want(
            caller, "session_touch tells a session from none wrongly", holds=bool(touched.rows and touched.rows[0][0]) == bool(caller.sees)
        )

    def _functions(self) -> None:
        rows = self.owner.execute(
            """
            select p.oid::regprocedure::text, p.prosecdef, p.provolatile::text, coalesce(array_to_string(p.proconfig, ','), ''), p.prosqlbody is not null,
                   array(select r from unnest(%s::text[]) r where has_function_privilege(r, p.oid, 'execute')),
                   p.proacl is null or exists (select from aclexplode(p.proacl) x where x.grantee = 0)
              from pg_proc p where p.pronamespace in ('public'::regnamespace, 'devots'::regnamespace)""",
            [list(_ROLES)],
        ).fetchall()
        for name in {row[0] for row in rows} ^ FUNCTIONS.keys():
            self.found.append(f"function {name} is {'missing' if name in FUNCTIONS else 'unknown'}")
        for name, definer, volatility, config, parsed, allowed, public in rows:
            roles, wanted_definer, wanted_volatility = FUNCTIONS.get(name, (NOBODY, False, volatility))
            if set(allowed) != roles or public:
                self.found.append(f"function {name} may be executed by {allowed}{' and PUBLIC' if public else ''}")
            if definer != wanted_definer or volatility != wanted_volatility:
                self.found.append(f"function {name} has security definer {definer}, volatility {volatility}")
            if config != 'search_path=""' and not parsed:
                self.found.append(f"function {name} does not pin its search_path")

    def _privileges(self) -> None:
        """Every privilege on every table and, where it is not on the whole of it, on its columns."""
        privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
        privileges += ["MAINTAIN"] if self.owner.info.server_version >= 170000 else []
        rows = self.owner.execute(
            """
            select t, r, p, has_table_privilege(r, c.oid, p),
                   case when p in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') then
                     array(select attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                              and has_column_privilege(r, c.oid, a.attnum, p)) else '{}' end
              from unnest(%s::text[]) t
              join pg_class c on c.relname = split_part(t, '.', 2) and c.relnamespace = split_part(t, '.', 1)::regnamespace,
                   unnest(%s::text[]) r, unnest(%s::text[]) p""",
            [list(TABLES), ["public", *_ROLES], privileges],
        ).fetchall()
        for table, role, privilege, whole, columns in rows:
            wanted = TABLES[table].get(privilege, set()) if role in CLIENTS else set[str]()
            if whole != (wanted is None):
                self.found.append(f"{role} {'has' if whole else 'lacks'} {privilege} on {table}")
            elif wanted is not None and set(columns) != wanted:
                self.found.append(f"{role} has {privilege} on {table} for {sorted(columns)}")

    def _attributes(self) -> None:
        """Row-level security, policies and the role itself, as the catalogue has them."""
        for table in _SECURED:
            if not self._one("select relrowsecurity from pg_class where oid = %s::regclass", _quoted(table)):
                self.found.append(f"row-level security is off on {table}")
        for table, name, roles in self.owner.execute(
            "select polrelid::regclass::text, polname, polroles::regrole[]::text[] from pg_policy"
        ).fetchall():
            if roles not in (["authenticated"], [DESKTOP]):
                self.found.append(f"policy {name} on {table} is for {roles}")
        role = self.owner.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, rolreplication from pg_roles where rolname = %s",
            [DESKTOP],
        ).fetchone()
        if role != (False,) * 6:
            self.found.append(f"{DESKTOP} has attributes {role}")
        if self._one("select exists (select from pg_auth_members where member = %s::regrole)", DESKTOP):
            self.found.append(f"{DESKTOP} is a member of another role")

    def _sign_in(self) -> None:
        """With a person of its own: tries that are rolled back teach nothing, and five wrong ones close the door."""
        caller = Caller("desktop, signing in", DESKTOP)
        eve = self.managed.add_person("eve", password="the right one")
        salt, again = (self._committed("select devots.sign_in_salt('nobody@example.org')") for _ in range(2))
        self.want(
            caller,
            "the salt of an unknown e-mail is not stable or not like a real one",
            holds=salt == again and salt is not None and len(salt) == 32,
        )
        key = derive_key("the right one", self._committed("select devots.sign_in_salt(%s)", eve.email) or "")
        with self.as_(caller) as connection:
            connection.execute("savepoint tried")
            attempt = _outcome(connection, "select devots.sign_in_try(%s, %s)", (eve.email, key)).rows[0][0]
            claimed = _outcome(connection, "select devots.sign_in_claim(%s)", (attempt,))
            self.want(caller, "a try that can be rolled back is answered", holds=claimed.rows == [(None,)])
        unknown = self._committed("select devots.sign_in_try('nobody@example.org', %s)", key)
        self.want(caller, "an unknown e-mail is told apart", holds=unknown is not None)
        self.want(caller, "an unknown e-mail gets in", holds=self._committed("select devots.sign_in_claim(%s)", unknown) is None)
        tries = [self._committed("select devots.sign_in_try(%s, %s)", eve.email, "0" * 128) for _ in range(5)]
        self.want(caller, "a wrong try is told apart", holds=all(tries))
        self.want(caller, "a wrong key gets in", holds=self._committed("select devots.sign_in_claim(%s)", tries[0]) is None)
        sixth = self._committed("select devots.sign_in_try(%s, %s)", eve.email, key)
        self.want(caller, "five wrong tries do not close the door", holds=sixth is None)

    def _eavesdropping(self) -> None:
        """What Ada's session runs is visible to everybody who shares the login: neither token nor channel may stand there."""
        ada = next(caller for caller in self.callers if caller.name == "desktop, Ada")
        with self.managed.desktop() as other, self.as_(ada) as connection:
            self._present(connection, ada.token)
            self._overhear(other, ada, "token", ada.token)
            connection.execute("select devots.listen()")
            channel = self._one("select devots.channel(%s)", self.ada.user_id)
            self._overhear(other, ada, "channel", channel)
            listening = connection.execute("select devots.session_user_id() is not null").fetchone()
            self.want(ada, "is not signed in while listening", holds=listening == (True,))

    def _overhear(self, other: psycopg.Connection, caller: Caller, what: str, secret: str) -> None:
        seen = other.execute("select query from pg_stat_activity where pid <> pg_backend_pid()").fetchall()
        self.want(caller, f"the {what} stands in pg_stat_activity", holds=not any(secret in (row[0] or "") for row in seen))

    def _committed(self, sql: str, *parameters: object) -> Any:
        connection = self._connections[DESKTOP]
        connection.rollback()
        row = connection.execute(sql, parameters).fetchone()
        connection.commit()
        return None if row is None or row[0] is None else str(row[0])

    def _one(self, sql: str, *parameters: object) -> Any:
        row = self.owner.execute(sql, parameters).fetchone()
        return None if row is None else row[0]


def violations(managed: Managed, present: Present = bound) -> list[str]:
    """Everything in this database that somebody may and should not, or should and may not. `present` is how a client shows its session."""
    with ExitStack() as stack:
        owner = stack.enter_context(managed.owner())
        desktop = stack.enter_context(managed.database.connect(DESKTOP, autocommit=False))
        web = stack.enter_context(managed.database.connect(SUPERUSER, autocommit=False))
        found = Matrix(managed, {"anon": web, "authenticated": web, DESKTOP: desktop}, owner, present).check()
        web.rollback()
        desktop.rollback()
        return found


def _outcome(connection: psycopg.Connection, sql: str, parameters: Any) -> Outcome:
    try:
        return Outcome(connection.execute(sql, parameters or None).fetchall())
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:  # a statement without rows
            return Outcome([])
        return Outcome([], error.sqlstate)
    except psycopg.Error as error:
        return Outcome([], error.sqlstate)


def _quoted(table: str) -> str:
    schema, name = table.split(".")
    return f'{schema}."{name}"'
