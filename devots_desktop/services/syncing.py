"""The engine with real pauses, real chance and the computer's clocks, which a simulation replaces."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from devots_desktop.domain.account import Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.remote.base import Remote
from devots_desktop.store.cache import Cache, Run
from devots_desktop.sync.engine import Engine


def engine(
    cache: Cache,
    connect: Callable[[], Awaitable[Remote]],
    *,
    user_id: str,
    run: Run,
    publish: Callable[[ChangeSet], object],
    tell: Callable[[Status], None],
) -> Engine:
    """An engine for a person's account; the arguments are those of Engine."""
    return Engine(
        cache,
        connect,
        user_id=user_id,
        run=run,
        publish=publish,
        tell=tell,
        sleep=asyncio.sleep,
        rng=random.Random(),  # noqa: S311 (spreads pauses, guards nothing)
        wall=time.time,
        monotonic=time.monotonic,
    )
