"""One device of a world: disk, cache, engine, a screen, and what its user was told to be stored."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import Change, ChangeSet, Op
from devots_desktop.domain.mutation import Kind, Mutation, Page, merge
from devots_desktop.domain.todo import Patch, Value
from devots_desktop.remote.base import Position
from devots_desktop.store import outbox, replica
from devots_desktop.store.telling import telling
from devots_desktop.sync.engine import Engine
from tests.sim import checks
from tests.sim.chance import Chance
from tests.sim.disk import DiskCache, Killed, blank, give_back
from tests.sim.network import BadNetwork
from tests.sim.server import ME, OTHER

if TYPE_CHECKING:
    from tests.sim.world import World

Result = TypeVar("Result")
DELETED = "deleted"
Shown = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the user saw stored: a field's new value, or DELETED for the todo; `at` in seconds of the world's time.

    Attributes:
        claim: False where this took back what was not sent yet: then nothing is to reach the server.
    """

    client_id: str
    field: str
    value: Value
    at: float
    claim: bool = True


class Pulls:
    """Watches what a device does with the pages of its pulls: none of them early, and all of them when the cursor moves on."""

    def __init__(self, device: "Device") -> None:
        self._device = device
        self._since = self._horizon = 0
        self._coming = False
        self._rows: dict[str, int] = {}

    def asks(self, since: int, after: Position | None) -> None:
        """A page is asked for."""
        if after is None:
            self._since, self._horizon = since, 0
            self._rows.clear()

    def over(self) -> None:
        """The pull has ended, or broke off."""
        self._coming = False

    def gets(self, page: Page) -> None:
        """A page has come. A first pull may show its pages as they come."""
        if self._since and page.user_id == ME and not page.plain:
            self._coming = page.more
            self._horizon = self._horizon or page.horizon
            known = self._device.version
            self._rows.update({row.client_id: row.row_version for row in page.rows if known(row.client_id) < row.row_version})

    def look(self) -> None:
        """Something was done in the cache."""
        if not self._horizon:
            return
        device, since = self._device, self._device.cursor()
        if since == self._horizon > self._since:
            if missing := [each for each, version in self._rows.items() if device.version(each) < version]:
                device.world.breaks("torn", f"{device.name} moved its cursor to {since} without {missing}")
            self._horizon = 0
        elif self._coming and (early := [each for each, version in self._rows.items() if device.version(each) >= version]):
            device.world.breaks("torn", f"{device.name} stores {early} before the last page of its pull has come")


