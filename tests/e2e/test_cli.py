"""The command line as people and scripts meet it: the real program, its two outputs and its exit code."""

import contextlib
import errno
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from devots_desktop.domain.times import from_iso
from devots_desktop.store import checksum, rows
from tests.e2e.devots import PROGRAM, ROOT, Devots, ended
from tests.outcomes import not_run

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
HOSTILE = "<b>x</b>\x1b[2J\x1b]0;title\x07\u202eesrever\u2066\ttab\r\n\x9b31m\x7f e\u0301 日本 🐄"


@pytest.fixture
def devots(tmp_path: Path) -> Devots:
    return Devots(tmp_path / "profile")


def the_form_of_a_todo(value: dict[str, Any], **expected: Any) -> None:
    """Exactly product.md's keys in its order, with values of its kinds."""
    assert list(value) == ["id", "text", "completed", "created_at", "updated_at", "state", "conflicts"]
    assert UUID.fullmatch(value["id"])
    assert TIME.fullmatch(value["created_at"])
    assert TIME.fullmatch(value["updated_at"])
    assert {"completed": False, "state": "synced", "conflicts": 0} | expected == {
        name: value[name] for name in {"completed", "state", "conflicts", *expected}
    }


def cache_file(devots: Devots) -> Path:
    return devots.profile / "accounts" / "computer" / "cache.sqlite3"


def texts(devots: Devots, *arguments: str) -> list[str]:
    return [todo["text"] for todo in devots.json("list", *arguments)]


class TestTodos:
    def test_add_answers_the_new_todo(self, devots: Devots) -> None:
        before = time.time()
        added = devots.json("add", "  Buy oat milk ")
        the_form_of_a_todo(added, text="Buy oat milk")
        assert before - 1 < from_iso(added["created_at"]) / 1e6 < time.time() + 1
        assert devots.json("list") == [added]

    def test_every_change_answers_the_todo_as_it_is_then(self, devots: Devots) -> None:
        one, two = devots.add("one"), devots.add("two")
        done = devots.json("done", one, two)
        for todo, text in zip(done, ("one", "two"), strict=True):
            the_form_of_a_todo(todo, text=text, completed=True)
        assert done[0]["updated_at"] > done[0]["created_at"]
        the_form_of_a_todo(devots.json("reopen", two)[0], text="two", completed=False)
        the_form_of_a_todo(devots.json("edit", two, "zwei"), id=two, text="zwei")
        assert [todo["id"] for todo in devots.json("delete", one, one)] == [one]
        assert texts(devots) == ["zwei"]

    def test_list_has_views_newest_first_and_a_limit(self, devots: Devots) -> None:
        ids = [devots.add(text) for text in ("first", "second", "third")]
        devots("done", ids[1])
        assert texts(devots) == texts(devots, "--all") == ["third", "second", "first"]
        assert texts(devots, "--open") == ["third", "first"]
        assert texts(devots, "--done") == ["second"]
        assert texts(devots, "--open", "--limit", "1") == ["third"]
        assert texts(devots, "--limit", "0") == []
        assert devots("list", "--limit", "99999999999999999999999", "--json").code == 0

    def test_people_read_a_line_for_each_todo(self, devots: Devots) -> None:
        one, two = devots.add("Pay rent"), devots.add("Buy milk")
        assert devots("done", one).out == f"(x) {one[:8]}  Pay rent\n"
        assert devots("list").out == f"( ) {two[:8]}  Buy milk\n(x) {one[:8]}  Pay rent\n"
        assert devots("delete", one).out == f"(x) {one[:8]}  Pay rent  [deleted]\n"

    def test_an_empty_list_says_what_to_do_next(self, devots: Devots) -> None:
        answer = devots("list")
        assert (answer.out, answer.err) == ("", "No todos yet. Add one: devots add TEXT\n")
        assert devots("list", "--json").out == "[]\n"
        assert devots("parked", "--json").out == "[]\n"

    @pytest.mark.parametrize(
        ("text", "title"),
        [
            pytest.param("", "Nothing to add", id="empty"),
            pytest.param(" \t\n", "Nothing to add", id="white space"),
            pytest.param("x" * 10_001, "Text too long", id="10,001 characters"),
            pytest.param(b"caf\xe9", "Text not storable", id="bytes that are no UTF-8"),
        ],
    )
    @pytest.mark.parametrize("command", ["add", "edit"])
    def test_a_text_that_cannot_be_is_refused_with_a_sentence(self, devots: Devots, command: str, text: str, title: str) -> None:
        client_id = devots.add("as it was")
        answer = devots(*((command, client_id) if command == "edit" else (command,)), text, "--json", code=1)
        assert answer.out == ""
        assert answer.err.startswith(f"{title}: ")
        assert texts(devots) == ["as it was"]

    @pytest.mark.parametrize(
        "text", ["x" * 10_000, HOSTILE, "--", "-5 °C", "ab\u200f\u05d0"], ids=["10,000", "hostile", "dashes", "minus", "right-to-left"]
    )
    def test_any_other_text_comes_back_as_it_was(self, devots: Devots, text: str) -> None:
        assert devots("add", "--json", "--", text).json["text"] == text
        assert texts(devots) == [text]

    def test_a_text_cannot_play_with_a_terminal(self, devots: Devots) -> None:
        client_id = devots.json("add", HOSTILE)["id"]
        assert (
            devots("list").out == f"( ) {client_id[:8]}  <b>x</b>\ufffd[2J\ufffd]0;title\ufffdesrever tab \ufffd31m\ufffd e\u0301 日本 🐄\n"
        )

    @pytest.mark.timeout(120)
    def test_two_programs_that_write_at_once_lose_nothing(self, devots: Devots) -> None:
        program = "import sys; from devots_desktop.cli.main import run; sys.exit(max(run([*sys.argv[2:], 'add', f'{sys.argv[1]} {n}']) for n in range(100)))"
        command = [sys.executable, "-c", program]
        with contextlib.ExitStack() as running:
            writers = []
            for name in ("one", "two"):
                at_work = [*command, name, "--profile", str(devots.profile)]
                writers.append(running.enter_context(subprocess.Popen(at_work, cwd=ROOT, stdout=subprocess.PIPE, env=devots.environ)))
                running.callback(writers[-1].kill)  # Before it is waited for: neither outlives the test.
            said = [writer.communicate(timeout=110)[0].count(b"\n") for writer in writers]
        assert [(writer.returncode, lines) for writer, lines in zip(writers, said, strict=True)] == [(0, 100), (0, 100)]
        assert sorted(texts(devots)) == sorted(f"{name} {number}" for name in ("one", "two") for number in range(100))


