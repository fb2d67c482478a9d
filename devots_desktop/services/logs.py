"""The log and the crash reports of a profile: where things happened, never whose data it was.

By construction no value gets there: of an exception only its type and its places in the code are written (its message may hold a todo), of other
libraries' records only who wrote them (asyncio's hold the arguments of callbacks). What is left of a message of ours is searched for secrets.
"""

import hashlib
import logging
import os
import platform
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import devots_desktop

MOST_BYTES = 1 << 20
KEPT = 3
REPORTS = 20
"""Crash reports that are kept."""
_OURS = "devots_desktop"
_GONE = "…"
_LONGEST = 2_000
"""Characters of a message: what is longer holds somebody's data, and searching it takes time."""
_SECRETS = (
    (re.compile(r"://\S*@"), f"://{_GONE}@"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), _GONE),
    (re.compile(r"[\w.+%-]{1,64}@[\w-]+(\.[\w-]+)*"), _GONE),
    (re.compile(r"\b(bearer|basic)\s+\S+", re.IGNORECASE), rf"\1 {_GONE}"),
    (re.compile(r"(passw(?:or)?d|pwd|token|secret|key|authorization|session)(['\"]?\s*[=:]\s*).+", re.IGNORECASE), rf"\1\2{_GONE}"),
    (re.compile(r"[\w+=~-]{20,}"), _GONE),
)


def start(folder: Path) -> None:
    """Write the log of a profile from now on, and a report for each bug. A folder that cannot be written has no log."""
    from logging.handlers import RotatingFileHandler

    class Private(RotatingFileHandler):
        """A log that only this user may read."""

        def _open(self) -> TextIOWrapper:
            descriptor = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            return os.fdopen(descriptor, "a", encoding="utf-8")

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
            """A full disk is no reason to fill the terminal."""

    logs = folder / "logs"
    with suppress(OSError):
        logs.mkdir(mode=0o700, exist_ok=True)
    file = Private(logs / "devots.log", maxBytes=MOST_BYTES, backupCount=KEPT - 1, encoding="utf-8", delay=True)
    file.setFormatter(Redacting())
    file.setLevel(logging.INFO)
    root = logging.getLogger()
    for handler in (file, CrashReports(folder / "crashes")):
        root.addHandler(handler)
    logging.getLogger(_OURS).setLevel(logging.INFO)
    threading.excepthook = _thread_failed


def stop() -> None:
    """End the log. For tests, which start more than one."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, CrashReports) or isinstance(each.formatter, Redacting)]:
        root.removeHandler(handler)
        handler.close()
    threading.excepthook = threading.__excepthook__


def redacted(text: str) -> str:
    """The text without what looks like a secret or an address."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def places(error: BaseException) -> str:
    """Where an exception came from, and those behind it: types, files, lines and functions, without any value."""
    return "\n".join(_chain(error, set()))


class Redacting(logging.Formatter):
    """A record on a line, and the places of its exception on those below."""

    def format(self, record: logging.LogRecord) -> str:
        """As logging.Formatter, without values."""
        ours = record.name.partition(".")[0] == _OURS
        try:
            message = redacted(record.getMessage()[:_LONGEST]) if ours else ""
        except Exception:  # noqa: BLE001 (a record whose arguments do not fit is logged all the same)
            message = "(unreadable)"
        lines = [f"{self.formatTime(record)} {record.levelname} {record.name}:{record.lineno} {message}".rstrip()]
        if record.exc_info and record.exc_info[1] is not None:
            lines.append(places(record.exc_info[1]))
        return "\n".join(lines).replace("\n", "\n  ")


class CrashReports(logging.Handler):
    """Writes a file for each bug: a record at ERROR with an exception, or with one as its `failure`. Once for each way that the program got there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.ERROR)
        self._folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        """Write the report, where there is none of this bug."""
        error = record.exc_info[1] if record.exc_info else getattr(record, "failure", None)
        if error is not None:
            with suppress(OSError):
                self._write(places(error))

    def _write(self, where: str) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = self._folder / f"{hashlib.sha256(where.encode()).hexdigest()[:16]}.txt"
        about = f"Devots Desktop {devots_desktop.__version__}, Python {platform.python_version()}, {platform.platform()}"
        with suppress(FileExistsError):
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as report:
                report.write(f"{about}\n\n{where}\n")
        for old in sorted(self._folder.glob("*.txt"), key=lambda each: each.stat().st_mtime)[:-REPORTS]:
            old.unlink(missing_ok=True)


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield type(error).__name__
        for frame in traceback.extract_tb(error.__traceback__, limit=-100):
            yield f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}"
        for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _chain(inner, seen)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _short(filename: str) -> str:
    """A file's name from our package or from site-packages on: what is before it may name a person."""
    parts = Path(filename).parts
    for anchor in (_OURS, "site-packages", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
        if anchor in parts:
            return "/".join(parts[parts.index(anchor) :])
    return Path(filename).name


def _thread_failed(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        logging.getLogger(__name__).error("A thread failed", exc_info=arguments.exc_value)
