"""The profile: the folder that all state lies below, and the list of accounts in it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.errors import ProfileUnusable
from devots_desktop.store.lock import FileLock

_COMPUTER = Account("computer", AccountKind.COMPUTER, "This computer", secrets=SecretStore.MEMORY)


def default_folder(environ: Mapping[str, str]) -> Path:
    """DEVOTS_PROFILE, else `devots` below the platform's data folder (XDG Base Directory 0.8; Known Folders; File System Programming Guide)."""
    named = environ.get("DEVOTS_PROFILE")
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Devots"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Devots"
    data = environ.get("XDG_DATA_HOME", "")
    # A relative path in XDG_DATA_HOME is to be ignored (XDG Base Directory, section 2).
    return (Path(data) if Path(data).is_absolute() else home / ".local" / "share") / "devots"


class Profile:
    """A profile folder. The account "This computer" is always there."""

    def __init__(self, folder: Path) -> None:
        """Use this folder, and make it where it is missing.

        Raises:
            ProfileUnusable: it cannot be made, read or written.
        """
        self.folder = folder.expanduser().absolute()
        self._file = self.folder / "accounts.json"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise _unusable(self.folder) from error

    def cache_path(self, account: Account) -> Path:
        """The account's cache file."""
        return self.folder / "accounts" / account.account_id / "cache.sqlite3"

    def accounts(self) -> list[Account]:
        """All accounts, "This computer" first.

        Raises:
            ProfileUnusable: the list of accounts cannot be read.
        """
        return [_COMPUTER, *self._read()["accounts"]]

    def current(self) -> Account:
        """The account that the window shows and the command line means."""
        wanted = self._read()["current"]
        return next((account for account in self.accounts() if account.account_id == wanted), _COMPUTER)

    def use(self, account: Account) -> None:
        """Make an account the current one. Raises as `put` does."""
        with self._changing() as state:
            state["current"] = account.account_id

    def put(self, account: Account) -> None:
        """Store an account, in the place of the one with its id, and make it the current one: completely, or not at all.

        Raises:
            ProfileUnusable: it could not be written; what was there before is still there.
        """
        with self._changing() as state:
            state["accounts"] = [*_without(account, state["accounts"]), account]
            state["current"] = account.account_id

    def remove(self, account: Account) -> None:
        """Forget an account and delete its files. "This computer" becomes the current one where it was this. Raises as `put` does."""
        with self._changing() as state:
            state["accounts"] = _without(account, state["accounts"])
            if state["current"] == account.account_id:
                state["current"] = _COMPUTER.account_id
        shutil.rmtree(self.cache_path(account).parent, ignore_errors=True)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """What is stored, to be changed. No other process changes it meanwhile, whose change would be lost."""
        try:
            with FileLock(self.folder / "accounts.lock").held():
                state = self._read()
                yield state
                entries = [account._asdict() | {"address": dict(account.address)} for account in state["accounts"]]
                write_private(self._file, json.dumps({"current": state["current"], "accounts": entries}, indent=1, ensure_ascii=False))
        except BlockingIOError as error:
            raise ProfileUnusable(
                "Accounts busy", f"Another program keeps the list of accounts in {self.folder} locked.", "Close that program and try again."
            ) from error
        except OSError as error:
            raise _unusable(self.folder) from error

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return {"current": str(found["current"]), "accounts": list(map(_account, found["accounts"]))}
        except FileNotFoundError:
            return {"current": _COMPUTER.account_id, "accounts": []}
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ProfileUnusable(
                "Accounts not readable",
                f"The list of accounts in {self._file} cannot be read.",
                "Mend the file or move it away; the todos beside it stay where they are.",
            ) from error


def _without(account: Account, accounts: Sequence[Account]) -> list[Account]:
    return [other for other in accounts if other.account_id != account.account_id]


def _account(entry: dict[str, Any]) -> Account:
    return Account(**entry | {"kind": AccountKind(entry["kind"]), "secrets": SecretStore(entry["secrets"])})


def _unusable(folder: Path) -> ProfileUnusable:
    return ProfileUnusable(
        "Folder not writable",
        f"The profile folder {folder} cannot be written.",
        "Allow writing to it, or choose another folder with --profile or DEVOTS_PROFILE.",
    )


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only this user may read it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
