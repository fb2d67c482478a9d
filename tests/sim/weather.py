"""What befalls the whole world: the server goes away, comes back as another one, sessions end, clocks jump."""

import asyncio
from typing import TYPE_CHECKING

from tests.sim.chance import Chance
from tests.sim.device import Device

if TYPE_CHECKING:
    from tests.sim.world import World

DAY_US = 24 * 3600 * 1_000_000
KINDS = {
    "server down": 3,
    "server restart": 3,
    "connection cut": 6,
    "token expiry": 4,
    "dump restored": 1,
    "point in time": 1,
    "truncate": 1,
    "device clock jump": 2,
    "server clock jump": 2,
    "crash at an await": 3,
}


REPLACING = ("dump restored", "point in time", "truncate")
"""What gives the server another history, which only a managed one can tell."""


class Weather:
    """Faults of its own stream of chance."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._chance = Chance(world, "weather")

    async def rage(self, events: int) -> None:
        """So many faults, and backups in between."""
        chance = self._chance
        upgraded = chance.choice((0, events // 2, events))
        for number in range(events):
            await asyncio.sleep(chance.expovariate(1 / 12))
            if number == upgraded and not self._world.server.managed and self._world.strikes("plain to managed"):
                self._world.server.upgrade()
                self._cut_all()
            if chance.random() < 0.5:
                self._world.server.back_up()
            await self.strike()

    async def strike(self) -> None:
        """One fault."""
        kind = self._chance.choices(tuple(KINDS), tuple(KINDS.values()))[0]
        if kind in REPLACING and not self._world.server.managed:
            kind = "server restart"
        device = self._chance.choice(self._world.devices)
        pause, back, days = self._chance.choice((1.0, 5.0, 25.0)), self._chance.random(), self._chance.choice((-1, 1))
        if self._world.strikes(kind):
            self._world.note("weather", kind, device.name, pause, days)
            await self._happen(kind, device, pause, back, days)

    async def _happen(self, kind: str, device: Device, pause: float, back: float, days: int) -> None:
        world, server = self._world, self._world.server
        match kind:
            case "server down":
                server.up = False
                self._cut_all()
                await asyncio.sleep(pause)
                server.up = True
            case "server restart":
                server.restart()
                self._cut_all()
            case "connection cut":
                device.cut()
            case "token expiry":
                server.sessions.pop(device.name, None)
                device.cut()
                await asyncio.sleep(pause)
                server.sessions[device.name] = world.me
            case "dump restored" | "point in time":
                for each in world.devices:
                    each.forget_unheard()
                server.restore(server.points[int(back * len(server.points))], xid=90 + int(back * 60) if kind == "dump restored" else None)
                self._cut_all()
            case "truncate":
                server.wipe()
            case "device clock jump":
                device.skew += days * DAY_US
            case "server clock jump":
                world.server_skew += days * DAY_US
            case _:
                device.die()

    def _cut_all(self) -> None:
        for device in self._world.devices:
            device.cut()
