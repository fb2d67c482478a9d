"""The switches over HTTP, for who plays with the stand-in from outside of its process: `/__test/...`."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.servers.supabase.gateway import Gateway


def add_routes(application: web.Application, gateway: Gateway) -> None:
    """GET mail; GET and POST settings and faults; POST clock with seconds to `advance`; POST keys for another signing key."""

    def served(answer: Callable[[Any], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = await request.json() if request.can_read_body else {}
            try:
                return web.json_response(answer(body))
            except (KeyError, TypeError) as error:
                return web.json_response({"message": str(error)}, status=400)

        return handle

    router = application.router
    router.add_get("/__test/mail", served(lambda _: [dataclasses.asdict(each) for each in gateway.mail]))
    router.add_get("/__test/settings", served(lambda _: dataclasses.asdict(gateway.settings)))
    router.add_post("/__test/settings", served(lambda body: turn(gateway.settings, body)))
    router.add_get("/__test/faults", served(lambda _: dataclasses.asdict(gateway.faults)))
    router.add_post("/__test/faults", served(lambda body: turn(gateway.faults, body)))
    router.add_post("/__test/clock", served(lambda body: gateway.clock.advance(float(body["advance"]))))
    router.add_post("/__test/keys", served(lambda _: gateway.tokens.rotate()))


def turn(switches: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Set fields of a dataclass, also of one inside it, and answer all of them. KeyError for a field that there is not."""
    names = {field.name for field in dataclasses.fields(switches)}
    for name, value in wanted.items():
        if name not in names:
            raise KeyError(name)
        current = getattr(switches, name)
        if dataclasses.is_dataclass(current):
            turn(current, value)
        else:
            setattr(switches, name, value)
    return dataclasses.asdict(switches)
