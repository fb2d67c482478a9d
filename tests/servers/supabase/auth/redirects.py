"""Where a browser may be sent back to (supabase-contract.md, section 1.10)."""

import ipaddress
import re
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from aiohttp import web

from tests.servers.supabase.gateway import Settings


def destination(settings: Settings, wanted: str | None) -> str:
    """The address that was asked for, or, without a word, the project's site where that is not allowed."""
    return wanted if wanted and _allowed(settings, wanted) else settings.site_url


def _allowed(settings: Settings, wanted: str) -> bool:
    there, site = urlsplit(wanted), urlsplit(settings.site_url)
    if (there.scheme, there.netloc) == (site.scheme, site.netloc):
        return True
    host = there.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    if host == "localhost" == site.hostname:
        return True
    return any(_pattern(each).fullmatch(wanted) for each in settings.allowed)


def _pattern(glob: str) -> re.Pattern[str]:
    """`*` ends at a dot or a slash, `**` goes on."""
    parts = {"**": ".*", "*": "[^./]*", "?": "[^./]"}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in re.findall(r"\*\*|.", glob)))


def with_query(address: str, **values: str) -> str:
    parts = urlsplit(address)
    query = "&".join(each for each in (parts.query, urlencode(values, quote_via=quote)) if each)
    return urlunsplit(parts._replace(query=query))


def with_fragment(address: str, **values: str) -> str:
    return urlunsplit(urlsplit(address)._replace(fragment=urlencode(values, quote_via=quote)))


def failure(address: str, error: str, code: str, description: str, *, in_query: bool) -> str:
    """Behind the `#`, and for PKCE in the query as well: a program on loopback sees only that."""
    said = {"error": error, "error_code": code, "error_description": description}
    return with_fragment(with_query(address, **said) if in_query else address, **said, sb="")


def go(status: int, address: str) -> web.Response:
    return web.Response(status=status, headers={"Location": address})
