"""Three kinds of failure, three treatments: cancelled is silence, an expected one is its sentence, a bug is a report once per traceback."""

import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from devots_desktop.domain.errors import DevotsError

_log = logging.getLogger(__name__)
_BUG = "Something went wrong inside Devots; what was saved is safe. The report is in the log."


class Failures:
    """Where every exception ends that nobody caught."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Take them.

        Args:
            say: shows a sentence in the window.
        """
        self._say = say
        self._reported: set[str] = set()

    def install(self) -> None:
        """Take what leaves slots and callbacks."""
        sys.excepthook = self._hook

    def task_failed(self, name: str, error: BaseException) -> None:
        """Take what a task raised."""
        self.take(error)

    def loop_failed(self, _: object, context: dict[str, object]) -> None:
        """Take what an asyncio callback raised; the loop's own messages without an exception are bugs as well."""
        error = context.get("exception")
        self.take(error if isinstance(error, BaseException) else RuntimeError(str(context.get("message"))))

    def take(self, error: BaseException) -> None:
        """Treat a failure by its kind. The report leaves out the exception's message, which may hold somebody's todo."""
        if isinstance(error, DevotsError):
            self._say(str(error))
            return
        if type(error).__name__ == "CancelledError" or isinstance(error, KeyboardInterrupt):
            return
        where = "".join(traceback.format_tb(error.__traceback__))
        if where not in self._reported:
            self._reported.add(where)
            _log.error("Unexpected %s\n%s", type(error).__name__, where, extra={"failure": error})
        self._say(_BUG)

    def _hook(self, _: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        self.take(error)
