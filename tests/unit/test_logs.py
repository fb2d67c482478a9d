"""The log and the crash reports: where things happened, and nothing of anybody's."""

import asyncio
import logging
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.services import logs

SECRET = "Buy the ring for Sue"
HOSTILE = [
    "postgresql://ada:pa/ss@word@db.example.org:5432/todos failed",
    "token=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "Authorization: Bearer abc.def.ghi",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "ada.lovelace+todo@example.org signed in",
    "{'password': 'hunter2 with blanks'}",
    "refresh_token: x7Kd93kKd93kdkW93kdkW93k",
    "apikey = sb_secret_1234",
    "session 4f9a0c77e1b24f9a0c77e1b2 ended",
]
PARTS = [
    "pa/ss",
    "word@",
    "0123456789abcdef",
    "abc.def",
    "eyJhbG",
    "eyJzdWI",
    "lovelace",
    "hunter2",
    "blanks",
    "x7Kd93",
    "sb_secret",
    "4f9a0c77e1b2",
]

ours = logging.getLogger("devots_desktop.services.tests")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    logs.start(tmp_path)
    yield tmp_path
    logs.stop()


def written(folder: Path) -> str:
    return (folder / "logs" / "devots.log").read_text()


def fail(text: str) -> None:
    """Raise with a todo in the message, the notes and the cause."""
    try:
        int(text)
    except ValueError as error:
        error.add_note(text)
        raise RuntimeError(text, {"text": text}) from error


def report(logger: logging.Logger, message: str = "It failed") -> None:
    try:
        fail(SECRET)
    except RuntimeError:
        logger.exception(message)


class TestLog:
    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_what_looks_like_a_secret_is_left_out(self, folder: Path, hostile: str) -> None:
        ours.info("before %s", hostile)
        ours.info(hostile + " %%")
        text = written(folder)
        assert text.count("INFO devots_desktop.services.tests") == 2
        assert [part for part in PARTS if part in text] == []

    @pytest.mark.expects_log("It failed")
    def test_an_exception_is_its_places_without_any_value(self, folder: Path) -> None:
        with pytest.MonkeyPatch.context():
            report(ours)
        text = written(folder)
        assert SECRET not in text
        assert [word in text for word in ("RuntimeError", "ValueError", "in fail", "test_logs.py")] == [True] * 4

    @pytest.mark.expects_log("It failed")
    def test_a_group_and_what_an_exception_was_raised_during(self, folder: Path) -> None:
        try:
            try:
                fail(SECRET)
            except RuntimeError as error:
                raise ExceptionGroup(SECRET, [error, KeyError(SECRET)])  # noqa: B904 (raised during, not from)
        except ExceptionGroup:
            ours.exception("It failed")
        assert SECRET not in written(folder)
        assert [name in written(folder) for name in ("ExceptionGroup", "KeyError", "ValueError")] == [True] * 3

    @pytest.mark.expects_log("never retrieved|Exception in callback", "Foreign")
    def test_of_other_libraries_only_who_it_was(self, folder: Path) -> None:
        async def scene() -> None:
            def fail_with(_: str) -> None:
                raise RuntimeError(SECRET)

            asyncio.get_running_loop().call_soon(fail_with, SECRET)
            await asyncio.sleep(0)

        asyncio.run(scene())
        logging.getLogger("foreign").warning("Foreign %s", SECRET)
        text = written(folder)
        assert SECRET not in text
        assert "WARNING foreign:" in text
        assert "ERROR asyncio:" in text

    @pytest.mark.expects_log("A thread failed")
    def test_a_thread_that_fails(self, folder: Path) -> None:
        thread = threading.Thread(target=fail, args=(SECRET,))
        thread.start()
        thread.join()
        assert SECRET not in written(folder)
        assert "RuntimeError" in written(folder)

    def test_a_record_whose_arguments_do_not_fit(self, folder: Path) -> None:
        record = logging.LogRecord("devots_desktop.x", logging.INFO, __file__, 1, "%d", ("no number",), None)
        assert "(unreadable)" in logs.Redacting().format(record)

    def test_it_is_private_and_does_not_grow_for_ever(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(4 * logs.MOST_BYTES // 1_000):
            ours.info("- " * 500)
        files = sorted((folder / "logs").iterdir())
        assert [file.name for file in files] == ["devots.log", "devots.log.1", "devots.log.2"]
        assert all(file.stat().st_size <= logs.MOST_BYTES for file in files)
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    def test_a_folder_that_cannot_be_written_has_no_log_and_no_trouble(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "logs").write_text("in the way")
        logs.start(tmp_path)
        ours.info("hello")
        logs.stop()
        assert capfd.readouterr() == ("", "")


class TestCrashReports:
    @pytest.mark.expects_log("It failed")
    def test_once_for_each_way_that_the_program_got_there(self, folder: Path) -> None:
        for _ in range(3):
            report(ours)
        [file] = (folder / "crashes").iterdir()
        text = file.read_text()
        assert (SECRET in text, "in fail" in text, stat.S_IMODE(file.stat().st_mode)) == (False, True, 0o600)
        try:
            fail("2 other")
        except RuntimeError:
            ours.exception("It failed")
        assert len(list((folder / "crashes").iterdir())) == 2

    @pytest.mark.expects_log("sentence")
    def test_an_error_without_an_exception_is_none(self, folder: Path) -> None:
        ours.error("A sentence")
        assert not (folder / "crashes").exists()
