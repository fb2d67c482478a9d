"""What a window leaves in the profile folder: where it was and how it was divided."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray

from devots_desktop.domain.sorting import Sort
from devots_desktop.store.profile import write_private

if TYPE_CHECKING:
    from devots_desktop.ui.window import MainWindow

_NAME = "window.json"


def restore(window: "MainWindow", folder: Path) -> None:
    """Give the window the place that it had; where there is none, or the file is broken, it keeps the default."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        state = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        window.restoreGeometry(QByteArray.fromBase64(state["geometry"].encode()))
        window.splitter.setSizes([int(size) for size in state["splitter"]])


def sort_of(folder: Path) -> Sort:
    """The order that the list had last."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Sort(json.loads((folder / _NAME).read_text(encoding="utf-8"))["sort"])
    return Sort.NEWEST


def details_of(folder: Path) -> bool:
    """Whether the details were open."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return bool(json.loads((folder / _NAME).read_text(encoding="utf-8"))["details"])
    return False


def save(window: "MainWindow", folder: Path) -> None:
    """Remember the window's place; a folder that cannot be written any more is no reason to stop a program from ending."""
    geometry = bytes(window.saveGeometry().toBase64().data()).decode()
    state = {
        "geometry": geometry,
        "splitter": window.splitter.sizes()[:2],
        "sort": window.model.order,
        "details": window.header.details.isChecked(),
    }
    with suppress(OSError):
        write_private(folder / _NAME, json.dumps(state))
