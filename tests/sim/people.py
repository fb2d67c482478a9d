"""Who writes: a user at each device, and a stranger at the web application, with transactions of its own that may take their time."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.lines import Line
from devots_desktop.domain.mutation import Kind, Mutation
from devots_desktop.domain.question import Choice
from devots_desktop.remote.memory.server import Transaction
from devots_desktop.store import conflicts, edits, history, missing, parking, settling, undo
from tests.sim.device import DELETED, Device, Shown, Typed
from tests.sim.disk import DiskCache
from tests.sim.server import ME

if TYPE_CHECKING:
    from tests.sim.world import World

Ids = list[str]
Before = dict[str, Shown]
VERBS = {
    "add": 4,
    "add lines": 1,
    "edit": 8,
    "toggle": 6,
    "complete all": 1,
    "delete": 4,
    "delete all": 1,
    "undo": 5,
    "redo": 2,
    "retry": 2,
    "rewrite": 1,
    "drop": 1,
    "restore": 2,
    "dismiss": 1,
}
"""How often each is wanted. Where there is nothing to do it on, another one is done."""


class User:
    """Types at one device. Each operation has a stream of chance of its own, named by its number."""

    def __init__(self, world: "World", device: Device) -> None:
        self._world, self._device = world, device

    async def type(self, operations: int) -> None:
        """So many operations, one after the other, some at once and some after a pause."""
        for number in range(operations):
            chance = random.Random(f"{self._world.seed} {self._device.name} {number}")
            await asyncio.sleep(chance.choice((0.0, 0.02, 1.0, 3.0, 8.0)))
            await self._device.awake.wait()
            if self._world.acts(f"{self._device.name}:{number}"):
                # The device may die under the fingers.
                with contextlib.suppress(asyncio.CancelledError):
                    await self._operate(chance, number)

    async def decide(self) -> None:
        """Answer what the list asks, in the end."""
        chance = random.Random(f"{self._world.seed} {self._device.name} decides")
        if missing.question(self._device.disk) is not None:
            await self._answer(chance)

    async def _answer(self, chance: random.Random) -> None:
        """Decide about the todos that the server has not got any more."""
        choice = chance.choice(tuple(Choice))
        self._world.note(self._device.name, choice)

        def work(cache: DiskCache) -> None:
            self._world.operations += 1
            with self._world.ids_from(chance):
                missing.answer(cache, choice)
            if choice is Choice.PUT_BACK:
                self._world.again.update((client_id, shown[0]) for client_id, shown in self._device.screen.items())

        await self._device.change(work)

    async def _operate(self, chance: random.Random, number: int) -> None:
        device, text = self._device, f"{self._device.name}-{number}"
        if missing.question(device.disk) is not None and chance.random() < 0.3:
            await self._answer(chance)
            return
        todos = sorted(device.screen)
        verb = chance.choices(tuple(VERBS), tuple(VERBS.values()))[0] if todos else "add"
        targets = sorted(chance.sample(todos, min(len(todos), 3 if verb.endswith("all") else 1))) if todos else []
        self._world.note(device.name, verb, *targets, text)

        def work(cache: DiskCache) -> Ids:
            with self._world.ids_from(chance):
                return self._do(cache, verb, targets, text)

        ids = await device.change(work)
        if {each: device.screen[each] for each in ids if each in device.screen} != device.rows(ids):
            self._world.breaks("own writes", f"the screen of {device.name} does not show its {verb}")

    def _do(self, cache: DiskCache, verb: str, targets: Ids, text: str) -> Ids:
        self._world.operations += 1
        match verb:
            case "add":
                return self._recorded(targets[:0], lambda: [edits.add(cache, text)], lambda now: [now[0]] == [text])
            case "add lines":
                lines = [Line(f"{text}-{place}", completed=place == 1) for place in range(3)]
                return self._recorded([], lambda: edits.add_all(cache, lines), lambda now: now == [line.text for line in lines])
            case "edit":
                return self._recorded(targets, lambda: edits.edit(cache, targets[0], {"text": text}), lambda now: now in ([], [text]))
            case "toggle" | "complete all":
                return self._complete(cache, targets)
            case "delete" | "delete all":
                return self._recorded(targets, lambda: edits.delete_all(cache, targets), lambda now: not now)
            case "retry" | "rewrite" | "drop":
                return self._settle(cache, verb, text)
            case "restore" | "dismiss":
                return self._reconsider(cache, verb, text)
        return self._turn(cache, text, undone=verb == "undo")

    def _complete(self, cache: DiskCache, targets: Ids) -> Ids:
        before = self._device.rows(targets)
        value = not next(iter(before.values()), ("", False))[1]
        ids = self._recorded(targets, lambda: edits.edit_all(cache, targets, {"completed": value}))
        if any(completed != value for _, completed in self._device.rows(ids).values()):
            self._world.breaks("own writes", f"{self._device.name} did not read its own {value}")
        return ids

    def _settle(self, cache: DiskCache, verb: str, text: str) -> Ids:
        """Decide about the newest parked change; where there is none, undo."""
        parked = parking.everything(cache.db)
        if not parked:
            return self._turn(cache, text, undone=True)
        ids = [parked[0].mutation.client_id]
        if verb == "drop":
            self._give_up(ids[0], [str(each.values["text"]) for each in parking.of_todo(cache.db, ids[0]) if "text" in each.values])
            settling.drop(cache, ids[0])
            return ids
        self._allow_again(ids)
        wanted = text if verb == "rewrite" else None
        return self._recorded(ids, lambda: settling.retry(cache, ids[0], wanted), lambda now: wanted is None or now in ([], [wanted]))

    def _reconsider(self, cache: DiskCache, verb: str, text: str) -> Ids:
        """Restore or forget the newest value that lost a conflict; where there is none, undo."""
        lost = conflicts.everything(cache.db)
        if not lost:
            return self._turn(cache, text, undone=True)
        ids = [lost[0].client_id]
        if verb == "dismiss":
            overruled = self._device.overruled
            for each in [key for key, value in overruled.items() if value == (ids[0], lost[0].text)]:
                del overruled[each]
            self._give_up(ids[0], [lost[0].text] if lost[0].text is not None else [])
            conflicts.dismiss(cache, lost[0].number)
            return ids
        try:
            return self._recorded(
                ids, lambda: conflicts.restore(cache, lost[0].number), lambda now: lost[0].text in (None, *now) or not now
            )
        finally:
            self._allow_again(ids)

    def _give_up(self, client_id: str, texts: Collection[str]) -> None:
        """The user does not want to see these texts again, nor what was typed before; the todo may have had another key when they were typed."""
        typed = self._device.typed
        keys = {client_id, *(each.client_id for each in typed if each.field == "text" and each.value in texts)}
        self._device.typed = [each for each in typed if each.client_id not in keys]

    def _allow_again(self, ids: Ids) -> None:
        """The texts of these todos may be written once more."""
        self._world.again.update((client_id, text) for client_id, (text, _) in self._device.rows(ids).items())

    def _turn(self, cache: DiskCache, text: str, *, undone: bool) -> Ids:
        """Undo or redo; where there is nothing to, add."""
        number = history.newest(cache.db, undone=not undone)
        if number is None:
            return self._do(cache, "add", [], text)
        entries = history.entries(cache.db, number)
        ids = [entry.client_id for entry in entries]
        before, waited = self._device.rows(ids), self._device.waiting(ids)
        try:
            (undo.undo if undone else undo.redo)(cache)
        finally:
            after = self._device.rows(ids)
            self._record(before, after, ids, waited)
            for client_id, (shown, _) in after.items():
                if before.get(client_id, ("", False))[0] != shown:
                    self._world.again[client_id, shown] += 1
        deleted = [entry.client_id for entry in entries if (entry.after if undone else entry.before) is None]
        if any(client_id not in after for client_id in deleted):
            self._world.breaks("own writes", f"{self._device.name} did not bring back all of {deleted}")
        return ids

    def _recorded(self, ids: Sequence[str], verb: Callable[[], object], right: Callable[[list[str]], bool] = lambda _: True) -> Ids:
        """Do a verb and record what it changed; a device that dies may have stored it all the same."""
        touched, before, waited = list(ids), self._device.rows(ids), self._device.waiting(ids)
        try:
            made = verb()
            touched += made if isinstance(made, list) else []
        finally:
            after = self._device.rows(touched)
            self._record(before, after, touched, waited)
        if not right([text for text, _ in after.values()]):
            self._world.breaks("own writes", f"{self._device.name} did not read its own write: {after}")
        return touched

    def _record(self, before: Before, after: Before, ids: Ids, waited: Collection[Mutation]) -> None:
        """Note what changed on the screen, as a claim where a mutation was made for it or the server never had the value."""
        at, typed = self._world.loop.time(), self._device.typed
        fresh = [each for each in self._device.waiting(ids) if each not in waited]
        for client_id in ids:
            old, new = before.get(client_id), after.get(client_id)
            if old is not None and old[:1] != (new or ())[:1]:
                self._device.rewritten.add(old[0])
            kinds = {each.kind for each in fresh if each.client_id == client_id}
            waiting = {field for each in fresh if each.client_id == client_id for field in each.values}
            if new is None:
                if old is not None:
                    made_here = any(each.kind is Kind.CREATE and each.client_id == client_id and not each.sent for each in waited)
                    typed.append(Typed(client_id, DELETED, value=True, at=at, claim=Kind.DELETE in kinds or not made_here))
                continue
            for place, field in enumerate(("text", "completed")):
                if old is None or old[place] != new[place]:
                    had = any(getattr(state, field) == new[place] for state in self._world.server.was.get(client_id, ()))
                    typed.append(Typed(client_id, field, new[place], at, claim=field in waiting or not had))


class Stranger:
    """Writes past all devices, as the web application does; two todos in one transaction, now and then."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def write(self, transactions: int) -> None:
        """So many transactions."""
        world = self._world
        for number in range(transactions):
            chance = random.Random(f"{world.seed} web {number}")
            await asyncio.sleep(chance.expovariate(1 / 9))
            if world.acts(f"web:{number}"):
                await self._transact(chance, f"web-{number}")

    async def _transact(self, chance: random.Random, text: str) -> None:
        """One transaction; a slow one is overtaken between its beginning, its writes and its end."""
        server, transaction = self._world.server, self._world.server.begin()
        slow = chance.random() < 0.4 and self._world.strikes("slow transaction")
        for place in range(chance.choice((1, 1, 2))):
            if slow:
                await asyncio.sleep(chance.choice((0.0, 2.0, 6.0)))
            if server.runs(transaction):
                self._write(transaction, chance, f"{text}-{place}")
        if slow:
            await asyncio.sleep(chance.choice((2.0, 6.0, 20.0)))
        if server.runs(transaction):
            transaction.rollback() if chance.random() < 0.15 else transaction.commit()

    def _write(self, transaction: Transaction, chance: random.Random, text: str) -> None:
        known = sorted(self._world.server.was)
        verb = chance.choice(("add", "edit", "edit", "edit", "delete")) if known else "add"
        target = chance.choice(known) if known else ""
        self._world.note("web", verb, target, text)
        # Another transaction may work on the row.
        with contextlib.suppress(Unreachable):
            if verb == "add":
                transaction.add(ME, self._world.new_id(chance), text)
            elif verb == "edit":
                transaction.edit(ME, target, {"text": text} if chance.random() < 0.8 else {"completed": chance.random() < 0.5})
            else:
                transaction.delete(ME, target)
