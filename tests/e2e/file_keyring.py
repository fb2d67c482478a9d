"""A keyring outside the profile, for processes of tests: PYTHON_KEYRING_BACKEND names it, DEVOTS_TEST_KEYRING its file."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """Keeps everything in one file."""

    priority = 1.0

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        _file().write_text(json.dumps({**self._all(), f"{service}/{username}": password}), encoding="utf-8")

    def delete_password(self, service: str, username: str) -> None:
        _file().write_text(
            json.dumps({name: kept for name, kept in self._all().items() if name != f"{service}/{username}"}), encoding="utf-8"
        )

    def _all(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(_file().read_text(encoding="utf-8")) if _file().exists() else {}
        return kept


def _file() -> Path:
    return Path(os.environ["DEVOTS_TEST_KEYRING"])