class Device:
    """One device: cache, engine, a screen, and somebody who types."""

    def __init__(self, world: "World", name: str) -> None:
        self.name, self.world = name, world
        self.path = world.folder / name / "cache.sqlite3"
        self.path.parent.mkdir(exist_ok=True)
        self.disk = blank()
        self.net = Chance(world, name)
        self.pulls = Pulls(self)
        # No two devices make todos in the same microseconds: on a plain server that is what names them.
        self.skew = 10 * len(world.devices)
        self.typed: list[Typed] = []
        self.rewritten: set[str] = set()
        self.parked: set[str] = set()
        self.overruled: dict[str, tuple[str, str]] = {}
        self.lives = 0
        self.awake = asyncio.Event()
        self.remotes: list[BadNetwork] = []
        self.boot()

    # Lives -------------------------------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start from what is stored."""
        checks.stored(self.name, self.disk)
        self.cache = DiskCache(self.disk, self.path, self.clock)
        self.screen = self._read()
        self.awake.set()
        self.run = Run(self)
        self.engine = Engine(
            self.cache,
            self._connect,
            user_id=ME,
            run=self.run,
            publish=self._paint,
            tell=self._hear,
            sleep=asyncio.sleep,
            rng=self.net,
            wall=lambda: self.clock() / 1e6,
            monotonic=self.world.loop.time,
        )
        self.life = self.world.loop.create_task(self.engine.run())

    def die(self, where: str = "") -> None:
        """The process is gone, and begins anew in a while."""
        if not self.awake.is_set():
            return
        if where:
            self.world.count(f"crash {where}")
        self.world.note(self.name, "dies", where)
        self.lives += 1
        self.awake.clear()
        self.life.cancel()
        self.engine._lock.release()
        self.world.loop.call_soon(self.disk.lose_power)
        self.world.loop.call_later(self.net.choice((0.01, 0.5, 20.0)), self.boot)

    async def stop(self) -> None:
        """End in peace."""
        self.lives += 1
        self.life.cancel()
        await self.engine.close()

    def end(self) -> None:
        """Nobody looks at this device any more."""
        self.engine._lock.release()
        give_back(self.disk)

    def _hear(self, status: Status) -> None:
        self.world.note(self.name, status.live)
        if status.live is Live.SIGNED_OUT:
            self.world.loop.call_later(self.net.choice((1.0, 8.0)), self.engine.resume)

    async def _connect(self) -> BadNetwork:
        self.pulls.over()
        self.remotes.append(BadNetwork(self))
        return self.remotes[-1]

    def cut(self) -> None:
        """Lose the listening connection."""
        for remote in self.remotes[-1:]:
            remote.session.cut()

    def clock(self) -> int:
        return self.world.loop.microseconds() + self.skew

    # The user ----------------------------------------------------------------------------------------------------------------

    async def change(self, work: Callable[[DiskCache], Result]) -> Result:
        """Do what the services do for a verb."""
        cache = self.cache
        result = await self.run(telling(cache, lambda: work(cache), self._paint))
        self.engine.nudge()
        return result

    def forget_unheard(self) -> None:
        """The server is going to forget what it answered and this device has not heard."""
        for (mutation_id,) in self.disk.execute("SELECT mutation_id FROM outbox"):
            self.overruled.pop(mutation_id, None)

    def would_miss(self) -> bool:
        """Whether an empty list would take todos off the screen."""
        with self.cache.reading() as db:
            return bool(replica.unseen(db, ()))

    def note_parked(self) -> None:
        """Each parked mutation was refused by the server, and is not sent again."""
        found = {mutation_id for (mutation_id,) in self.disk.execute("SELECT mutation_id FROM parked")} - self.parked
        if unasked := found - self.world.server.not_taken:
            self.world.breaks("parked", f"{self.name} parked {unasked}, which the server did not refuse")
        self.parked |= found

    def waiting(self, ids: Iterable[str]) -> list[Mutation]:
        """The queued mutations of todos, and whether a request carried them."""
        sent = {mutation_id for (mutation_id,) in self.disk.execute("SELECT mutation_id FROM outbox WHERE sent = 1")}
        return [replace(each, sent=each.mutation_id in sent) for client_id in ids for each in outbox.pending(self.disk, client_id)]

    def rows(self, ids: Iterable[str]) -> dict[str, Shown]:
        """What is stored of todos for the screen."""
        found = {}
        for client_id in ids:
            row = self.disk.execute("SELECT text, completed FROM todo WHERE client_id = ?", (client_id,)).fetchone()
            if row:
                found[client_id] = (row[0], bool(row[1]))
        return found

    def version(self, client_id: str) -> int:
        """The newest version that is known of a todo, dead or alive."""
        found = self.disk.execute(
            "SELECT max(coalesce((SELECT row_version FROM base WHERE client_id = ?1), (SELECT row_version FROM todo WHERE client_id = ?1), -1),"
            " coalesce((SELECT row_version FROM tombstone WHERE client_id = ?1), -1))",
            (client_id,),
        )
        version: int = found.fetchone()[0]
        return version

    def cursor(self) -> int:
        """Where the next pull starts, as it is stored; -1 for nowhere."""
        found = self.disk.execute("SELECT value FROM sync_state WHERE name = 'since'").fetchone()
        return int(found[0]) if found else -1

    # The screen --------------------------------------------------------------------------------------------------------------

    def _read(self) -> dict[str, Shown]:
        found = self.disk.execute("SELECT client_id, text, completed FROM todo")
        return {client_id: (text, bool(completed)) for client_id, text, completed in found}

    def _paint(self, changes: ChangeSet) -> None:
        """A screen that knows only what it is told."""
        if changes.reload:
            self.screen = self._read()
        for change in changes.changes:
            if change.todo is None:
                self.screen.pop(change.client_id, None)
            else:
                self.screen[change.client_id] = (change.todo.text, change.todo.completed)
            if change.from_elsewhere:
                self._judge(change)

    def _judge(self, change: Change) -> None:
        """What came from elsewhere hides nothing that the user wrote, removes nothing that is there, and is nobody else's."""
        waiting = outbox.pending(self.disk, change.client_id)
        if change.todo is None:
            gone = self.world.plain or any(state.text is None for state in self.world.server.was.get(change.client_id, ()))
            if change.op is Op.DELETE and (waiting or not gone):
                self.world.breaks("silence", f"{self.name} removes {change.client_id}, which nobody deleted")
            return
        if change.text.startswith(OTHER):
            self.world.breaks("somebody else's", f"{self.name} shows {change.text}")
        shown: Patch = {"text": change.todo.text, "completed": change.todo.completed}
        if waiting and all(each.kind is not Kind.DELETE for each in waiting) and merge(shown, waiting) != shown:
            self.world.breaks("own writes", f"{self.name} shows {shown} over {waiting}")


class Run:
    """The cache's thread in one life of a device. As with a thread, work that has begun is done even if nobody waits for it any more."""

    def __init__(self, device: Device) -> None:
        self._device, self._life = device, device.lives

    async def __call__(self, work: Callable[[], Result]) -> Result:
        """Do it; the device may die at one of its statements."""
        self._or_dead()
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._device.world.loop.call_soon(self._do, work, done)
        return await done

    def _do(self, work: Callable[[], Result], done: "asyncio.Future[Result]") -> None:
        device, net = self._device, self._device.net
        try:
            self._or_dead()
            if net.fault("crash armed", 0.012, silent=True):
                device.disk.kill_at(net.randrange(14), done=net.random() < 0.5, killed=device.die)
            result = work()
            device.pulls.look()
        except Killed:
            done.cancel()
        except Exception as error:  # noqa: BLE001
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(result)
        finally:
            device.disk.spare()

    def _or_dead(self) -> None:
        if self._life != self._device.lives or not self._device.awake.is_set():
            raise Killed
