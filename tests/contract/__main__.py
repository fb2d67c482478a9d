"""`make contract [BACKEND=name]`: the contract that every place for todos passes, closing with a line per backend.

A test of the contract asks for the fixture `backend`, whose parameter is the backend's name (or an object with that `name`).
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from tests.outcomes import NOT_PROMISED


def _backend_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    parameter = callspec.params.get("backend") if callspec else None
    return None if parameter is None else str(getattr(parameter, "name", parameter))


class Tally:
    """Keeps the tests of one backend, or of all, and counts how they end."""

    def __init__(self, only: str | None) -> None:
        self._only = only
        self._backends: dict[str, str] = {}
        self._outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        backends = {item.nodeid: name for item in items if (name := _backend_of(item)) is not None}
        if self._only is not None and self._only not in backends.values():
            raise pytest.UsageError(f"no backend {self._only}; there are {', '.join(sorted(set(backends.values())))}")
        self._backends = {node: name for node, name in backends.items() if self._only in (None, name)}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self._backends])
        items[:] = [item for item in items if item.nodeid in self._backends]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            outcome = "not promised" if NOT_PROMISED in str(report.longrepr) else "not run"
        elif report.failed:
            outcome = "failed"
        elif report.when == "call":
            outcome = "passed"
        else:
            return
        self._outcomes[self._backends[report.nodeid]][outcome] += 1

    def lines(self) -> list[str]:
        """As in `contract postgres-18: 41 passed, 0 failed, 0 not promised`; tests that could not run here are named when there are any."""
        lines = []
        for backend, outcomes in sorted(self._outcomes.items()):
            shown = ["passed", "failed", "not promised", *(["not run"] if outcomes["not run"] else [])]
            lines.append(f"contract {backend}: " + ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in shown))
        return lines


def run(folders: Sequence[str], arguments: Sequence[str] | None = None) -> int:
    """Run the contract of these folders with the command line's arguments; answers pytest's exit status."""
    parser = argparse.ArgumentParser(prog="make contract", description="Run the contract of the places for todos.")
    parser.add_argument("--backend", help="only this one")
    options, rest = parser.parse_known_args(arguments)
    tally = Tally(options.backend)
    status = pytest.main([*folders, "-q", "-p", "no:pytest-qt", *rest], plugins=[tally])
    print(*tally.lines(), sep="\n", flush=True)
    return int(status)


if __name__ == "__main__":
    sys.exit(run(["tests/contract"]))
