"""tRPC v11 over HTTP: calls of procedures, and both forms that a portal may speak, with superjson and without (portal-contract.md, section 4)."""

from typing import Any

from devots_desktop.remote.portal.failures import either
from devots_desktop.remote.portal.wire import Reply, Wire

_INTERNAL = "INTERNAL_SERVER_ERROR"


class Rejected(Exception):
    """A procedure that answered with an error, or something else that did. Nothing of its message is kept: it can hold SQL with a todo's text.

    Attributes:
        code: tRPC's; empty where it was not tRPC that answered.
    """

    def __init__(self, reply: Reply, code: str) -> None:
        super().__init__(f"HTTP {reply.status} {code}".rstrip())
        self.reply = reply
        self.code = code

    @property
    def internal(self) -> bool:
        """Whether the procedure itself failed, of which tRPC knows no more: the database is away, or will not have what was given."""
        return self.code == _INTERNAL


class Procedures:
    """A portal's procedures. Which form it speaks is seen by its answers, so that a portal may change it."""

    def __init__(self, wire: Wire) -> None:
        """Call over this connection."""
        self._wire = wire
        self._superjson: bool | None = None

    async def query(self, name: str) -> Any:
        """What a query without input answers. It is sent alike in both forms.

        Raises:
            Rejected: it answered with an error.
            DevotsError: no answer came.
        """
        return self._read(await self._wire.get(f"trpc/{name}"))

    async def mutate(self, name: str, given: dict[str, Any]) -> Any:
        """What a mutation answers. Raises as `query`; without an answer it is unknown whether it has done anything."""
        form = await self._form()
        try:
            return await self._send(name, given, superjson=form)
        except Rejected as rejected:
            if rejected.code != "BAD_REQUEST" or await self._form(again=True) == form:
                raise
            # An input in the wrong form was not understood, so nothing was done.
            return await self._send(name, given, superjson=not form)

    async def _send(self, name: str, given: dict[str, Any], *, superjson: bool) -> Any:
        return self._read(await self._wire.post(f"trpc/{name}", {"json": given} if superjson else given))

    async def _form(self, *, again: bool = False) -> bool:
        """Whether it is superjson. An error tells as well."""
        if self._superjson is None or again:
            try:
                await self.query("healthCheck")
            except Rejected as rejected:
                if not rejected.code:
                    raise
        return bool(self._superjson)

    def _read(self, reply: Reply) -> Any:
        if reply.foreign or not isinstance(reply.body, dict):
            raise Rejected(reply, "")
        error = reply.body.get("error")
        if error is not None:
            raise Rejected(reply, _code(self._unwrapped(error)))
        result = reply.body.get("result")
        if not reply.good or not isinstance(result, dict) or "data" not in result:
            raise either(reply)
        return self._unwrapped(result["data"])

    def _unwrapped(self, given: Any) -> Any:
        """Without superjson's envelope. What it says of types is not needed: dates are the same text in both forms."""
        self._superjson = isinstance(given, dict) and "json" in given and given.keys() <= {"json", "meta"}
        return given["json"] if self._superjson else given


def _code(error: Any) -> str:
    data = error.get("data") if isinstance(error, dict) else None
    code = data.get("code") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code.isidentifier() and len(code) <= 64 else ""
