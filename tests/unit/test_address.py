"""A PostgreSQL account's address: what is taken, what is refused, and how the connection is secured."""

from pathlib import Path

import pytest

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.postgres.address import Address
from devots_desktop.services import database


def test_a_url_gives_the_address_and_the_logins_password() -> None:
    address, password = Address.from_url(" postgresql://devots_desktop:p%40ss@db.example.org:6000/todos ")
    assert address == Address("db.example.org", 6000, "todos", "devots_desktop")
    assert password == "p@ss"


def test_a_short_url_is_completed_with_the_usual_port_and_login() -> None:
    assert Address.from_url("postgres://db.example.org/todos") == (Address("db.example.org", 5432, "todos", "devots_desktop"), "")


def test_a_unix_sockets_folder_is_taken_as_host() -> None:
    address, _ = Address.from_url("postgresql:///todos?host=/run/postgresql")
    assert (address.host, address.loopback) == ("/run/postgresql", True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "db.example.org",
        "https://db.example.org/x",
        "postgresql://db.example.org",
        "postgresql:///todos",
        "postgresql://h:port/x",
        "postgresql://[::1/x",
    ],
)
def test_what_is_no_database_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(AccountUnusable, match=r"postgresql://devots_desktop@host:5432/database"):
        Address.from_url(url)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_a_url_that_asks_for_less_than_a_verified_connection_is_refused(mode: str) -> None:
    with pytest.raises(AccountUnusable, match="only verify-full"):
        Address.from_url(f"postgresql://db.example.org/todos?sslmode={mode}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "/run/postgresql"])
def test_on_this_computer_encryption_is_not_demanded(host: str) -> None:
    assert Address(host, 5432, "todos").tls() == {"sslmode": "prefer"}


@pytest.mark.parametrize("host", ["db.example.org", "10.0.0.1", "localhost.example.org", "128.0.0.1"])
def test_elsewhere_the_certificate_is_verified_against_a_bundle_that_is_named(host: str) -> None:
    tls = Address(host, 5432, "todos").tls()
    assert tls["sslmode"] == "verify-full"
    assert "BEGIN CERTIFICATE" in Path(tls["sslrootcert"]).read_text(encoding="utf-8", errors="replace")


def test_a_named_ca_file_is_used_on_this_computer_too(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    assert Address("localhost", 5432, "todos", ca=str(ca)).tls() == {"sslmode": "verify-full", "sslrootcert": str(ca)}


def test_a_missing_ca_file_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(AccountUnusable, match=r"nothing\.pem"):
        Address("db.example.org", 5432, "todos", ca=str(tmp_path / "nothing.pem")).tls()


def test_an_address_survives_the_profile() -> None:
    address = Address("db.example.org", 6000, "todos", "devots_desktop", "/ca.pem")
    assert Address.from_dict(address.to_dict()) == address


def test_the_owner_of_a_database_is_held_to_verified_connections_too() -> None:
    with pytest.raises(AccountUnusable, match="only verify-full"):
        database.status("postgresql+psycopg://owner:secret@db.example.org/todos?sslmode=require")
