"""`make demo` and `make demo-check`: one person, two windows, a real PostgreSQL that is made for it and gone afterwards, or a Supabase project or a portal on one."""

import argparse
import signal
import sys

from tests.demo import check, show
from tests.demo.stage import Backend, stage


def main() -> int:
    """Run one of the two; answer the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="drive it by a program and print one JSON line of figures")
    parser.add_argument("--backend", choices=list(Backend), default=Backend.POSTGRES, type=Backend, help="what kind of account it is")
    arguments = parser.parse_args()
    if arguments.check and arguments.backend is Backend.PORTAL:
        parser.error("the check compares row versions, which a portal's todos have none of")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return _check(arguments.backend) if arguments.check else show.run(arguments.backend)
    except KeyboardInterrupt:
        return 130


def _check(backend: Backend) -> int:
    with stage(backend) as on:
        figures = check.check(on)
    for sentence in figures.troubles:
        print(sentence, file=sys.stderr)
    print(figures.line(), flush=True)
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())
