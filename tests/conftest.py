"""What holds for every test: a home of its own, no server or display of the person who runs it, and noise is failure."""

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator

import hypothesis
import pytest

from tests.outcomes import NOT_RUN

pytest_plugins = ["tests.servers.fixtures"]

# Names in the environment that lead to the accounts, the session bus or the settings of the person who runs the tests.
_FOREIGN = re.compile(r"DEVOTS_|SUPABASE_|DATABASE_URL|PG[A-Z]+$|DBUS_SESSION_BUS_ADDRESS|WAYLAND_DISPLAY|XDG_|QT_")
_MISSING_LIBRARY = re.compile(r"ImportError: \S+: cannot open shared object file")

hypothesis.settings.register_profile("devots", deadline=None, print_blob=True)
hypothesis.settings.load_profile("devots")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Where Qt cannot be loaded its plugin is left out (tests/__main__.py); its settings in pyproject.toml must still be known."""
    if not pluginmanager.hasplugin("pytest-qt"):
        for name in ("qt_api", "qt_log_level_fail", "qt_log_ignore"):
            parser.addini(name, "read by pytest-qt", type="linelist")


def _give_own_environment(home: str) -> None:
    for name in [each for each in os.environ if _FOREIGN.match(each)]:
        del os.environ[name]
    os.environ.update(
        HOME=home,
        LC_ALL="C.UTF-8",
        # Far from UTC and not a whole hour, so that a time in the wrong zone is seen.
        TZ="<+0545>-05:45",
        QT_QPA_PLATFORM="offscreen",
        PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
    )


def pytest_configure(config: pytest.Config) -> None:
    home = tempfile.mkdtemp(prefix="devots-home-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    _give_own_environment(home)
    explanation = "records at WARNING or above that match one of these regular expressions are expected, each at least once"
    config.addinivalue_line("markers", f"expects_log(*patterns): {explanation}")


@pytest.fixture(autouse=True)
def _no_unexpected_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail on a log record at WARNING or above, unless the test says with `expects_log` that it comes."""
    yield
    expected = [pattern for marker in request.node.iter_markers("expects_log") for pattern in marker.args]
    records = [record for when in ("setup", "call") for record in caplog.get_records(when) if record.levelno >= 30]
    texts = [f"{record.name}: {record.getMessage()}" for record in records]
    unexpected = [text for text in texts if not any(re.search(pattern, text) for pattern in expected)]
    assert not unexpected, "unexpected log records:\n" + "\n".join(unexpected)
    unseen = [pattern for pattern in expected if not any(re.search(pattern, text) for text in texts)]
    assert not unseen, f"expected log records that did not come: {unseen}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that cannot be imported because Qt lacks a library of the system is not run; any other failure stays one."""
    report = yield
    missing = _MISSING_LIBRARY.search(str(report.longrepr)) if report.outcome == "failed" else None
    if missing:
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {NOT_RUN}Qt's system libraries are missing")
    return report


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was not run, by reason: a green line must not hide it."""
    counts: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NOT_RUN in reason:
            kind = "test file" if isinstance(report, pytest.CollectReport) else "test"
            counts[reason.split(NOT_RUN, 1)[1], kind] += 1
    for (reason, kind), count in sorted(counts.items()):
        terminalreporter.write_line(f"not run: {count} {kind}{'s' * (count > 1)}: {reason}")
