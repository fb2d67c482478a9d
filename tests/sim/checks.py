"""What must be true when a world has come to rest. Each function is a promise of sync.md, section 1."""

import sqlite3
from collections import Counter

from tests.sim.world import ME, Device, World


def check(world: World) -> None:
    """Hold a world to all promises."""
    server = {client_id: (row.text, row.completed) for client_id, row in world.server.todos(ME).items()}
    applied_once(world)
    for device in world.devices:
        db = sqlite3.connect(device.path)
        try:
            confirmed_is_kept(world, device, db)
            equals_the_server(server, device, db)
            drained(db)
            lost_values_are_kept(device, db)
        finally:
            db.close()


def applied_once(world: World) -> None:
    """Every text is written by one edit, so it can become a row's text only once, and once more for each undo or redo that wrote it."""
    assert [entry for entry, times in Counter(world.server.history).items() if times > 1 + world.again[entry]] == []


def confirmed_is_kept(world: World, device: Device, db: sqlite3.Connection) -> None:
    """What the user saw confirmed reached the server, or is parked, or the same user wrote over it or took it back."""
    reached = set(world.server.history)
    parked = "".join(payload for (payload,) in db.execute("SELECT payload FROM parked"))
    for place, typed in enumerate(device.typed):
        if not typed.confirmed:
            continue
        if typed.text == "":
            back = typed.client_id in world.put_back
            assert back or world.server.row(ME, typed.client_id) is None, f"{device.name}: the delete of {typed.client_id} is lost"
        elif (typed.client_id, typed.text) not in reached and f'"{typed.text}"' not in parked:
            later = {each.client_id for each in device.typed[place + 1 :]}
            assert typed.client_id in later, f"{device.name}: {typed.text} is lost"


def equals_the_server(server: dict[str, tuple[str, bool]], device: Device, db: sqlite3.Connection) -> None:
    """The cache, and the screen that only heard of changes, show what the server has, but for what is parked."""
    shown = {client_id: (text, bool(done)) for client_id, text, done in db.execute("SELECT client_id, text, completed FROM todo")}
    assert device.screen == shown, f"{device.name}: the screen is not the cache"
    parked = {client_id for (client_id,) in db.execute("SELECT client_id FROM parked")}

    def settled(todos: dict[str, tuple[str, bool]]) -> dict[str, tuple[str, bool]]:
        return {client_id: todo for client_id, todo in todos.items() if client_id not in parked}

    assert settled(shown) == settled(server), f"{device.name}: the cache is not the server"
    states = {client_id: state for client_id, state in db.execute("SELECT client_id, state FROM todo")}  # noqa: C416
    assert states == {client_id: "parked" if client_id in parked else "synced" for client_id in shown}


def drained(db: sqlite3.Connection) -> None:
    """Nothing waits, and nothing is left of work in between."""
    for table in ("outbox", "staging"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    assert db.execute("SELECT client_id FROM base WHERE client_id NOT IN (SELECT client_id FROM parked)").fetchall() == []


def lost_values_are_kept(device: Device, db: sqlite3.Connection) -> None:
    """The device whose edit overruled another value keeps that value."""
    kept = "".join(f"{client_id}:{lost}\n" for client_id, lost in db.execute("SELECT client_id, lost FROM conflict"))
    for client_id, text in device.overruled:
        lines = [line for line in kept.splitlines() if line.startswith(client_id)]
        assert any(line.endswith(f":{text}") or f'"{text}"' in line for line in lines), f"{device.name}: no conflict for {text}"
