"""The current account of a profile without a window: `python -m tests.bench.account_alone PROFILE` prints milliseconds until it is live.

Its connection is made once before: what an account loads for it is loaded then.
"""

import asyncio
import sys
import time
from pathlib import Path

from devots_desktop.domain.account import Live
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.secrets import Secrets
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile


async def follow(folder: Path) -> float:
    """Milliseconds from the opening of the account."""
    profile, live = Profile(folder), asyncio.Event()
    accounts = Accounts(profile)

    def fail(name: str, error: BaseException) -> None:
        raise RuntimeError(name) from error

    await (await accounts.supabase.connect(accounts.current(), Secrets(profile))).close()
    tasks, started = Tasks(fail), time.perf_counter()
    opened = accounts.open(accounts.current())
    opened.statuses.subscribe(lambda status: live.set() if status.live is Live.LIVE else None)
    opened.start(tasks)
    await live.wait()
    taken = (time.perf_counter() - started) * 1e3
    await opened.close()
    await tasks.close()
    return taken


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(follow(Path(sys.argv[1])))}\n")
