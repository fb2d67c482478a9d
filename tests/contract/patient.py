"""An account that is examined, and what is done to it meanwhile."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from devots_desktop.domain.account import Account
from devots_desktop.domain.finding import Finding
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.doctor import Doctor
from devots_desktop.services.tasks import Tasks
from devots_desktop.store import rows
from devots_desktop.store.checksum import register
from devots_desktop.store.profile import Profile

Result = TypeVar("Result")


@dataclass
class Patient:
    """An account that a doctor looks at."""

    profile: Profile
    accounts: Accounts
    account: Account

    @property
    def cache(self) -> Path:
        return self.profile.cache_path(self.account)

    def doctor(self) -> Doctor:
        return self.accounts.doctor(self.account)

    def examined(self) -> dict[str, Finding]:
        """The findings by check; of several, the first."""
        return {each.check: each for each in reversed(asyncio.run(self.doctor().examine()))}

    def repaired(self) -> tuple[list[str], dict[str, Finding]]:
        async def repair() -> tuple[list[str], list[Finding]]:
            doctor = self.doctor()
            done = await doctor.repair(await doctor.examine())
            return done, await doctor.examine()

        done, found = asyncio.run(repair())
        return done, {each.check: each for each in reversed(found)}

    def using(self, work: Callable[[OpenAccount], Awaitable[Result]]) -> Result:
        async def use() -> Result:
            failures: list[BaseException] = []
            tasks = Tasks(lambda _, error: failures.append(error))
            opened = self.accounts.open(self.account)
            opened.start(tasks, follow=False)
            try:
                return await work(opened)
            finally:
                await tasks.close()
                await opened.close()

        return asyncio.run(use())

    def sync(self) -> None:
        assert self.using(lambda opened: opened.sync_once(timeout=50)).sentence == ""

    def shown(self) -> list[str]:
        with closing(sqlite3.connect(self.cache)) as db:
            return sorted(text for (text,) in db.execute("SELECT text FROM todo"))

    def outbox(self) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.cache)) as db:
            return db.execute("SELECT * FROM outbox").fetchall()

    def spoil(self) -> tuple[str, ...]:
        """Two of the three are not what the server has any more; which."""
        with closing(sqlite3.connect(self.cache, isolation_level=None)) as db:
            register(db)
            ids = tuple(sorted(key for (key,) in db.execute("SELECT client_id FROM todo WHERE text IN ('eggs', 'bread')")))
            db.execute("UPDATE todo SET text = 'wrong' WHERE text = 'eggs'")
            db.execute("DELETE FROM todo WHERE text = 'bread'")
            rows.stamp(db)
            return ids
