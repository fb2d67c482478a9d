"""Whether Realtime tells of changes to a table: a channel is joined and left. It is spoken by hand, since the library keeps the reasons to itself."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote import web
from devots_desktop.remote.supabase.checks import PUBLICATION, REALTIME, RIGHTS, SET_UP
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.rights import Mode, Person, for_owner

PATIENCE_S = 30.0
"""Seconds until "Subscribed to PostgreSQL" has come: a project that nobody listens to takes many to begin (supabase-contract.md, section 3.2)."""
_OPEN_S = 10.0
_MEANWHILE = "Changes that are made elsewhere come within a minute instead of at once."


class Heard(Enum):
    """What came of joining a channel for a table."""

    LIVE = "changes are told"
    NOT_PUBLISHED = "the table is not in the publication"
    NOT_READABLE = "the table or its filter cannot be read by this person"
    REFUSED = "the join was refused"
    SILENT = "no answer"


async def examine(project: Project, key: str, mode: Mode, person: Person | None, *, patience: float = PATIENCE_S) -> list[Finding]:
    """Whether changes to the project's tables are told; to nobody in particular where `person` is None. Raises nothing of the DevotsError family."""
    tables = ("todo",) if mode is Mode.PLAIN else ("todo", "todo_tombstone")
    try:
        heard = await join(project, key, tables, person, patience=patience)
    except InvalidStatus as error:
        status = error.response.status_code
        return [
            Finding(REALTIME, Level.WARNING, f"Realtime takes no connection (HTTP {status}). {_MEANWHILE}", "It is tried again by itself.")
        ]
    except (OSError, WebSocketException):
        sentence = f"No connection to Realtime came about. {_MEANWHILE}"
        return [Finding(REALTIME, Level.WARNING, sentence, "Where a proxy is in the way, it has to let WebSockets through.")]
    return _told(heard, mode)


async def join(project: Project, key: str, tables: Sequence[str], person: Person | None, *, patience: float) -> dict[str, Heard]:
    """Join a channel for each table and wait until it is known what comes of it.

    Args:
        patience: seconds for all of them, once connected.

    Raises:
        OSError, WebSocketException: no connection came about.
    """
    heard: dict[str, Heard] = {}
    address = f"{project.url.replace('http', 'ws', 1)}/realtime/v1/websocket?{urlencode({'apikey': key, 'vsn': '1.0.0'})}"
    async with connect(address, ssl=web.tls(project), proxy=web.proxy(project) or None, open_timeout=_OPEN_S) as socket:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                for number, table in enumerate(tables):
                    await socket.send(json.dumps(_join(table, str(number + 1), person)))
                await _listen(socket, tables, heard)
    return {table: heard.get(table, Heard.SILENT) for table in tables}


async def _listen(socket: ClientConnection, tables: Sequence[str], heard: dict[str, Heard]) -> None:
    async for frame in socket:
        message = _read(frame)
        table = str(message.get("topic", "")).rpartition(":")[2]
        outcome = _outcome(message)
        if outcome is not None and table in tables:
            heard.setdefault(table, outcome)
        if len(heard) == len(tables):
            return


def _join(table: str, ref: str, person: Person | None) -> dict[str, Any]:
    changes = {"event": "*", "schema": "public", "table": table} | ({"filter": f"user_id=eq.{person.user_id}"} if person else {})
    config = {"broadcast": {"ack": False, "self": False}, "presence": {"key": "", "enabled": False}, "private": False}
    payload = {"config": config | {"postgres_changes": [changes]}} | ({"access_token": person.token} if person else {})
    return {"topic": f"realtime:devots-check:{table}", "event": "phx_join", "payload": payload, "ref": ref, "join_ref": ref}


def _read(frame: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(frame)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _outcome(message: dict[str, Any]) -> Heard | None:
    """What a frame decides; None where it decides nothing. Realtime has no codes: its two texts are told apart by their fixed parts."""
    event, payload = message.get("event"), message.get("payload")
    if not isinstance(payload, dict):
        return None
    if event in {"phx_close", "phx_error"} or (event == "phx_reply" and payload.get("status") == "error"):
        return Heard.REFUSED
    if event != "system":
        return None
    if payload.get("status") == "ok":
        return Heard.LIVE if payload.get("extension") == "postgres_changes" else None
    text = str(payload.get("message", ""))
    if "Realtime is enabled" in text:
        return Heard.NOT_PUBLISHED
    return Heard.NOT_READABLE if "exception" in text.lower() else Heard.REFUSED


def _told(heard: dict[str, Heard], mode: Mode) -> list[Finding]:
    found = [each for table, outcome in heard.items() if (each := _finding(table, outcome, mode)) is not None]
    return found or [Finding(REALTIME, Level.OK, "Changes that are made elsewhere are told at once.")]


def _finding(table: str, outcome: Heard, mode: Mode) -> Finding | None:
    match outcome:
        case Heard.LIVE:
            return None
        case Heard.NOT_PUBLISHED:
            line = f"alter publication supabase_realtime add table public.{table};"
            return for_owner(PUBLICATION, Level.WARNING, f"The project does not publish the table {table} to Realtime. {_MEANWHILE}", line)
        case Heard.NOT_READABLE:
            line = f"grant select on public.{table} to authenticated;" if mode is Mode.PLAIN else SET_UP
            return for_owner(RIGHTS, Level.WARNING, f"Realtime may not read the table {table} for you. {_MEANWHILE}", line)
        case Heard.REFUSED:
            return Finding(
                REALTIME, Level.WARNING, f"Realtime refuses a channel for the table {table}. {_MEANWHILE}", "It is tried again by itself."
            )
        case Heard.SILENT:
            sentence = f"Realtime has not begun to tell of the table {table}. {_MEANWHILE}"
            return Finding(REALTIME, Level.WARNING, sentence, "Check again in some minutes.")
