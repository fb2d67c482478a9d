"""How the test run itself ends: what was not run is counted, noise fails, and the contract closes with a line per backend."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]


def closing_lines(pytester: pytest.Pytester, source: str) -> str:
    """The output of pytest on this module, under the conftest of this folder."""
    pytester.makepyfile(source)
    return pytester.runpytest_subprocess("-p", "no:pytest-qt", "-p", "no:hypothesispytest", "-p", "tests.conftest").stdout.str()


def test_what_was_not_run_is_counted_by_reason(pytester: pytest.Pytester) -> None:
    source = """
        import pytest
        from tests.outcomes import not_run

        @pytest.mark.parametrize("n", range(3))
        def test_needs_a_server(n):
            not_run("PostgreSQL 15 is not installed")

        def test_needs_nothing():
            pass
    """
    assert "not run: 3 tests: PostgreSQL 15 is not installed" in closing_lines(pytester, source)


def test_a_module_that_misses_a_library_of_qt_is_counted(pytester: pytest.Pytester) -> None:
    source = "raise ImportError('libEGL.so.1: cannot open shared object file: No such file or directory')"
    assert "not run: 1 test file: Qt's system libraries are missing" in closing_lines(pytester, source)


def test_a_module_that_cannot_be_imported_for_another_reason_is_an_error(pytester: pytest.Pytester) -> None:
    assert "1 error" in closing_lines(pytester, "import no_such_module")


@pytest.mark.parametrize(
    ("marker", "outcome"),
    [
        ("", "1 error"),
        ("@pytest.mark.expects_log('on fire')", "1 passed in"),
        ("@pytest.mark.expects_log('on fire', 'flooded')", "1 error"),
        ("@pytest.mark.expects_log('flooded')", "1 error"),
    ],
)
def test_a_log_record_at_warning_must_be_announced_and_must_come(pytester: pytest.Pytester, marker: str, outcome: str) -> None:
    source = f"""
        import logging
        import pytest

        {marker}
        def test_it():
            logging.getLogger("house").warning("on fire")
    """
    assert outcome in closing_lines(pytester, source)


CONTRACT = """
    import pytest
    from tests.outcomes import not_promised

    @pytest.fixture(params=["memory", "plain"])
    def backend(request):
        return request.param

    def test_holds(backend):
        pass

    def test_one_breaks(backend):
        assert backend == "memory"

    def test_one_does_not_promise(backend):
        if backend == "plain":
            not_promised("a plain table keeps no row versions")
"""


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ([], ["contract memory: 3 passed, 0 failed, 0 not promised", "contract plain: 1 passed, 1 failed, 1 not promised"]),
        (["--backend", "memory"], ["contract memory: 3 passed, 0 failed, 0 not promised"]),
    ],
)
def test_the_contract_closes_with_a_line_per_backend(pytester: pytest.Pytester, arguments: list[str], lines: list[str]) -> None:
    pytester.makepyfile(CONTRACT)
    program = "import sys; from tests.contract.__main__ import run; sys.exit(run(['.'], sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=pytester.path, capture_output=True, text=True, check=False, timeout=50
    )
    assert done.stdout.splitlines()[-len(lines) :] == lines, done.stderr
    assert done.returncode == int("plain" in " ".join(lines))


def test_the_contract_names_the_backends_when_asked_for_one_that_is_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CONTRACT)
    program = "import sys; from tests.contract.__main__ import run; sys.exit(run(['.'], ['--backend', 'oracle']))"
    done = subprocess.run([sys.executable, "-c", program], cwd=pytester.path, capture_output=True, text=True, check=False, timeout=50)
    assert "no backend oracle; there are memory, plain" in done.stdout + done.stderr
    assert done.returncode
