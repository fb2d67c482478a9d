"""The servers of the tests themselves: gone when they should be, and with a certificate where it is asked for."""

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.outcomes import not_run
from tests.servers.postgres import SUPERUSER, Database, PostgresServer, binaries

STARTER = """
import sys
from tests.servers.postgres import PostgresServer
server = PostgresServer.start(int(sys.argv[1]))
print(server.folder, server.port, server._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def version() -> int:
    """The newest version that is installed."""
    installed = next((version for version in (18, 15) if binaries(version) is not None), None)
    if installed is None:
        not_run("PostgreSQL is not installed")
    return installed


def test_the_server_ends_with_the_block_and_leaves_no_folder(version: int) -> None:
    with PostgresServer.start(version) as server:
        url = Database(server, "postgres").url(SUPERUSER)
        assert server.folder.exists()
    assert not server.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_the_server_ends_with_a_program_that_is_killed(version: int) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(version)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert program.stdout is not None
    assert program.stdin is not None
    folder, _, server = program.stdout.readline().decode().split()
    watch = os.pidfd_open(int(server))
    program.send_signal(signal.SIGKILL)
    program.wait()
    program.stdin.close()
    program.stdout.close()
    ready, _, _ = select.select([watch], [], [], 30)
    os.close(watch)
    shutil.rmtree(folder)
    assert ready, "the server outlived the program that started it"


def test_a_server_comes_back_with_its_data_after_a_crash(version: int) -> None:
    with PostgresServer.start(version) as server:
        database = server.create_database()
        with database.connect() as owner:
            owner.execute("create table kept(n int); insert into kept values (1)")
        server.kill()
        server.restart()
        with database.connect() as owner:
            assert owner.execute("select n from kept").fetchone() == (1,)


def test_a_certificate_is_proved_by_its_own_authority_and_by_no_other() -> None:
    if binaries(15) is None:
        not_run("PostgreSQL 15 is not installed")
    with PostgresServer.start(15, tls=True) as server:
        assert server.ca_file is not None
        database = Database(server, "postgres")
        with psycopg.connect(database.url(SUPERUSER, sslmode="verify-full", sslrootcert=str(server.ca_file))) as connection:
            assert connection.pgconn.ssl_in_use
        with PostgresServer.start(15, tls=True) as other, pytest.raises(psycopg.OperationalError, match="certificate"):
            psycopg.connect(database.url(SUPERUSER, sslmode="verify-full", sslrootcert=str(other.ca_file)))
