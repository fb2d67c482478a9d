"""What an answer looks like: media types, Content-Range, one object or many (supabase-contract.md, section 2.4)."""

from typing import Final

from aiohttp import web

from tests.servers.supabase.rest.errors import RestRefused
from tests.servers.supabase.rest.preferences import Preferences

SINGULAR: Final = "application/vnd.pgrst.object"
_MANY: Final = {"*/*", "application/*", "application/json", "application/vnd.pgrst.array+json"}


def is_singular(request: web.Request) -> bool:
    """Whether one object is wanted. Raises RestRefused for a media type that there is not."""
    wanted = [each.partition(";")[0].strip() for each in request.headers.get("Accept", "*/*").split(",")]
    for each in wanted:
        if each.startswith(SINGULAR):
            return True
        if each in _MANY:
            return False
    raise RestRefused(406, "PGRST107", f"None of these media types are available: {', '.join(wanted)}")


def check_schema(request: web.Request) -> None:
    """Only one schema is exposed."""
    header = "Accept-Profile" if request.method in {"GET", "HEAD"} else "Content-Profile"
    schema = request.headers.get(header, "public")
    if schema != "public":
        raise RestRefused(406, "PGRST106", f"Invalid schema: {schema}", None, "Only the following schemas are exposed: public")


def check_single(singular: bool, number: int) -> None:  # noqa: FBT001 - answers of a predicate
    if singular and number != 1:
        details = f"The result contains {number} rows"
        raise RestRefused(406, "PGRST116", "Cannot coerce the result to a single JSON object", details)


def check_affected(wishes: Preferences, number: int) -> None:
    if wishes.max_affected is not None and number > wishes.max_affected:
        details = f"The query affects {number} rows"
        raise RestRefused(400, "PGRST124", "Query result exceeds max-affected preference constraint", details)


def content_range(offset: int, number: int, total: int | None) -> str:
    span = f"{offset}-{offset + number - 1}" if number else "*"
    return f"{span}/{'*' if total is None else total}"


def json_answer(status: int, body: str, headers: dict[str, str], *, singular: bool = False) -> web.Response:
    """`body`: an array, of which a singular answer takes the only element."""
    text = body[1:-1].strip() if singular else body
    kind = f"{SINGULAR}+json" if singular else "application/json"
    return web.Response(status=status, text=text, content_type=kind, charset="utf-8", headers=headers)
