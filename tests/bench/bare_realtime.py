"""The reference of a live change in a Supabase project: realtime-py alone. Prints CLOCK_MONOTONIC nanoseconds when an event comes.

Reads the project's URL, its key, a token and a user's id, a line each, from standard input: secrets do not belong into arguments.
"""

import asyncio
import sys
import time

from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent


def say(line: object) -> None:
    """A line for the measurement, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def listen(url: str, key: str, token: str, user_id: str) -> None:
    """Print until the process is ended."""
    client = AsyncRealtimeClient(f"{url}/realtime/v1", token=key)
    await client.set_auth(token)
    channel = client.channel("todo")
    channel.on_postgres_changes(
        RealtimePostgresChangesListenEvent.All,
        lambda _: say(time.monotonic_ns()),
        table="todo",
        schema="public",
        filter=f"user_id=eq.{user_id}",
    )
    channel.on_system(lambda _: say("ready"))
    await channel.subscribe()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(listen(*(sys.stdin.readline().strip() for _ in range(4))))
