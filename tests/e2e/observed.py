"""The real program, of which a file is told at its end what its environment and arguments have become.

    python -m tests.e2e.observed FILE [--broken] ARGUMENTS

With --broken every request to a server is a bug, whose message holds the whole of the request.
"""

import atexit
import os
import sys
from pathlib import Path
from typing import Any

from devots_desktop.app import main


def _break() -> None:
    import httpx

    def bug(_: object, request: httpx.Request, **__: Any) -> None:
        raise ZeroDivisionError(request.url, request.headers.raw, request.content)

    httpx.AsyncClient.send = bug  # type: ignore[assignment,method-assign]


def _tell(file: Path) -> None:
    with file.open("a", encoding="utf-8") as told:
        told.write(f"{dict(os.environ)!r} {sys.argv!r} {sys.orig_argv!r}\n")


if __name__ == "__main__":
    atexit.register(_tell, Path(sys.argv.pop(1)))
    if sys.argv[1] == "--broken":
        del sys.argv[1]
        _break()
    sys.exit(main())
