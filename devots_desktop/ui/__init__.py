"""The window: everything Qt. It calls services, and is told through ui/bridge.py what changed."""

import sys
from types import ModuleType
from typing import Any

import PySide6.QtCore  # noqa: F401 (loads what is changed below)


def _uses_no_features(_: ModuleType) -> bool:
    return False


def _read_no_sources() -> None:
    """Keep PySide6 from reading the source of each module that is imported after it, a fifth of what importing them costs.

    It looks whether the module is one of those that may want Qt's functions under other names (`from __feature__ import snake_case`,
    shibokensupport/feature.py). Nothing here does. Where PySide6 does it another way, all stays as it is.
    """
    feature: Any = sys.modules.get("shibokensupport.feature")
    if hasattr(feature, "_mod_uses_pyside"):
        feature._mod_uses_pyside = _uses_no_features  # noqa: SLF001 (there is no public way)


_read_no_sources()
