"""Refusals of the Auth part, in the two dialects that the request's X-Supabase-Api-Version chooses (supabase-contract.md, section 1.1)."""

from typing import Any, Final

from aiohttp import web

VERSION_HEADER: Final = "X-Supabase-Api-Version"
_NEW: Final = "2024-01-01"


class AuthRefused(Exception):
    """A request that is not granted.

    Attributes:
        keep: what was written for it stays, as when all tokens of a session are revoked.
    """

    def __init__(self, status: int, code: str, message: str, *, keep: bool = False, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.keep, self.more = status, code, message, keep, more

    def response(self, request: web.Request) -> web.Response:
        headers = {"x-sb-error-code": self.code}
        if request.headers.get(VERSION_HEADER, "") >= _NEW:
            body = {"code": self.code, "message": self.message, **self.more}
            headers[VERSION_HEADER] = _NEW
        else:
            body = {"code": self.status, "error_code": self.code, "msg": self.message, **self.more}
        return web.json_response(body, status=self.status, headers=headers)


class OAuthRefused(AuthRefused):
    """One of the few in the words of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, error, description)

    def response(self, request: web.Request) -> web.Response:
        return web.json_response({"error": self.code, "error_description": self.message}, status=self.status)


def invalid(message: str) -> AuthRefused:
    return AuthRefused(400, "validation_failed", message)


def wrong_credentials() -> AuthRefused:
    """The same for an unknown address and a wrong password."""
    return AuthRefused(400, "invalid_credentials", "Invalid login credentials")


def unknown_token() -> AuthRefused:
    """A refresh token that never was, or whose session has ended."""
    return AuthRefused(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")


def already_used() -> AuthRefused:
    """A refresh token that somebody else may have stolen. What was done about it stays."""
    return AuthRefused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used", keep=True)
