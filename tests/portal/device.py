"""A program that signs in by device authorization (RFC 8628)."""

from typing import Any

import httpx

from tests.portal.client import CLIENT_ID, Asking

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Device:
    """A program that asks for a code and then for its token, without waiting as long as it is told to unless a test says so."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.codes: dict[str, Any] = asking.auth("/device/code", {"client_id": CLIENT_ID, "scope": "todo"}).raise_for_status().json()

    @property
    def user_code(self) -> str:
        code: str = self.codes["user_code"]
        return code

    def ask(self, **changes: str) -> httpx.Response:
        body = {"grant_type": GRANT, "device_code": self.codes["device_code"], "client_id": CLIENT_ID}
        return self._asking.auth("/device/token", {**body, **changes})

    def waited(self) -> None:
        """As after a pause between two questions."""
        self._in_database("update device_code set last_polled_at = last_polled_at - interval '1 minute'")

    def expires(self) -> None:
        self._in_database("update device_code set expires_at = expires_at - interval '31 minutes'")

    def _in_database(self, statement: str) -> None:
        with self._asking.portal.database.connect() as owner:
            owner.execute(statement.encode())
