"""The promises of sync.md, section 1, as checkers of a world that has come to rest, and of what lies on a disk at each start."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from devots_desktop.domain.mutation import Kind, merge
from devots_desktop.domain.todo import Patch
from devots_desktop.store import outbox, parking, replica, rows

if TYPE_CHECKING:
    from tests.sim.device import Device, Typed
    from tests.sim.world import World

OPERATIONS = 60
FAULTS = 10
"""So many at least in each seed."""
COLUMNS = {
    "lost": "lost",
    "conflict": "lost",
    "own writes": "lost",
    "silence": "lost",
    "doubled": "doubled",
    "diverged": "diverged",
    "somebody else's": "diverged",
    "stuck": "stuck",
    "parked": "stuck",
    "engine": "stuck",
    "torn": "torn",
}
"""Under which word of the closing line each broken promise is counted."""


class Broken(AssertionError):
    """A promise does not hold."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise


def check(world: "World") -> None:
    """Hold a world at rest to all promises."""
    applied_once(world)
    if world.operations < OPERATIONS or world.faults.total() < FAULTS:
        assert world.without, f"{world.operations} operations, {world.faults.total()} faults"
    for device in world.devices:
        device.note_parked()
        drained(device)
        stored(device.name, device.disk)
        confirmed_is_kept(world, device)
        if not world.plain:
            lost_values_are_kept(device)
        equals_the_server(world, device)


def applied_once(world: "World") -> None:
    """Every text is written by one edit, so it can become a row's text only once, and once more for each undo or redo that wrote it."""
    if world.plain:
        # It cannot tell a create whose answer was lost from one that was deleted since, nor are its keys ours: what must not be is one todo twice.
        there = Counter(row.text for row in world.server.todos(world.me).values())
        again = {text for _, text in world.again}
        if doubled := [text for text, times in there.items() if times > 1 and text not in again]:
            raise Broken("doubled", f"{doubled}")
        return
    for written, times in world.server.written.items():
        if times > 1 + world.again[written]:
            raise Broken("doubled", f"{written} was written {times} times")


def drained(device: "Device") -> None:
    """Nothing waits, and nothing is left of work in between."""
    for table in ("outbox", "staging"):
        if found := device.disk.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:
            raise Broken("stuck", f"{device.name}: {found} in {table}")


def confirmed_is_kept(world: "World", device: "Device") -> None:
    """What the user saw confirmed reached the server, or is parked, or lost a conflict and is kept."""
    kept = dict(_kept(device.disk))
    if world.plain:
        # Todos get other keys when the server is upgraded; texts are unique.
        texts = (
            {state.text for states in world.server.was.values() for state in states} | {value for _, _, value in kept} | device.rewritten
        )
        if lost := [typed for typed in newest(device.typed) if typed.field == "text" and typed.value not in texts]:
            raise Broken("lost", f"{device.name}: {lost}")
        return
    for typed in newest(device.typed):
        wanted = None if typed.field == "deleted" else typed.value
        states = world.server.since(typed.client_id, typed.at)
        field = "completed" if typed.field == "completed" else "text"
        if not any(getattr(state, field) == wanted for state in states) and (typed.client_id, typed.field, wanted) not in kept:
            raise Broken("lost", f"{device.name}: {typed}")


def newest(typed: "list[Typed]") -> "Iterator[Typed]":
    """What the user did not write over."""
    latest: dict[str, dict[str, Typed]] = {}
    for each in typed:
        fields = latest.setdefault(each.client_id, {})
        if each.field == "deleted":
            fields.clear()
        else:
            fields.pop("deleted", None)
        fields[each.field] = each
    for fields in latest.values():
        yield from (each for each in fields.values() if each.claim)


def _kept(db: sqlite3.Connection) -> "Iterator[tuple[tuple[str, str, object], bool]]":
    """The values that are parked, and those that lost a conflict."""
    for parked in parking.everything(db):
        mutation = parked.mutation
        if mutation.kind is Kind.DELETE:
            yield (mutation.client_id, "deleted", None), True
        if row := rows.row(db, mutation.client_id):
            # What the server had, too, before the todo went.
            yield from (((mutation.client_id, field, value), True) for field, value in row.patch().items())
    for client_id, field, lost in db.execute("SELECT client_id, field, lost FROM conflict"):
        values = json.loads(lost) if field == "todo" else {field: lost if field == "text" else json.loads(lost)}
        for name, value in values.items():
            yield (client_id, name, value), True


def lost_values_are_kept(device: "Device") -> None:
    """The device whose edit overruled another text keeps that text."""
    kept = {(client_id, value) for (client_id, field, value), _ in _kept(device.disk) if field == "text"}
    for client_id, text in device.overruled.values():
        if (client_id, text) not in kept:
            raise Broken("conflict", f"{device.name} does not keep {text} of {client_id}")


def equals_the_server(world: "World", device: "Device") -> None:
    """The cache, and the screen that only heard of changes, show what the server has, but for what is parked, and for what the user left here."""
    cached = dict(_todos(device.disk))
    if device.screen != cached:
        raise Broken("diverged", f"the screen of {device.name} is not its cache")
    apart = {client_id for (client_id,) in device.disk.execute("SELECT client_id FROM parked UNION SELECT client_id FROM missing")}
    # A plain server does not know the keys that the device has for its todos.
    numbers = dict(device.disk.execute("SELECT client_id, server_id FROM todo")) if not world.server.managed else {}
    have = {numbers.get(each, each): todo for each, todo in cached.items() if each not in apart}
    rows = world.server.todos(world.me).values()
    there = {row.client_id if world.server.managed else row.server_id: (row.text, row.completed) for row in rows}
    apart |= {numbers[each] for each in apart if each in numbers}
    differing = {each for each in have.keys() | there.keys() if each not in apart and have.get(each) != there.get(each)}
    if differing:
        shown = [(each, have.get(each), there.get(each)) for each in sorted(differing, key=str)]
        raise Broken("diverged", f"{device.name} has, and the server: {shown}")


def _todos(db: sqlite3.Connection) -> Iterator[tuple[str, tuple[str, bool]]]:
    for client_id, text, completed in db.execute("SELECT client_id, text, completed FROM todo"):
        yield client_id, (text, bool(completed))


def stored(name: str, db: sqlite3.Connection) -> None:
    """Each transaction is on the disk as a whole: row, outbox, base and state fit each other, wherever the process was killed."""
    for client_id in {client_id for (client_id,) in db.execute("SELECT client_id FROM todo UNION SELECT client_id FROM outbox")}:
        row, pending, parked = rows.row(db, client_id), outbox.pending(db, client_id), parking.of_todo(db, client_id)
        if row is not None and row.state is not replica.state(db, client_id):
            raise Broken("torn", f"{name}: {client_id} is not {row.state}")
        if any(each.kind is Kind.DELETE for each in pending):
            continue
        if row is None:
            raise Broken("torn", f"{name}: {pending} of {client_id}, which is not there")
        below = rows.base(db, client_id)
        wanted: Patch = merge(below.patch() if below else {}, (*parked, *pending))
        if any(row.patch()[field] != value for field, value in wanted.items()):
            raise Broken("torn", f"{name}: {client_id} shows {row.patch()} instead of {wanted}")
    steps = db.execute("SELECT step FROM undo WHERE count <> (SELECT count(*) FROM undo_entry e WHERE e.step = undo.step)").fetchall()
    if steps:
        raise Broken("torn", f"{name}: steps {steps} are not whole")
