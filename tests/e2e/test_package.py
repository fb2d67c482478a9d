"""The two programs of devots_desktop/sync/README.md, run as they stand there, where Qt cannot be imported."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.servers.fixtures import Servers
from tests.servers.managed import DESKTOP
from tests.servers.postgres import PostgresServer

README = Path(__file__).parents[2] / "devots_desktop" / "sync" / "README.md"
WITHOUT_QT = "import runpy, sys; sys.modules['PySide6'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"


def blocks(language: str) -> list[str]:
    """The programs of the page: the indented SQL, or the fenced Python."""
    text = README.read_text("utf-8")
    if language == "sql":
        return ["\n".join(re.findall(r"^    (CREATE .*)$", text, re.MULTILINE))]
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def postgres(servers: Servers) -> PostgresServer:
    """One version is enough: nothing here depends on it."""
    return servers.server(18)


@contextmanager
def running(program: str, folder: Path, *words: str, **environ: str) -> Iterator[Iterator[str]]:
    """A program in a folder of its own; its lines as they come."""
    file = folder / "program.py"
    file.write_text(program, "utf-8")
    root = str(README.parents[2])
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WITHOUT_QT, str(file), *words],
        cwd=folder,
        env=os.environ | environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.kill()


def test_a_program_of_fifty_lines_keeps_another_table_in_sync(tmp_path: Path, postgres: PostgresServer) -> None:
    program, _ = blocks("python")
    [schema] = blocks("sql")
    assert len([line for line in program.splitlines() if line]) <= 51
    database = postgres.create_database()
    with database.connect() as owner:
        owner.execute(schema)
        owner.execute("INSERT INTO errand (what, bought) VALUES ('bread', false)")
        with running(program, tmp_path, "milk", ERRANDS=database.url()) as lines:
            assert next(lines) == "there: []\n"
            assert next(lines) == "insert bread to buy\n"
            wait_for(owner, "SELECT count(*) = 1 FROM errand WHERE what = 'milk' AND NOT bought")
            owner.execute("UPDATE errand SET bought = true WHERE what = 'milk'")
            assert next(lines) == "update milk bought\n"
            owner.execute("DELETE FROM errand WHERE what = 'bread'")
            assert next(lines) == "delete bread to buy\n"
    # The database is away: the list is there all the same.
    postgres.drop_database(database)
    with running(program, tmp_path, ERRANDS=database.url()) as lines:
        assert next(lines) == "there: ['milk']\n"


def wait_for(owner: psycopg.Connection, query: str) -> None:
    """Until the server says so: LISTEN tells when to look again."""
    owner.execute("LISTEN errand")
    while owner.execute(query.encode()).fetchone() != (True,):
        assert list(owner.notifies(timeout=20, stop_after=1))


def test_a_list_is_followed_with_async_for(tmp_path: Path, servers: Servers, postgres: PostgresServer) -> None:
    _, program = blocks("python")
    managed = servers.managed(postgres.version, "portal")
    ada = managed.add_person("ada", password="correct horse")
    with (
        managed.owner() as owner,
        running(program, tmp_path, TODOS=managed.database.url(DESKTOP), EMAIL=ada.email, PASSWORD="correct horse") as lines,
    ):
        owner.execute("INSERT INTO todo (user_id, text) VALUES (%s, 'milk')", [ada.user_id])
        assert next(lines) in ("insert pull milk\n", "insert live milk\n")
        owner.execute("UPDATE todo SET completed = true")
        assert next(lines) in ("update live milk\n", "update pull milk\n")
        owner.execute("DELETE FROM todo")
        assert next(lines) in ("delete live milk\n", "delete pull milk\n")
    postgres.drop_database(managed.database)
