"""Damage that is found while an account is in use: the window goes on with a rebuilt list, and says what happened."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import CacheDamaged, CacheUnusable
from devots_desktop.services import care
from devots_desktop.services.account import OpenAccount, now
from devots_desktop.services.notices import Notice, Notices, rescued
from devots_desktop.store import backup, damage
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import View
from devots_desktop.store.recovery import Rescue
from tests.unit.test_account import Place, until

PATIENCE_S = 20


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def spoil(account: OpenAccount, statement: str = "UPDATE todo SET text = 'wrong' WHERE text = 'bread'") -> None:
    """Damage as SQLite does not see it, by another connection."""
    with closing(sqlite3.connect(account.cache.path, isolation_level=None)) as db:
        db.execute(statement)


def texts(account: OpenAccount) -> list[str]:
    return sorted(todo.text for todo in account.lists.todos(account.lists.keys(View.ALL)).values())


def rebuilt(account: OpenAccount) -> asyncio.Event:
    seen = asyncio.Event()
    account.notices.added.subscribe(lambda _: seen.set())
    return seen


class TestInUse:
    def test_a_list_with_a_server_is_whole_again(self, place: Place) -> None:
        """Todos come back from the server, what waited is sent, and the screen is told to read the list anew."""

        async def scene() -> None:
            account = place.open()
            reloads: list[ChangeSet] = []
            account.changes.subscribe(lambda changes: reloads.append(changes) if changes.reload else None)
            account.start(place.tasks, look_every=0.05)
            for text in ("milk", "bread"):
                await account.todos.add(text)
            await asyncio.wait_for(until(account, Live.LIVE).wait(), PATIENCE_S)
            place.server.up = False
            waiting = await account.todos.add("tea")
            seen = rebuilt(account)
            spoil(account)
            with pytest.raises(CacheDamaged):
                texts(account)
            place.server.up = True
            await asyncio.wait_for(seen.wait(), PATIENCE_S)
            while texts(account) != ["bread", "milk", "tea"] or account.lists.counts().pending:  # noqa: ASYNC110 (the server's answers have no event)
                await asyncio.sleep(0.02)
            await account.todos.edit(waiting, "green tea")
            while account.lists.counts().pending:  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.02)
            [notice] = account.notices.all()
            assert notice.title == "List rebuilt"
            assert any(changes.seq >= 3 for changes in reloads)
            await place.tasks.close()
            await account.close()

        asyncio.run(asyncio.wait_for(scene(), 2 * PATIENCE_S))
        assert place.failures == []
        assert sorted(row.text for row in place.server.pull("ada", 0, None, 9).rows) == ["bread", "green tea", "milk"]

    def test_a_rebuild_that_fails_is_a_sentence_and_not_a_circle(self, place: Place) -> None:
        async def scene() -> None:
            account = place.open()
            account.start(place.tasks, look_every=0.05)
            await account.todos.add("bread")
            seen = rebuilt(account)
            with closing(Cache(account.cache.path, syncs=True, clock=now)):
                spoil(account)
                with pytest.raises(CacheDamaged):
                    texts(account)
                await asyncio.wait_for(seen.wait(), PATIENCE_S)
            assert "another Devots program" in account.notices.all()[0].sentence
            for refused in (lambda: account.todos.add("x"), account.todos.refresh):
                with pytest.raises(CacheUnusable):
                    await refused()
            with pytest.raises(CacheUnusable):
                texts(account)
            await place.tasks.close()
            await account.close()

        asyncio.run(asyncio.wait_for(scene(), 2 * PATIENCE_S))
        assert len(place.failures) == 1

    def test_the_next_start_mends_what_this_one_could_not(self, place: Place) -> None:
        account = place.open()
        with closing(account.cache), closing(account.lists):
            damage.mark(account.cache.path)
        again = place.open()
        with closing(again.cache), closing(again.lists):
            assert [notice.title for notice in again.notices.all()] == ["List rebuilt"]


def test_a_network_drive_is_told_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devots_desktop.services.account.is_network", lambda _: True)
    for titles in (["List on a network drive"], []):
        account = place.open()
        with closing(account.cache), closing(account.lists):
            assert [notice.title for notice in account.notices.all()] == titles


class TestCare:
    def run_care(self, path: Path, *, suspicious: bool, until_quiet: int) -> list[float]:
        """Look after a file until its second pause, on a clock of ten days."""
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == until_quiet:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(care.look_after(path, lambda: 10 * 86_400_000_000, sleep, suspicious=suspicious))
        return pauses

    def test_a_backup_is_made_when_the_start_is_over(self, place: Place) -> None:
        account = place.open()
        with closing(account.cache), closing(account.lists):
            assert self.run_care(account.cache.path, suspicious=False, until_quiet=2) == [care.QUIET_S, care.EVERY_S]
            assert len(backup.dailies(account.cache.path)) == 1

    @pytest.mark.expects_log("did not succeed: List damaged")
    def test_after_an_unclean_end_the_file_is_looked_through_at_once(self, place: Place) -> None:
        async def fill(account: OpenAccount) -> None:
            account.start(place.tasks, follow=False)
            await account.todos.add("bread")
            await account.close()

        asyncio.run(fill(place.open()))
        account = place.open()
        with closing(account.cache), closing(account.lists):
            spoil(account)
            self.run_care(account.cache.path, suspicious=True, until_quiet=1)
            assert damage.marked(account.cache.path)


class TestNotices:
    def test_they_stay_until_they_are_dismissed(self) -> None:
        notices, told = Notices(), list[Notice]()
        notices.added.subscribe(told.append)
        notice = Notice("A", "B.", "C.")
        notices.add(notice)
        notices.add(Notice("A", "B.", "C."))
        assert (notices.all(), told, str(notice)) == ((notice,), [notice], "A: B. C.")
        notices.dismiss(notice)
        assert notices.all() == ()

    @pytest.mark.parametrize(
        ("rescue", "syncs", "says"),
        [
            (Rescue(Path("/q"), 12, 0, 0, 0), False, ["12 todos.", "Nothing is known to be missing", "cannot be undone", "is in /q"]),
            (
                Rescue(Path("/q"), 1, 2, 3, 1),
                True,
                ["1 todo and 2 waiting changes", "1 waiting change could not be saved", "comes from the server"],
            ),
            (Rescue(Path("/q"), 9, 0, 3, 0), False, ["3 todos could not be saved"]),
            (Rescue(Path("/q"), 9, 0, 0, 0, 4, 1_790_000_000_000_000), False, ["4 of them came from the backup of 21 September 2026"]),
            (Rescue(Path("/q"), 0, 0, 0, 0), False, ["Nothing in it could be read"]),
        ],
    )
    def test_what_a_rebuild_saved(self, rescue: Rescue, says: list[str], *, syncs: bool) -> None:
        notice = str(rescued("Home", rescue, syncs=syncs))
        assert [part for part in says if part not in notice] == []
