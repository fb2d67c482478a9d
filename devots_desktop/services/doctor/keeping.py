"""Whether secrets can be kept where the account keeps its own."""

import secrets as random

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.services.secrets import Secrets

KEYRING = "keyring"


async def examine(account: Account, secrets: Secrets) -> Finding:
    """Write, read and delete an entry of its own; the account's entry is not touched."""
    if account.secrets is SecretStore.MEMORY:
        return Finding(KEYRING, Level.OK, "The session is kept in memory only, and ends with the program.")
    if account.secrets is SecretStore.FILE:
        return Finding(KEYRING, Level.OK, "The session is kept in a private file, not in the keyring.")
    probe = account._replace(account_id=f"check-{random.token_hex(4)}", name="Check of the keyring")
    try:
        await secrets.set(probe, {"check": random.token_hex(16)})
        await secrets.forget(probe)
    except DevotsError as error:
        return Finding(KEYRING, Level.WRONG, error.sentence, error.next_step)
    return Finding(KEYRING, Level.OK, "The keyring keeps what it is given, and forgets it when asked.")
