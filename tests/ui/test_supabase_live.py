"""The window's loop carries a Supabase account's connection for changes: asyncio on Qt, with websockets on it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.contract.live import Elsewhere, Follower
from tests.servers.fixtures import Servers


def on_qt(qapp: QApplication, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    before = qapp.quitOnLastWindowClosed()
    qapp.setQuitOnLastWindowClosed(False)
    try:
        with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
            runner.run(main())
    finally:
        qapp.setQuitOnLastWindowClosed(before)


@pytest.mark.parametrize("trouble", ["none", "cut", "expired"])
def test_an_edit_made_elsewhere_arrives_and_nothing_is_left_at_the_end(
    qapp: QApplication, servers: Servers, tmp_path: Path, trouble: str
) -> None:
    with servers.project(18, "managed") as server:
        device = Follower(tmp_path, server)

        async def scene() -> None:
            async with device.following():
                if trouble == "cut":
                    server.realtime.close_sockets(1006)
                elif trouble == "expired":
                    server.clock.advance(3_700)
                Elsewhere(server, device.user_id).add("milk")
                await device.shows("milk")

        on_qt(qapp, scene)
