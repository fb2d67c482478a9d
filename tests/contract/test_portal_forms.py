"""The short form of the contract, for the forms of a portal that the whole of it is not run on: what depends on how a portal answers."""

from pathlib import Path

import pytest

from devots_desktop.domain.account import Live
from devots_desktop.store import edits, parking
from tests.contract.asking import opened, runs
from tests.contract.backends import FORBIDDEN, Backend
from tests.contract.test_engine_contract import Device, one
from tests.unit.building import queue

FORMS = [
    "portal-seed-superjson",
    "portal-seed-silent",
    "portal-seed-silent-superjson",
    "portal-desktop",
    "portal-desktop-superjson",
    "portal-desktop-silent",
]

pytestmark = pytest.mark.parametrize("backend", FORMS, indirect=True)


@runs
async def test_a_day_with_lost_answers(backend: Backend, tmp_path: Path) -> None:
    ada, desk = await one(backend, tmp_path, "milk", "bread", "old")
    lap = Device(tmp_path / "lap", backend, ada)
    async with opened(desk, lap):
        await lap.sync()
        edits.edit(desk.cache, edits.add(desk.cache, "added"), {"completed": True})
        edits.edit(desk.cache, desk.key("bread"), {"completed": True})
        edits.delete(desk.cache, desk.key("old"))
        desk.lose = 3
        assert (await desk.sync()).pending == 0
        backend.web.edit(ada, "bread", {"completed": False})
        for device in (lap, desk):
            await device.sync()
            assert device.todos == backend.web.todos(ada) == [("added", True), ("bread", False), ("milk", False)]
            assert (queue(device.cache), device.conflicts) == ([], [])


@runs
async def test_refused_and_gone(backend: Backend, tmp_path: Path) -> None:
    ada, desk = await one(backend, tmp_path, "milk", "bread")
    async with opened(desk):
        edits.add(desk.cache, FORBIDDEN)
        edits.edit(desk.cache, desk.key("milk"), {"completed": True})
        edits.delete(desk.cache, desk.key("bread"))
        for text in ("milk", "bread"):
            backend.web.delete(ada, text)
        report = await desk.sync()
        assert (report.live, report.pending, report.parked) == (Live.LIVE, 0, 2)
        assert all(parked.reason for parked in parking.everything(desk.cache.db))
        assert backend.web.todos(ada) == []


@runs
async def test_a_session_that_has_ended(backend: Backend, tmp_path: Path) -> None:
    ada, desk = await one(backend, tmp_path, "milk")
    async with opened(desk):
        edits.add(desk.cache, "new")
        backend.sign_out(ada)
        report = await desk.sync()
        assert (report.live, report.pending, report.parked) == (Live.SIGNED_OUT, 1, 0)
        assert desk.todos == [("milk", False), ("new", False)]
