"""One joined channel: its subscription, its token and its end (supabase-contract.md, sections 3.2 and 3.6)."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import psycopg

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.realtime import frames
from tests.servers.supabase.realtime.access import AccessDenied, admitted, expired
from tests.servers.supabase.realtime.audience import Listener
from tests.servers.supabase.realtime.faults import RealtimeFaults
from tests.servers.supabase.realtime.subscription import Binding, SubscriptionRefused
from tests.servers.supabase.tokens import Claims

_LOOK_AT_CLOCK_S = 0.05


class Subscriptions(Protocol):
    """Where channels are entered to be told of changes."""

    async def enter(self, channel: "Channel") -> None:
        """Tell this channel of every change from now on; what it wanted before is replaced.

        Raises:
            SubscriptionRefused: it asks for what is not there.
            psycopg.Error: the database fails; it may be tried again.
        """
        ...

    def remove(self, channel: "Channel") -> None:
        """Tell this channel of nothing any more."""
        ...


class Channel:
    """A channel from its join to its end.

    Attributes:
        topic: beginning with `realtime:`.
        join_ref: of the frame that joined it.
    """

    def __init__(
        self,
        topic: str,
        join_ref: str | None,
        bindings: list[Binding],
        token: str | None,
        claims: Claims,
        *,
        gateway: Gateway,
        subscriptions: Subscriptions,
        send: Callable[[frames.Frame | str], None],
        ended: Callable[["Channel"], None],
    ) -> None:
        """Make a channel that has been admitted.

        Args:
            token: as given by the client; None for the one of the connection's key.
            send: puts a frame, or a text that is none, on the socket.
            ended: called when the server ends the channel, before the last frame.
        """
        self.topic = topic
        self.join_ref = join_ref
        self._bindings = bindings
        self._token = token
        self._claims = claims
        self._gateway = gateway
        self._subscriptions = subscriptions
        self._send = send
        self._ended = ended
        self._subscribing: asyncio.Task[None] | None = None
        self._expiring: asyncio.Task[None] | None = None

    @property
    def bindings(self) -> list[Binding]:
        return self._bindings

    @property
    def role(self) -> str:
        return str(self._claims["role"])

    def listeners(self) -> list[Listener]:
        """Its bindings, for the poller."""
        return [Listener(self, binding, binding.filters(), self._claims) for binding in self._bindings]

    def begin(self) -> None:
        """Subscribe in a while, as the server does after its answer to the join."""
        self.subscribe(self._faults.sub_delay)
        self._expiring = asyncio.create_task(self._until_expired())

    def subscribe(self, delay: float) -> None:
        """Enter the subscription after so many seconds, and say so."""
        if not self.wants_changes:
            return
        self._stop(self._subscribing)
        self._subscribing = asyncio.create_task(self._subscribe(delay))

    def renew(self, token: object) -> None:
        """A frame `access_token`. What is no other user's token is ignored, so that a channel cannot be demoted."""
        if not isinstance(token, str) or token == self._token or token.startswith("sb_"):
            return
        try:
            self._claims = admitted(token, self._gateway)
        except AccessDenied as denied:
            self.end(frames.system(self.topic, denied.sentence, ok=False, extension="system"))
            return
        self._token = token
        self.subscribe(self._faults.resub_delay)

    @property
    def wants_changes(self) -> bool:
        return bool(self._bindings)

    def say(self, frame: frames.Frame | str) -> None:
        """Anything, as the server would to this channel."""
        self._send(frame)

    def tell(self, ids: list[int], data: dict[str, Any]) -> None:
        """A change that this channel may know of."""
        self._send(frames.change(self.topic, ids, data))

    def end(self, last_word: frames.Frame | None = None) -> None:
        """The server ends the channel; the socket stays."""
        self.leave()
        self._ended(self)
        if last_word is not None:
            self._send(last_word)
        self._send(frames.close(self.topic, self.join_ref))

    def crash(self, reason: dict[str, Any]) -> None:
        """The server's side of the channel dies."""
        self.leave()
        self._ended(self)
        self._send(frames.frame(self.topic, "phx_error", reason, self.join_ref))

    def leave(self) -> None:
        """Without a word: whoever asked for it, or the end of the socket, says enough."""
        self._subscriptions.remove(self)
        self._stop(self._subscribing)
        self._stop(self._expiring)

    async def _subscribe(self, delay: float) -> None:
        await asyncio.sleep(delay)
        while True:
            try:
                await self._subscriptions.enter(self)
            except SubscriptionRefused as refused:
                # The real server neither tries again nor ends the channel: it stays joined and silent.
                self._send(frames.system(self.topic, str(refused), ok=False))
                return
            except psycopg.Error:
                self._send(frames.system(self.topic, "Unable to subscribe to changes: the database does not answer", ok=False))
                await asyncio.sleep(self._faults.resub_delay)
                continue
            self._send(frames.system(self.topic, frames.SUBSCRIBED, ok=True))
            return

    async def _until_expired(self) -> None:
        left = self._claims["exp"] - self._gateway.clock()
        if left > 0:
            # Another look before the time is over: the clock is the gateway's and may be turned by a test, and the token may be renewed.
            await asyncio.sleep(min(left, _LOOK_AT_CLOCK_S))
            self._expiring = asyncio.create_task(self._until_expired())
            return
        self.end(frames.system(self.topic, expired(self._claims, self._gateway), ok=False, extension="system"))

    @property
    def _faults(self) -> RealtimeFaults:
        return self._gateway.faults.realtime

    @staticmethod
    def _stop(task: "asyncio.Task[None] | None") -> None:
        # A task may end its own channel: it says its last words then.
        if task is not None and task is not asyncio.current_task():
            task.cancel()
