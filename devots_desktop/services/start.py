"""The start of the window before Qt is loaded: hand over to a window that is there already, else open the list.

It comes before Qt, so that a second start does without.
"""

from pathlib import Path
from typing import NamedTuple

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services import settings
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.notices import unclean_end
from devots_desktop.services.running import Running
from devots_desktop.services.settings import Settings
from devots_desktop.store.profile import Profile

OPEN_MARK = "window.open"
"""An empty file in the profile while a window is open, or after one was killed: without it, nobody need be asked whether there is one."""


class Start(NamedTuple):
    """What the window begins with.

    Attributes:
        opened: the current account.
        running: this run's mark; ends with the program.
    """

    profile: Profile
    settings: Settings
    accounts: Accounts
    opened: OpenAccount
    running: Running


def begin(folder: Path) -> Start | None:
    """Open the current account of a profile; None where a window of this profile came to the front instead.

    Raises:
        DevotsError: the profile or its list cannot be used.
    """
    profile = Profile(folder)
    if _hand_over(profile.folder):
        return None
    accounts = Accounts(profile)
    running = Running(profile.folder)
    if running.begin():
        accounts.suspicious = True
        accounts.notices.add(unclean_end())
    try:
        return Start(profile, settings.load(profile.folder), accounts, accounts.open(accounts.current()), running)
    except DevotsError:
        running.end()
        raise


def _hand_over(folder: Path) -> bool:
    """Bring a window that this profile has already to the front."""
    if not (folder / OPEN_MARK).exists():
        return False
    from devots_desktop.services import wake  # Sockets cost 10 ms, which only a second start has to pay.

    return wake.ping(folder, wake.SHOW)
