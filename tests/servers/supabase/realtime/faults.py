"""What can be made to go wrong with Realtime. Each switch is read when its moment comes, so that a test may turn it at any time."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class RealtimeFaults:
    """Switches; all off. Times are seconds.

    Attributes:
        refuse: answer the WebSocket's request with this status (401, 429 or 500).
        mute: accept the connection and never answer anything.
        ignore_joins: so many joins get no answer.
        join_reason: so many joins as `join_errors` are refused with this reason.
        unpublished: subscriptions fail as if the table were not published.
        failing_subscriptions: so many subscriptions fail with an error of the database; the server tries again.
        sub_delay: between the answer to a join and "Subscribed to PostgreSQL".
        resub_delay: between a new token and the second "Subscribed to PostgreSQL", and after the poller came back.
        join_error_delay: before a join is refused.
        event_delay: before each change is told.
        drop_events: so many changes are told to nobody.
        duplicate_events: so many changes are told twice.
        too_large: so many changes are told as if they were larger than 1 MiB.
        without: this column is missing in each record, as a large value that an UPDATE did not touch.
        unauthorised: so many changes are told as to somebody who may not read the table.
        malformed: so many changes come as a frame that is no JSON.
        heartbeats: answered or not.
        idle_s: of silence of the client, after which the connection is closed.
        poll_s, poll_idle_s: between two looks at the log, after one that found something and after one that did not. The real ones are 0.1 and 0.5.
    """

    refuse: int | None = None
    mute: bool = False
    ignore_joins: int = 0
    join_errors: int = 0
    join_reason: str = "RealtimeRestarting: Realtime is restarting, please standby"
    unpublished: bool = False
    failing_subscriptions: int = 0
    sub_delay: float = 0.05
    resub_delay: float = 0.05
    join_error_delay: float = 0.05
    event_delay: float = 0.0
    drop_events: int = 0
    duplicate_events: int = 0
    too_large: int = 0
    without: str | None = None
    unauthorised: int = 0
    malformed: int = 0
    heartbeats: bool = True
    idle_s: float = 60.0
    poll_s: float = 0.02
    poll_idle_s: float = 0.05

    def take(self, name: str) -> bool:
        """Whether the counted switch is on, counting it down."""
        left: Any = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return bool(left)
