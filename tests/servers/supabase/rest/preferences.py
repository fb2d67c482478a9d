"""The Prefer header (RFC 7240): what a client would like, and what the answer says was done."""

from dataclasses import dataclass, field

from aiohttp import web

from tests.servers.supabase.rest.errors import RestRefused

_KNOWN = {
    "return": {"minimal", "representation", "headers-only"},
    "count": {"exact", "planned", "estimated"},
    "resolution": {"merge-duplicates", "ignore-duplicates"},
    "missing": {"default", "null"},
    "handling": {"strict", "lenient"},
    "tx": {"commit", "rollback"},
}


@dataclass(slots=True)
class Preferences:
    """By name. `applied`: what was honoured, in the order of the platform."""

    wanted: dict[str, str] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """The wish, noted as applied."""
        if name in self.wanted:
            self._note(name)
        return self.wanted.get(name, default)

    def max_affected(self) -> int | None:
        """Heard only together with handling=strict."""
        if self.wanted.get("handling") != "strict" or "max-affected" not in self.wanted:
            return None
        self._note("handling")
        self._note("max-affected")
        return int(self.wanted["max-affected"])

    def headers(self) -> dict[str, str]:
        return {"Preference-Applied": ", ".join(self.applied)} if self.applied else {}

    def _note(self, name: str) -> None:
        text = f"{name}={self.wanted[name]}"
        if text not in self.applied:
            self.applied.append(text)


def read_preferences(request: web.Request) -> Preferences:
    """The first of a name counts; what is unknown is ignored, or refused with handling=strict."""
    wishes = [each.strip() for header in request.headers.getall("Prefer", []) for each in header.split(",") if each.strip()]
    found: dict[str, str] = {}
    unknown = []
    for wish in wishes:
        name, _, value = wish.partition("=")
        if value in _KNOWN.get(name, ()) or (name == "max-affected" and value.isdigit()):
            found.setdefault(name, value)
        else:
            unknown.append(wish)
    if unknown and found.get("handling") == "strict":
        details = f"Invalid preferences: {', '.join(unknown)}"
        raise RestRefused(400, "PGRST122", "Invalid preferences given with handling=strict", details)
    return Preferences(found)
