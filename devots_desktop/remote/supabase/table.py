"""The plain table of a Supabase project over REST: what remote/plain.py makes a Remote of (supabase-contract.md, sections 2.4 to 2.6)."""

from collections.abc import Awaitable, Callable
from typing import Any

from devots_desktop.domain.errors import AccountUnusable, BatchRefused, Unreachable
from devots_desktop.domain.times import from_iso, to_iso
from devots_desktop.domain.todo import Patch, ServerRow
from devots_desktop.remote import web
from devots_desktop.remote.plain import plain_row
from devots_desktop.remote.supabase.link import Build, Link
from devots_desktop.remote.supabase.listener import PLAIN, Listener

_COLUMNS = "id,text,completed,created_at,updated_at"
"""Others may be there; they are neither read nor written."""


class SupabaseTable:
    """Keeps the protocol Table of remote/plain.py."""

    def __init__(self, link: Link, is_managed: Callable[[Link], Awaitable[bool]]) -> None:
        """Take over a connection; `is_managed` looks whether our migrations have run meanwhile."""
        self._link = link
        self._is_managed = is_managed
        self._user_id = ""
        self._seen = 0
        self._silent = True

    async def who(self) -> str:
        """See Table.who. Where rows came, nothing is concluded from silence; a row that was seen before and is there proves the session as well.

        Only then Auth is asked: it answers one person's question a few times a minute (supabase-contract.md, section 1.9).
        """
        if not self._user_id or (self._silent and not await self._sees_again()):
            self._user_id = await self._link.session.who()
        return self._user_id

    async def rows(self, after: int, limit: int) -> list[ServerRow]:
        """See Table.rows. The server cuts an answer at a number of its own without a word, so only an empty one is the end."""
        if not after and await self._is_managed(self._link):
            raise Unreachable("Project upgraded", "The project was upgraded.", "The list is read again in a moment.")
        found: list[ServerRow] = []
        while len(found) < limit:
            more = await self._page(found[-1].server_id if found else after, limit - len(found))
            found += more
            if not more:
                break
        self._silent = len(found) < limit
        if found:
            self._seen = found[-1].server_id
        return found

    async def find(self, created_at: int) -> list[ServerRow]:
        """See Table.find."""
        user_id, at = await self._user(), _time(created_at)
        return await self._ask(lambda rest: rest.from_("todo").select(_COLUMNS).eq("user_id", user_id).eq("created_at", at))

    async def insert(self, values: Patch, created_at: int) -> ServerRow:
        """See Table.insert."""
        row = {"completed": False, **values, "user_id": await self._user(), "created_at": _time(created_at)}
        made = await self._write(lambda rest: rest.from_("todo").insert(row))
        if not made:
            raise web.unreadable()
        return made[0]

    async def update(self, server_id: int, values: Patch) -> ServerRow | None:
        """See Table.update. An answer without a row is one that hit none, though the server calls it a success."""
        found = await self._write(lambda rest: rest.from_("todo").update(dict(values)).eq("id", server_id))
        return found[0] if found else None

    async def delete(self, server_id: int) -> bool:
        """See Table.delete."""
        return bool(await self._write(lambda rest: rest.from_("todo").delete().eq("id", server_id)))

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Table.listen."""
        await Listener(self._link, PLAIN, ready, changed, deletes=True).run()

    @property
    def untold(self) -> str:
        """See Explaining."""
        return self._link.untold

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return await self._link.reachable()

    async def close(self) -> None:
        """See Remote.close."""
        await self._link.close()

    async def _sees_again(self) -> bool:
        seen, user_id = self._seen, self._user_id
        return bool(seen and await self._ask(lambda rest: rest.from_("todo").select(_COLUMNS).eq("user_id", user_id).eq("id", seen)))

    async def _user(self) -> str:
        return self._user_id or await self.who()

    async def _page(self, after: int, limit: int) -> list[ServerRow]:
        user_id = await self._user()
        return await self._ask(
            lambda rest: rest.from_("todo").select(_COLUMNS).eq("user_id", user_id).gt("id", after).order("id").limit(limit)
        )

    async def _ask(self, build: Build) -> list[ServerRow]:
        given = await self._link.ask(build)
        try:
            return list(map(_row, given))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise web.unreadable() from None

    async def _write(self, build: Build) -> list[ServerRow]:
        """As `_ask`, for a row. A right that is missing for this row is a refusal of it: row-level security says so."""
        self._silent = True
        try:
            return await self._ask(build)
        except AccountUnusable as error:
            raise BatchRefused(error.title, "The server does not allow this change.", error.next_step) from None


def _row(given: dict[str, Any]) -> ServerRow:
    return plain_row(
        given["id"],
        given["text"],
        completed=given["completed"],
        created_at=from_iso(given["created_at"]),
        updated_at=from_iso(given["updated_at"]),
    )


def _time(at: int) -> str:
    """Naive UTC with six digits: an offset would be dropped without a word (supabase-contract.md, fact 9)."""
    return to_iso(at).removesuffix("Z")
