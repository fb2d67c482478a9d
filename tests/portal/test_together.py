"""Four writers edit one list at once, each some twenty times and in part where another does.

All end alike, and no text is lost that lost a conflict: the device that overruled it has it (sync.md, section 2).
"""

import asyncio
from pathlib import Path

import pytest

from tests.portal.party import Desk, Party, Rows, party
from tests.servers.fixtures import Servers

ADDED = range(8)
MARKED = [f"marked {n}" for n in range(8)]
"""Each of the four marks four of them as done, mostly the same ones. Nobody marks the last."""
OVERRULED = [f"overruled {n}" for n in range(4)]
"""The page changes them, and then the desktop does that has not heard of it."""
CONTESTED = [f"contested {n}" for n in range(4)]
"""Both change them at the same moment."""
EDITED = "edited by the desktop when it had been deleted"
CHANGED = "deleted by the desktop when it had been changed"
DOOMED = [f"doomed {n}" for n in range(4)]
"""Each deletes one."""


@pytest.mark.timeout(120)  # six processes beside the server
def test_four_writers_at_once_converge_and_lose_no_text(servers: Servers, tmp_path: Path) -> None:
    async def scene() -> None:
        async with party(servers, tmp_path) as four, four.on_portal.in_use(follow=True) as portal:
            await portal.todos.add_lines("\n".join([*MARKED, *OVERRULED, *CONTESTED, EDITED, CHANGED, *DOOMED]))
            await portal.sent()
            await four.on_postgres.sync()
            async with four.on_postgres.in_use(follow=False) as offline:
                await _change_offline(offline)
            await asyncio.to_thread(four.web.follow)
            await _all_at_once(four, portal)

    asyncio.run(scene())


async def _change_offline(desk: Desk) -> None:
    for text in (*OVERRULED, *CONTESTED, EDITED):
        await desk.todos.edit(desk.id(text), f"{text}, by the desktop")
    await desk.todos.delete(desk.id(CHANGED))


async def _all_at_once(four: Party, portal: Desk) -> None:
    ids, deleted, changed = four.ids(), asyncio.Event(), asyncio.Event()
    others = asyncio.gather(
        _at_the_web_side(four, deleted), _at_the_page(four, ids, changed), _at_a_desktop(portal, "portal", MARKED[3:7], DOOMED[2])
    )
    await deleted.wait()
    await changed.wait()
    async with four.on_postgres.in_use(follow=True) as postgres:
        await _at_a_desktop(postgres, "postgres", MARKED[2:6], DOOMED[3])
        await others
        await postgres.sent()
        await portal.sent()
        rows = four.rows()
        _check(rows, postgres, portal)
        await postgres.shows(rows)
        await portal.shows(rows)
        await asyncio.to_thread(_the_web_shows, four, rows)


async def _at_the_web_side(four: Party, deleted: asyncio.Event) -> None:
    await asyncio.to_thread(four.web.delete, EDITED)
    deleted.set()
    for n in ADDED:
        await asyncio.to_thread(four.web.add, f"web side {n}")
    for text in MARKED[:4]:
        await asyncio.to_thread(four.web.complete, text)
    await asyncio.to_thread(four.web.delete, DOOMED[0])


async def _at_the_page(four: Party, ids: dict[str, int], changed: asyncio.Event) -> None:
    for text in (*OVERRULED, CHANGED):
        await asyncio.to_thread(four.page.rewrite, ids[text], f"{text}, by the page")
    changed.set()
    for text in CONTESTED:
        await asyncio.to_thread(four.page.rewrite, ids[text], f"{text}, by the page")
    for n in ADDED:
        await asyncio.to_thread(four.page.add, f"page {n}")
    for text in MARKED[1:5]:
        await asyncio.to_thread(four.page.complete, text)
    await asyncio.to_thread(four.page.delete, DOOMED[1])


async def _at_a_desktop(desk: Desk, name: str, marked: list[str], doomed: str) -> None:
    for n in ADDED:
        await desk.todos.add(f"{name} {n}")
    for text in marked:
        await desk.todos.complete(desk.id(text))
    await desk.todos.delete(desk.id(doomed))


def _check(rows: Rows, postgres: Desk, portal: Desk) -> None:
    """The list that they come to, and what lost."""
    by = {text.partition(",")[0]: text.partition(", by ")[2] for text, _ in rows}
    assert len(by) == len(rows)
    assert [text for text, completed in rows if completed] == MARKED[:7]
    added = [f"{name} {n}" for name in ("web side", "page", "portal", "postgres") for n in ADDED]
    assert sorted(by) == sorted([*MARKED, *OVERRULED, *CONTESTED, *added])
    overruled = [*OVERRULED, *(text for text in CONTESTED if by[text] == "the desktop")]
    assert {by[text] for text in overruled} == {"the desktop"}
    assert {by[text] for text in CONTESTED} <= {"the desktop", "the page"}
    lost = {f"{text}, by the page": f"{text}, by the desktop" for text in overruled}
    assert postgres.lost() == lost | {f"{CHANGED}, by the page": None}
    assert postgres.parked() == [f"{EDITED}, by the desktop"]
    assert (portal.lost(), portal.parked()) == ({}, [])


def _the_web_shows(four: Party, rows: Rows) -> None:
    """Both read the list, and both were told of what the others did."""
    for read in (four.web.rows(), four.page.rows()):
        assert sorted(read) == sorted(f"{'x' if completed else 'o'} {text}" for text, completed in rows)
    for name in ("page", "portal", "postgres"):
        four.web.is_told("INSERT", f"{name} {ADDED[-1]}")
    for name in ("web side", "portal", "postgres"):
        four.page.is_told("INSERT", f"{name} {ADDED[-1]}", False)
