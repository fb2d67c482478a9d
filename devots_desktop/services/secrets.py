"""Where secrets are kept: the system's keyring, memory, or, only when asked for, a private file.

The keyring may ask the user for a password, hang, lie or be missing (supabase-contract.md, section 6): each call has a thread of its own and a time
limit, and what was written is read back. Nobody falls back to a file silently.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.store.profile import Profile, write_private

SERVICE = "Devots Desktop"
MOST = 1_000
"""Characters of a secret: the Windows Credential Manager takes 1,280."""

Result = TypeVar("Result")


class Secrets:
    """The secrets of a profile's accounts: a small dictionary of strings for each account."""

    def __init__(self, profile: Profile, *, timeout: float = 30.0) -> None:
        """Keep the secrets of this profile.

        Args:
            timeout: seconds that the keyring may take; long enough for a person to unlock it.
        """
        self._profile = profile
        self._timeout = timeout
        self._memory: dict[str, dict[str, str]] = {}

    def copy(self, *, timeout: float) -> "Secrets":
        """The same secrets for another thread, which may wait less long for the keyring.

        What one of them keeps in memory the other has too: a session that is renewed there goes on here.
        """
        other = Secrets(self._profile, timeout=timeout)
        other._memory = self._memory
        return other

    async def get(self, account: Account) -> dict[str, str] | None:
        """The account's secrets, None where there are none or what is there cannot be read any more.

        Raises:
            AccountUnusable: the keyring does not answer.
        """
        kept = self._memory.get(account.account_id)
        if kept is None:
            found = await _in_thread(lambda: self._read(account), self._timeout)
            try:
                kept = json.loads(found) if found else None
            except ValueError:
                return None
            if kept is None:
                return None
            self._memory[account.account_id] = kept
        return dict(kept)

    async def set(self, account: Account, secrets: dict[str, str]) -> None:
        """Keep the account's secrets where the account says.

        Raises:
            AccountUnusable: they could not be kept there; they are kept in memory until the program ends.
        """
        self._memory[account.account_id] = dict(secrets)
        value = json.dumps(secrets)
        if account.secrets is not SecretStore.MEMORY:
            await _in_thread(lambda: self._write(account, value), self._timeout)

    async def forget(self, account: Account) -> None:
        """Delete the account's secrets; it is no error when there are none."""
        self._memory.pop(account.account_id, None)
        if account.secrets is not SecretStore.MEMORY:
            await _in_thread(lambda: self._delete(account), self._timeout)

    def stale(self, account: Account) -> None:
        """Read the secrets again next time: another process may have written new ones."""
        if account.secrets is not SecretStore.MEMORY:
            self._memory.pop(account.account_id, None)

    def _read(self, account: Account) -> str | None:
        if account.secrets is SecretStore.FILE:
            file = self._file(account)
            return file.read_text(encoding="utf-8") if file.exists() else None
        if account.secrets is SecretStore.MEMORY:
            return None
        import keyring

        return keyring.get_password(SERVICE, self._entry(account))

    def _write(self, account: Account, value: str) -> None:
        if account.secrets is SecretStore.FILE:
            self._file(account).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._file(account), value)
            return
        import keyring

        if len(value) > MOST:
            raise ValueError(len(value))
        keyring.set_password(SERVICE, self._entry(account), value)
        if keyring.get_password(SERVICE, self._entry(account)) != value:
            raise ValueError(account.account_id)

    def _delete(self, account: Account) -> None:
        if account.secrets is SecretStore.FILE:
            self._file(account).unlink(missing_ok=True)
            return
        import keyring
        from keyring.errors import PasswordDeleteError

        try:
            keyring.delete_password(SERVICE, self._entry(account))
        except PasswordDeleteError:
            return

    def _file(self, account: Account) -> Path:
        return self._profile.cache_path(account).with_name("secrets.json")

    def _entry(self, account: Account) -> str:
        """Named for people who look into their keyring, and unique among profiles."""
        return f"{account.name} ({account.account_id})"


async def keyring_name(timeout: float = 10.0) -> str:
    """What the system's keyring calls itself.

    Raises:
        AccountUnusable: it does not answer.
    """

    def name() -> str:
        import keyring

        return str(keyring.get_keyring().name)

    return await _in_thread(name, timeout)


async def _in_thread(work: Callable[[], Result], timeout: float) -> Result:
    """Do something that may block for ever, and wait for it only so long."""
    import asyncio  # Not at the top: the first window does not wait for it.

    from devots_desktop.remote.thread import on_thread

    try:
        async with asyncio.timeout(timeout):
            return await on_thread("secrets", work)
    except TimeoutError:
        raise AccountUnusable("Keyring silent", "The keyring did not answer.", _NEXT) from None
    except Exception as error:  # noqa: BLE001
        # Back-ends raise what they like, and what they say may hold the secret: only the kind of failure is told.
        raise AccountUnusable("Keyring not usable", f"The keyring could not be used ({type(error).__name__}).", _NEXT) from None


_NEXT = "Unlock it and try again, or keep the secret in memory (sign in at each start) or in a private file."
