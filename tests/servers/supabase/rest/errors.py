"""Errors of the REST part: four keys, a status, and what PostgreSQL's SQLSTATE makes of it (supabase-contract.md, section 2.3)."""

import json
from typing import Final

import psycopg
from aiohttp import web

_STATUS: Final = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
}
_CLASS: Final = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}
"""By the first two signs. Everything else is the client's fault: 400."""


class RestRefused(Exception):
    """A request that was not carried out; its transaction is rolled back."""

    def __init__(
        self, status: int, code: str | None, message: str, details: str | None = None, hint: str | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details, self.hint = status, code, message, details, hint
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> web.Response:
        body = {"code": self.code, "details": self.details, "hint": self.hint, "message": self.message}
        headers = {"Proxy-Status": f"PostgREST; error={self.code}", **self.headers}
        return web.Response(status=self.status, text=json.dumps(body), content_type="application/json", charset="utf-8", headers=headers)


def from_database(error: psycopg.Error, role: str) -> RestRefused:
    """What a client gets for an error of PostgreSQL. `role`: on whose behalf the statement ran."""
    code = error.sqlstate
    if code is None:
        return RestRefused(503, "PGRST001", "Database client error. Retrying the connection.", Retry_After="1")
    message = error.diag.message_primary or ""
    refused = RestRefused(_status(code, message, role), code, message, error.diag.message_detail, error.diag.message_hint)
    if refused.status == 401:
        refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def _status(code: str, message: str, role: str) -> int:
    if code == "42501":
        return 401 if role == "anon" else 403
    if code == "21000" and not message.endswith("requires a WHERE clause"):
        return 500
    if code == "22023" and message.startswith("role ") and message.endswith("does not exist"):
        return 401
    if code.startswith("PT"):
        return int(code[2:]) if code[2:].isdigit() else 500
    return _STATUS.get(code) or _CLASS.get(code[:2], 400)