class TestIds:
    @pytest.fixture
    def twins(self, devots: Devots) -> Devots:
        """Two todos whose ids begin alike."""
        devots.add("one")
        devots.add("two")
        db = sqlite3.connect(cache_file(devots))
        checksum.register(db)
        for text, last in (("one", "1"), ("two", "2")):
            db.execute("UPDATE todo SET client_id = ? WHERE text = ?", (f"abcd0000-0000-4000-8000-00000000000{last}", text))
        rows.stamp(db)
        db.commit()
        db.close()
        return devots

    def test_four_characters_that_only_one_has_are_enough(self, devots: Devots) -> None:
        client_id = devots.add("one")
        assert devots.json("done", client_id[:4])[0]["completed"]
        assert devots.json("edit", client_id[:13].upper(), "eins")["text"] == "eins"

    def test_a_prefix_of_several_names_them(self, twins: Devots) -> None:
        answer = twins("delete", "abcd", code=1)
        assert answer.err == (
            "Which todo?: More than one id starts with 'abcd': abcd0000-0000-4000-8000-000000000001 and"
            " abcd0000-0000-4000-8000-000000000002. Write more of it.\n"
        )
        assert twins.json("delete", "abcd0000-0000-4000-8000-000000000002")[0]["text"] == "two"

    @pytest.mark.parametrize(
        ("wanted", "title"),
        [
            ("abc", "Id too short"),
            ("", "Id too short"),
            ("ffff", "No such todo"),
            ("%%%%", "No such todo"),
            ("abcd\x1b[2J", "No such todo"),
            (b"\xff\xff\xff\xff", "No such todo"),
        ],
    )
    def test_what_no_todo_answers_to_is_refused(self, twins: Devots, wanted: str, title: str) -> None:
        answer = twins("done", wanted, code=1)
        assert answer.err.startswith(f"{title}: ")
        assert "\x1b" not in answer.err

    def test_one_unknown_id_among_several_and_nothing_is_touched(self, twins: Devots) -> None:
        twins("done", "abcd0000-0000-4000-8000-000000000001", "ffff", code=1)
        assert texts(twins, "--done") == []


class TestUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("--json",),
            ("paint",),
            ("add",),
            ("add", "two", "words"),
            ("done",),
            ("edit", "abcd"),
            ("list", "--open", "--done"),
            ("list", "--limit", "-1"),
            ("list", "--limit", "many"),
            ("list", "--js"),
            ("--account", "", "list"),
            ("accounts", "use"),
            ("accounts", "add", "postgres", "--url", "postgresql://h/d", "--email", "a@b"),
            ("db",),
            ("db", "upgrade", "--sign-up", "maybe"),
        ],
        ids=" ".join,
    )
    def test_wrong_usage_is_explained_and_ends_with_2(self, devots: Devots, arguments: tuple[str, ...]) -> None:
        assert devots(*arguments, code=2).out == ""

    def test_help_is_an_answer(self, devots: Devots) -> None:
        assert "COMMAND" in devots("--help").out
        assert "--limit N" in devots("list", "--help").out

    def test_what_is_wrong_is_repeated_without_what_moves_a_cursor(self, devots: Devots) -> None:
        assert "\x1b" not in devots("add", "one", "\x1b[2J", code=2).err

    def test_options_for_all_commands_stand_before_or_behind(self, devots: Devots, tmp_path: Path) -> None:
        devots.add("one")
        profile = str(devots.profile)
        for arguments in (
            ["--json", "--profile", profile, "list"],
            ["list", "--json", "--profile", profile],
            ["--json", "list", "--profile", profile],
        ):
            run = subprocess.run(
                [*PROGRAM, *arguments], capture_output=True, check=True, env=devots.environ | {"HOME": str(tmp_path / "nobody")}
            )
            assert [todo["text"] for todo in json.loads(run.stdout)] == ["one"]

    def test_the_environment_names_a_profile_too_and_everything_lies_below_it(self, devots: Devots, tmp_path: Path) -> None:
        home = tmp_path / "home"
        home.mkdir()
        environ = devots.environ | {"HOME": str(home), "DEVOTS_PROFILE": str(devots.profile), "TMPDIR": str(home)}
        subprocess.run([*PROGRAM, "add", "one"], check=True, env=environ, stdout=subprocess.DEVNULL)
        assert texts(devots) == ["one"]
        assert [each for each in home.rglob("*") if each.is_file()] == []
        assert stat.S_IMODE(devots.profile.stat().st_mode) == 0o700
        assert {stat.S_IMODE(each.stat().st_mode) for each in devots.profile.rglob("*.sqlite3*")} == {0o600}


