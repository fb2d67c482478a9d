"""The current account of a profile, a portal's, without a window: `python -m tests.bench.portal_alone PROFILE` prints milliseconds until it has its list.

Its connection is made and used once before: what an account loads for it is loaded then, as the reference's is.
"""

import asyncio
import sys
import time
from pathlib import Path

from devots_desktop.services.accounts import Accounts
from devots_desktop.services.secrets import Secrets
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile


async def download(folder: Path) -> float:
    """Milliseconds from the opening of the account."""
    profile = Profile(folder)
    accounts = Accounts(profile)
    warm = await accounts.portal.connect(accounts.current(), Secrets(profile))
    await warm.pull(0, None, 1)
    await warm.close()

    def fail(name: str, error: BaseException) -> None:
        raise RuntimeError(name) from error

    tasks, started = Tasks(fail), time.perf_counter()
    opened = accounts.open(accounts.current())
    opened.start(tasks, follow=False)
    report = await opened.sync_once(timeout=120)
    taken = (time.perf_counter() - started) * 1e3
    if not report.pulled:
        raise RuntimeError(report.sentence)
    await opened.close()
    await tasks.close()
    return taken


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(download(Path(sys.argv[1])))}\n")
