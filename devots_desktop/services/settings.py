"""What the user has set, in settings.json of the profile."""

import json
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from devots_desktop.domain.errors import ProfileUnusable
from devots_desktop.store.profile import write_private

_NAME = "settings.json"


class Appearance(StrEnum):
    """Which scheme the window has."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Settings(NamedTuple):
    """The settings of a profile.

    Attributes:
        notify: tell changes from elsewhere.
        hide_text: without the todos' text, for screens that others see.
    """

    appearance: Appearance = Appearance.SYSTEM
    notify: bool = True
    hide_text: bool = False


def load(folder: Path) -> Settings:
    """The settings of this profile folder; what is missing or cannot be read is as it is by default."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        usual = Settings()._asdict()
        known = usual | {name: value for name, value in dict(found).items() if name in usual}
        return Settings(Appearance(known["appearance"]), known["notify"] is True, known["hide_text"] is True)
    return Settings()


def save(folder: Path, settings: Settings) -> None:
    """Store the settings: completely, or not at all.

    Raises:
        ProfileUnusable: they could not be written; what was there before is still there.
    """
    try:
        write_private(folder / _NAME, json.dumps(settings._asdict(), indent=1))
    except OSError as error:
        raise ProfileUnusable(
            "Settings not stored", f"The settings in {folder} could not be written.", "Allow writing to the folder, or free some space."
        ) from error
