"""The way to a database: what its address shows of poolers, and what a failure to connect means.

While connecting, libpq tells a failure in words only, the server's and the pooler's among them. None of them is passed on.
"""

from typing import Literal

from devots_desktop.domain.errors import AccountUnusable, DevotsError, Unreachable, UntrustedCertificate
from devots_desktop.remote.postgres.address import Address

_DIRECT, _POOLER = ".supabase.co", ".pooler.supabase.com"
_TRANSACTION_PORT = 6543
"""Where Supabase's poolers share connections between transactions; on 5432 each client has its own."""
_NO_ROUTE = ("Network is unreachable", "No route to host", "Cannot assign requested address")
_NO_NAME = ("failed to resolve host", "could not translate host name")
_NO_TENANT = ("Tenant or user not found", "no tenant identifier")


def pooler(address: Address) -> Literal["session", "transaction"] | None:
    """The kind of pooler that answers at an address of Supabase; None elsewhere, and for its direct one."""
    if address.host.endswith((_POOLER, _DIRECT)) and address.port == _TRANSACTION_PORT:
        return "transaction"
    return "session" if address.host.endswith(_POOLER) else None


def refuse_transaction_pooler(address: Address) -> None:
    """Raise AccountUnusable where an address leads to one: nothing that outlives a transaction works there."""
    if pooler(address) == "transaction":
        raise AccountUnusable(
            "Transaction pooler",
            f"At port {_TRANSACTION_PORT} a pooler shares connections between transactions: no change is told (LISTEN), and no lock lasts.",
            f"Take the session pooler's address (Supabase's dashboard, Connect), with port 5432 and the login {_of_project(address)}.",
        )


def without_answer(message: str, address: Address) -> DevotsError:
    """What it means that no connection was made; the more certain signs first.

    Args:
        message: libpq's.
    """
    return _refused(message, address) or _unsafe(message, address) or _unreached(message, address)


def _refused(message: str, address: Address) -> DevotsError | None:
    """The server, or a pooler, has answered and lets nobody in."""
    login = address.login
    if any(sign in message for sign in _NO_TENANT) or (pooler(address) and "password" in message and "." not in login):
        return AccountUnusable(
            "Unknown to the pooler",
            f"The pooler does not know the login {login}.",
            f"Behind the login it wants the project's id: {_of_project(address)} (Supabase's dashboard, Connect).",
        )
    if "allow_list" in message or "pg_hba.conf" in message:
        return AccountUnusable(
            "Address not allowed",
            f"The server does not let the login {login} into the database {address.database} from this computer's network.",
            "Ask its owner to allow it: in Supabase's network restrictions, elsewhere in pg_hba.conf.",
        )
    if "password" in message or f'role "{login}"' in message:
        return AccountUnusable(
            "Database login refused",
            f"The database does not accept the login {login} with this password.",
            "Check the login's name and password; the database's owner has them.",
        )
    if f'database "{address.database}" does not exist' in message:
        return AccountUnusable(
            "No such database", f"There is no database {address.database} on {address.host}.", "Check the database's name."
        )
    return None


def _unsafe(message: str, address: Address) -> DevotsError | None:
    if "certificate" in message:
        return UntrustedCertificate(
            "Certificate not trusted",
            f"The certificate of {address.host} does not prove that it is the server you asked for.",
            "Check the host's name, or choose the CA file that signed the certificate.",
        )
    if "does not support SSL" in message:
        where = f"{address.host}:{address.port}"
        return AccountUnusable(
            "No encryption", f"The server at {where} offers no encryption.", "Ask its owner to turn TLS on; nothing was sent."
        )
    return None


def _unreached(message: str, address: Address) -> Unreachable:
    """Nobody has answered. It may be the network, so it stays worth another try."""
    where = f"{address.host}:{address.port}"
    if any(sign in message for sign in _NO_NAME):
        sentence, next_step = f"The name {address.host} leads nowhere.", "Check the host's name and your network."
    elif any(sign in message for sign in _NO_ROUTE):
        sentence, next_step = f"There is no way from here to {where}.", "Check your network."
    elif "Connection refused" in message:
        sentence, next_step = f"No PostgreSQL server answers at {where}.", "Check that it runs, and the port."
    elif "timeout" in message or "timed out" in message:
        sentence = f"Nothing comes back from {where}."
        next_step = "Check host and port, and whether the server's network restrictions allow your address."
    else:
        sentence, next_step = f"No PostgreSQL server answers at {where}.", "Check host, port and network."
    return Unreachable("Offline", sentence, f"{next_step}{_only_ipv6(address)} It is tried again by itself.")


def _only_ipv6(address: Address) -> str:
    """Supabase's direct hosts have no IPv4 address, unless the project pays for one."""
    if not (address.host.startswith("db.") and address.host.endswith(_DIRECT)):
        return ""
    return f" This host is reached over IPv6 only; without that, take the session pooler's address with the login {_of_project(address)}."


def _of_project(address: Address) -> str:
    """The login as a pooler wants it. The project's id is not filled in: it would tell whose project this is wherever the sentence is pasted."""
    return address.login if "." in address.login else f"{address.login}.<project's id>"
