"""The Prefer header (RFC 7240): what a client would like, and what the answer says was done."""

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from tests.servers.supabase.rest.errors import RestRefused

_KNOWN: Final = {
    "resolution": {"merge-duplicates", "ignore-duplicates"},
    "missing": {"default", "null"},
    "return": {"minimal", "representation", "headers-only"},
    "count": {"exact", "planned", "estimated"},
    "tx": {"commit", "rollback"},
    "handling": {"strict", "lenient"},
}
_ORDER: Final = ("resolution", "missing", "return", "count", "handling", "max-affected")
"""Of Preference-Applied. `tx` is known and never honoured: a hosted project does not allow it."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """By name. `heard`: those that mean something to this kind of request."""

    wanted: dict[str, str] = field(default_factory=dict)
    heard: frozenset[str] = frozenset()

    def get(self, name: str, default: str = "") -> str:
        return self.wanted.get(name, default) if name in self.heard else default

    @property
    def count(self) -> bool:
        return self.get("count") != ""

    @property
    def max_affected(self) -> int | None:
        """Counts only together with handling=strict."""
        strict = self.get("handling") == "strict"
        return int(self.wanted["max-affected"]) if strict and self.get("max-affected") else None

    def headers(self) -> dict[str, str]:
        shown = [name for name in _ORDER if self.get(name) and (name != "max-affected" or self.max_affected is not None)]
        return {"Preference-Applied": ", ".join(f"{name}={self.wanted[name]}" for name in shown)} if shown else {}


def read_preferences(request: web.Request, *heard: str) -> Preferences:
    """The first of a name counts; what is unknown is ignored, or refused with handling=strict."""
    wishes = [each.strip() for header in request.headers.getall("Prefer", []) for each in header.split(",") if each.strip()]
    found: dict[str, str] = {}
    unknown = []
    for wish in wishes:
        name, _, value = wish.partition("=")
        if value in _KNOWN.get(name, ()) or (name == "max-affected" and value.isdigit()):
            found.setdefault(name, value)
        elif name != "timezone":
            unknown.append(wish)
    if unknown and found.get("handling") == "strict":
        details = f"Invalid preferences: {', '.join(unknown)}"
        raise RestRefused(400, "PGRST122", "Invalid preferences given with handling=strict", details)
    return Preferences(found, frozenset({*heard, "count", "handling"}))
