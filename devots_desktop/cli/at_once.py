"""The verbs of the services without an event loop, for commands that do one thing on the cache and end."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def here(work: Callable[[], Result]) -> Result:
    """Work on the cache in this thread: it is the only one that has it."""
    return work()


def at_once(verb: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that waits for nothing."""
    try:
        verb.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    verb.close()
    raise RuntimeError("A verb waited although its cache is worked on here.")
