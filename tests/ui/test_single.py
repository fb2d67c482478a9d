"""The window's socket, where none can be made."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from devots_desktop.services import wake
from devots_desktop.ui.single import SingleWindow


def test_where_no_socket_can_be_made_the_window_opens_without(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "socket_address", lambda _: str(tmp_path / ("x" * 120)))
    single = SingleWindow(tmp_path)
    assert single.listen()
    single.close()
    assert list(tmp_path.iterdir()) == []
