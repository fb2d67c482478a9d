"""Work on a cache whose changes are told, even where whoever waits for the work is cancelled."""

from collections.abc import Callable
from typing import TypeVar

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.store.cache import Cache

Result = TypeVar("Result")


def telling(cache: Cache, work: Callable[[], Result], publish: Callable[[ChangeSet], object]) -> Callable[[], Result]:
    """The work, followed by `publish` with what changed.

    A cancelled wait does not undo work that has begun. So the publication does not pass through the waiting task: it is called on the cache's
    own thread, in the order of the work, and whoever needs it elsewhere hands it over.
    """

    def work_and_tell() -> Result:
        result = work()
        if changes := cache.news():
            publish(changes)
        return result

    return work_and_tell
