"""A Supabase project as a place for todos: the stand-in, and the program's own remotes on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devots_desktop.domain.errors import SignedOut
from devots_desktop.remote.base import Remote
from devots_desktop.remote.plain import PlainRemote
from devots_desktop.remote.postgres.migrate import downgrade, upgrade
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link
from devots_desktop.remote.supabase.remote import ManagedRemote, is_managed
from devots_desktop.remote.supabase.session import Tokens
from devots_desktop.remote.supabase.table import SupabaseTable
from tests.contract.backends import FORBIDDEN, PlainPortal, Portal, PostgresWeb, free_port
from tests.contract.knowing import Keys, KnowingRemote
from tests.servers.managed import Managed
from tests.servers.supabase import SupabaseServer

_ACCESS = """
alter table public.todo enable row level security;
drop policy if exists theirs on public.todo;
create policy theirs on public.todo to authenticated using ((select auth.jwt() ->> 'sub') = user_id) with check ((select auth.jwt() ->> 'sub') = user_id);
grant select, insert, update, delete on public.todo to authenticated;
grant usage on sequence public.todo_id_seq to authenticated;
"""
AFTER_ANY_TOKEN_S = 2 * 3_600.0


class MemoryKeep:
    """Keeps a session's tokens for the connections of one event loop."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._lock = asyncio.Lock()
        self.refused = False
        self.saved: list[str] = []
        self.loads = 0

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._lock:
            yield

    async def load(self) -> Tokens:
        self.loads += 1
        if self.refused:
            raise SignedOut
        return self.tokens

    async def save(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.saved.append(tokens.refresh_token)

    def refuse(self, tokens: Tokens) -> None:
        self.refused = True


class SupabaseBackend:
    """A stand-in's project. The devices of a person share a session, as the connections of one account do."""

    def __init__(self, server: SupabaseServer, *, plain: bool) -> None:
        self.plain = plain
        self._server = server
        self._managed = Managed(server.database)
        self._kept: dict[str, MemoryKeep] = {}
        self._keys: Keys = {}
        self.web = PostgresWeb(server.database)
        with server.database.connect() as owner:
            owner.execute(f"alter table todo add constraint of_the_owner check (text not like '{FORBIDDEN}%')")

    def person(self, name: str) -> str:
        session = self._server.sign_up(f"{name}@example.org")
        user_id: str = session["user"]["id"]
        self._kept[user_id] = MemoryKeep(Tokens(user_id, session["refresh_token"]))
        return user_id

    def connect(self, user_id: str) -> Remote:
        return self._remote(self._link(self._server.url, user_id))

    def remote(self, user_id: str) -> Remote:
        return KnowingRemote(self.connect(user_id), self._keys) if self.plain else self.connect(user_id)

    def nowhere(self, user_id: str) -> Remote:
        return self._remote(self._link(f"http://127.0.0.1:{free_port()}", user_id))

    def elsewhere(self) -> Portal | PlainPortal:
        return PlainPortal(self._managed, self._keys) if self.plain else Portal(self._managed)

    def sign_out(self, user_id: str) -> None:
        """End the sessions. Their access tokens are good until they end, whatever anybody does: that time passes, too."""
        with self._server.database.connect("postgres") as admin:
            admin.execute("delete from auth.sessions where user_id = %s", [user_id])
        self._server.clock.advance(AFTER_ANY_TOKEN_S)

    def cut(self) -> None:
        self._server.faults.rest.lose += 1
        self._server.realtime.close_sockets(1006)

    def switch(self) -> None:
        if self.plain:
            # The table's own policies stay beside ours, and say the same.
            upgrade(self._server.database.url(), flavour="supabase", accept_rights=True)
        else:
            downgrade(self._server.database.url())
            with self._server.database.connect() as owner:
                owner.execute(_ACCESS)
        self.plain = not self.plain

    def _link(self, url: str, user_id: str) -> Link:
        return Link(Project(url), self._server.publishable_key, self._kept[user_id])

    def _remote(self, link: Link) -> Remote:
        return PlainRemote(SupabaseTable(link, is_managed)) if self.plain else ManagedRemote(link)