class TestTrouble:
    def test_a_profile_that_is_no_folder(self, devots: Devots) -> None:
        devots.profile.write_text("mine")
        assert devots("list", code=1).err.startswith("Folder not writable: ")
        assert devots.profile.read_text() == "mine"

    def test_a_read_only_profile(self, devots: Devots) -> None:
        devots.add("one")
        # Root passes every mode; without this capability it is bound by them like everybody.
        bound = ["setpriv", "--bounding-set", "-dac_override", "--"] if os.geteuid() == 0 else []
        if bound and not shutil.which("setpriv"):
            not_run("root needs setpriv for a folder that it cannot write")
        devots.profile.chmod(0o500)
        try:
            command = [*bound, *PROGRAM, "--profile", str(devots.profile), "add", "two"]
            run = subprocess.run(command, capture_output=True, text=True, check=False, env=devots.environ)
        finally:
            devots.profile.chmod(0o700)
        assert (run.returncode, run.stdout) == (1, "")
        assert run.stderr == (
            f"Folder not writable: The profile folder {devots.profile} cannot be written. Allow writing to it, or choose another folder with"
            " --profile or DEVOTS_PROFILE.\n"
        )
        assert texts(devots) == ["one"]

    def test_a_list_of_a_newer_program_is_left_as_it_is(self, devots: Devots) -> None:
        devots.add("one")
        db = sqlite3.connect(cache_file(devots))
        db.execute("PRAGMA user_version = 99")
        db.close()
        assert devots("add", "two", code=1).err.startswith("Newer data: ")

    def test_a_list_that_is_damaged(self, devots: Devots) -> None:
        devots.add("one")
        for file in cache_file(devots).parent.glob("cache.sqlite3*"):
            file.write_bytes(b"not a database" * 1_000)
        answer = devots("list")
        assert (answer.out, answer.err.startswith("List rebuilt: ")) == ("", True)
        assert "Nothing in it could be read" in answer.err
        assert [file.read_bytes() for file in cache_file(devots).parent.glob("quarantine/*/cache.sqlite3")] == [b"not a database" * 1_000]
        # Said once.
        devots.add("two")
        assert devots("list").err == ""

    def test_accounts_that_cannot_be_read(self, devots: Devots) -> None:
        devots.add("one")
        (devots.profile / "accounts.json").write_text("{")
        assert devots("list", code=1).err.startswith("Accounts not readable: ")

    def test_nobody_reads_the_answer(self, devots: Devots) -> None:
        """As in `devots list | head -0`: what was to be done is done, and there is nothing to complain about."""
        reading, writing = os.pipe()
        os.close(reading)
        run = subprocess.run(
            [*PROGRAM, "--profile", str(devots.profile), "add", "one"],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            env=devots.environ,
        )
        os.close(writing)
        assert (run.returncode, run.stderr) == (0, b"")
        assert texts(devots) == ["one"]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="not run: no /dev/full")
    @pytest.mark.parametrize("arguments", [("list", "--json"), ("list",), ("--help",)], ids=" ".join)
    def test_the_answer_cannot_be_written(self, devots: Devots, arguments: tuple[str, ...]) -> None:
        devots.add("one")
        with Path("/dev/full").open("w") as full:
            command = [*PROGRAM, "--profile", str(devots.profile), *arguments]
            run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=devots.environ)
        assert run.returncode == 1
        assert run.stderr.startswith("Not written: ")
        assert os.strerror(errno.ENOSPC) in run.stderr
        assert "Traceback" not in run.stderr

    def test_standard_output_is_closed(self, devots: Devots) -> None:
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, "--profile", str(devots.profile), "add", "one"]
        run = subprocess.run(command, stderr=subprocess.PIPE, check=False, env=devots.environ)
        assert (run.returncode, run.stderr) == (0, b"")
        assert texts(devots) == ["one"]

    def test_a_terminal_that_cannot_show_it(self, devots: Devots) -> None:
        devots.add("grün 日本")
        assert devots("list", environ={"PYTHONIOENCODING": "ascii"}).out.endswith("  gr?n ??\n")
        assert devots.json("list", environ={"PYTHONIOENCODING": "ascii"})[0]["text"] == "grün 日本"


@pytest.mark.skipif(sys.platform == "win32", reason="not run: pseudo-terminals")
class TestTerminal:
    def shown(self, devots: Devots, *arguments: str, **environ: str) -> str:
        """What a terminal of 80 columns gets."""
        import pty

        terminal, program = pty.openpty()
        set_columns(program, 80)
        command = [*PROGRAM, "--profile", str(devots.profile), *arguments]
        run = subprocess.Popen(command, stdout=program, env=devots.environ | {"TERM": "xterm"} | environ)
        os.close(program)
        found = b""
        while part := read_terminal(terminal):
            found += part
        os.close(terminal)
        assert run.wait(timeout=40) == 0
        return found.decode().replace("\r\n", "\n")

    def test_done_todos_are_faint_on_a_terminal_only(self, devots: Devots) -> None:
        client_id = devots.add("one")
        devots("done", client_id)
        assert self.shown(devots, "list") == f"(x) \x1b[2m{client_id[:8]}\x1b[0m  \x1b[2mone\x1b[0m\n"
        assert self.shown(devots, "list", NO_COLOR="1") == self.shown(devots, "list", TERM="dumb") == devots("list").out
        assert self.shown(devots, "list", "--json") == devots("list", "--json").out

    def test_a_long_text_stays_on_its_line(self, devots: Devots) -> None:
        client_id = devots.add("日本" * 200)
        assert self.shown(devots, "list", NO_COLOR="1") == f"( ) {client_id[:8]}  {'日本' * 16}…\n"


