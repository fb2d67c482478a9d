"""What stops a connection is told apart, by the words that libpq has for it, and none of those words is passed on."""

import pytest

from devots_desktop.domain.errors import AccountUnusable, Unreachable, UntrustedCertificate
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.connection import make_engine
from devots_desktop.remote.postgres.reaching import pooler, refuse_transaction_pooler, without_answer

HERE = Address("server.example.org", 5432, "todos", "devots_desktop")
DIRECT = Address("db.abcdefghijklmnopqrst.supabase.co", 5432, "postgres", "devots_desktop")
POOLER = Address("aws-0-eu-central-1.pooler.supabase.com", 5432, "postgres", "devots_desktop.abcdefghijklmnopqrst")
BARE = Address(POOLER.host, 5432, "postgres", "devots_desktop")
PREFIX = 'connection failed: connection to server at "192.0.2.1", port 5432 failed: '
WORDS = [
    (
        HERE,
        'FATAL:  password authentication failed for user "devots_desktop"',
        AccountUnusable,
        "Database login refused",
        "does not accept the login",
    ),
    (HERE, 'FATAL:  role "devots_desktop" does not exist', AccountUnusable, "Database login refused", "does not accept the login"),
    (HERE, 'FATAL:  database "todos" does not exist', AccountUnusable, "No such database", "no database todos"),
    (
        HERE,
        'FATAL:  no pg_hba.conf entry for host "198.51.100.7", user "devots_desktop", database "todos", no encryption',
        AccountUnusable,
        "Address not allowed",
        "from this computer's network",
    ),
    (POOLER, "FATAL:  Address not in tenant allow_list: {198, 51, 100, 7}", AccountUnusable, "Address not allowed", "restrictions"),
    (BARE, "FATAL:  Tenant or user not found", AccountUnusable, "Unknown to the pooler", "devots_desktop.<project's id>"),
    (
        BARE,
        "FATAL:  no tenant identifier provided (external_id or sni_hostname required)",
        AccountUnusable,
        "Unknown to the pooler",
        "<project",
    ),
    (BARE, 'FATAL:  password authentication failed for user "devots_desktop"', AccountUnusable, "Unknown to the pooler", "<project"),
    (POOLER, 'FATAL:  password authentication failed for user "devots_desktop"', AccountUnusable, "Database login refused", "password"),
    (HERE, "SSL error: certificate verify failed", UntrustedCertificate, "Certificate not trusted", "does not prove"),
    (HERE, "server does not support SSL, but SSL was required", AccountUnusable, "No encryption", "offers no encryption"),
    (HERE, "failed to resolve host 'server.example.org': [Errno -2] Name or service not known", Unreachable, "Offline", "leads nowhere"),
    (HERE, "Connection refused\n\tIs the server running on that host?", Unreachable, "Offline", "Check that it runs, and the port"),
    (HERE, "timeout expired", Unreachable, "Offline", "network restrictions"),
    (HERE, "Network is unreachable", Unreachable, "Offline", "no way from here"),
    (HERE, "server closed the connection unexpectedly", Unreachable, "Offline", "Check host, port and network"),
    (DIRECT, "Network is unreachable", Unreachable, "Offline", "reached over IPv6 only"),
    (
        DIRECT,
        "failed to resolve host 'db': [Errno -5] No address associated with hostname",
        Unreachable,
        "Offline",
        "session pooler's address",
    ),
]


@pytest.mark.parametrize(("address", "words", "kind", "title", "said"), WORDS, ids=[f"{each[3]}: {each[1][:30]}" for each in WORDS])
def test_each_cause_has_its_sentence(address: Address, words: str, kind: type[Exception], title: str, said: str) -> None:
    error = without_answer(PREFIX + words, address)
    assert type(error) is kind
    assert error.title == title
    assert said in f"{error.sentence} {error.next_step}"
    assert "198" not in str(error)
    assert "192.0.2.1" not in str(error)


def test_elsewhere_ipv6_is_not_spoken_of() -> None:
    assert "IPv6" not in str(without_answer("Network is unreachable", HERE))


@pytest.mark.parametrize(
    ("host", "port", "kind"),
    [
        (POOLER.host, 5432, "session"),
        (POOLER.host, 6543, "transaction"),
        (DIRECT.host, 6543, "transaction"),
        (DIRECT.host, 5432, None),
        ("server.example.org", 6543, None),
        ("pooler.supabase.com.example.org", 6543, None),
    ],
)
def test_supabases_poolers_are_known_by_their_address(host: str, port: int, kind: str | None) -> None:
    assert pooler(Address(host, port, "postgres")) == kind


def test_a_pooler_that_forgets_its_clients_is_refused_before_anything_is_sent() -> None:
    address = Address(POOLER.host, 6543, "postgres", "devots_desktop")
    for refuse in (lambda: refuse_transaction_pooler(address), lambda: make_engine(address, "secret")):
        with pytest.raises(AccountUnusable, match=r"port 5432 and the login devots_desktop\.<project's id>"):
            refuse()
    with pytest.raises(AccountUnusable, match="port 5432"):
        migrate.status(f"postgresql://owner:secret@{POOLER.host}:6543/postgres")
    refuse_transaction_pooler(POOLER)