def set_columns(terminal: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says EIO when the last program has left.
        return b""


class TestWatch:
    def test_what_another_program_does_comes_in_order(self, devots: Devots) -> None:
        with devots.follow("watch", "--json") as watch:
            assert watch.stdout is not None
            one, two = devots.add("one"), devots.add("two")
            devots("done", one)
            devots("edit", two, "zwei")
            devots("delete", one)
            lines = [json.loads(watch.stdout.readline()) for _ in range(5)]
        assert all(list(line) == ["op", "via", "id", "text", "completed", "at"] for line in lines)
        assert all(TIME.fullmatch(line["at"]) for line in lines)
        assert {line["via"] for line in lines} == {"local"}
        assert [(line["op"], line["id"], line["text"], line["completed"]) for line in lines] == [
            ("insert", one, "one", False),
            ("insert", two, "two", False),
            ("update", one, "one", True),
            ("update", two, "zwei", False),
            ("delete", one, "one", True),
        ]

    def test_it_comes_at_once(self, devots: Devots) -> None:
        """Far sooner than the five seconds after which a window would look without being told."""
        with devots.follow("watch", "--json") as watch:
            assert watch.stdout is not None
            late = []
            for number in range(5):
                devots.add(f"todo {number}")
                line = json.loads(watch.stdout.readline())
                late.append(time.time() - from_iso(line["at"]) / 1e6)
        # The adding program's own end is in it.
        assert min(late) < 1.5

    @pytest.mark.skipif(sys.platform == "win32", reason="not run: signals")
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "SIGTERM"])
    def test_it_ends_without_a_word_when(self, devots: Devots, number: signal.Signals) -> None:
        with devots.follow("watch") as watch:
            client_id = devots.add("one")
            assert watch.stdout is not None
            assert watch.stdout.readline()[8:] == f"  local  added    ( ) {client_id[:8]}  one\n"
            watch.send_signal(number)
            assert ended(watch) == (0, "", "")

    @pytest.mark.skipif(sys.platform == "win32", reason="not run: poll")
    def test_it_ends_when_nobody_reads_any_more(self, devots: Devots) -> None:
        """Without waiting for a change that it could not tell."""
        with devots.follow("watch") as watch:
            assert watch.stdout is not None
            watch.stdout.close()
            assert watch.wait(timeout=20) == 0
            assert watch.stderr is not None
            assert watch.stderr.read() == ""

    def test_its_list_becomes_unusable(self, devots: Devots) -> None:
        devots.add("one")
        with devots.follow("watch") as watch:
            db = sqlite3.connect(cache_file(devots))
            db.executescript(
                "DROP TABLE todo; INSERT INTO journal SELECT seq + 1, client_id, key, op, via, text, completed, at, checksum FROM journal"
            )
            db.close()
            code, _, err = ended(watch)
            assert code == 1
            assert err.startswith("List not usable: ")
            assert "Traceback" not in err


class TestWindow:
    def test_an_open_window_is_told(self, devots: Devots, tmp_path: Path) -> None:
        """Of each change, and not of looking."""
        import socket
        import tempfile

        with tempfile.TemporaryDirectory(prefix="devots-run-") as runtime, socket.socket(socket.AF_UNIX) as window:
            os.environ["XDG_RUNTIME_DIR"] = runtime
            try:
                from devots_desktop.services.wake import socket_address

                window.bind(socket_address(devots.profile))
            finally:
                del os.environ["XDG_RUNTIME_DIR"]
            window.listen()
            window.settimeout(20)
            heard: list[bytes] = []

            def listen() -> None:
                with contextlib.suppress(TimeoutError):
                    while len(heard) < 2:
                        connection, _ = window.accept()
                        with connection:
                            heard.append(connection.recv(100))

            listener = threading.Thread(target=listen)
            listener.start()
            environ = {"XDG_RUNTIME_DIR": runtime}
            devots("add", "one", environ=environ)
            devots("list", environ=environ)
            assert len(heard) <= 1
            devots("add", "two", environ=environ)
            listener.join()
        assert heard == [b"changed\n", b"changed\n"]
