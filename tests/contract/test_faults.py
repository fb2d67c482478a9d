"""The engine on real servers with real faults: whatever goes wrong, the result is that of a run in which nothing did."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from devots_desktop.domain.account import Live
from devots_desktop.domain.question import Choice
from devots_desktop.remote.postgres import migrate
from devots_desktop.services.account import now
from devots_desktop.store import missing
from tests.contract.devices import Device, at_server, play, run, undisturbed, until
from tests.servers.fixtures import quick_folder
from tests.servers.managed import DESKTOP, Managed, Person
from tests.servers.postgres import SUPERUSER, Database, PostgresServer, binaries
from tests.servers.proxy import Proxy

DAY_US = 86_400_000_000


@pytest.fixture
def ada(managed: Managed) -> Person:
    return managed.add_person("ada")


@pytest.fixture
def device(tmp_path: Path, managed: Managed, ada: Person) -> Iterator[Callable[..., Device]]:
    """Makes devices of Ada."""
    made: list[Device] = []

    def make(name: str = "device", **rest: object) -> Device:
        made.append(Device(tmp_path / name, managed, ada, **rest))  # type: ignore[arg-type]  # passed on as they come
        return made[-1]

    yield make
    for each in made:
        each.close()


Make = Callable[..., Device]


def test_the_answer_of_every_write_is_lost_once(tmp_path: Path, managed: Managed, ada: Person, device: Make) -> None:
    async def scene() -> None:
        wanted = await undisturbed(tmp_path / "undisturbed", managed, 60)
        with Proxy(managed.database.server.port, lose=True) as proxy:
            mine = device(port=proxy.port)
            async with mine.following():
                await play(mine, 60)
                assert await mine.settled() == wanted
            assert proxy.lost >= 2
        assert at_server(managed, ada) == wanted

    run(scene)


def test_a_thousand_edits_made_offline(tmp_path: Path, managed: Managed, ada: Person, device: Make) -> None:
    """Of each other device's todos as well, some of which were changed there meanwhile."""

    async def scene() -> None:
        other = device("other")
        async with other.following():
            await other.todos.add_lines("\n".join(f"theirs {number}" for number in range(300)))
            await other.settled()
            mine = device()
            async with mine.following():
                await mine.settled()
            ids = mine.ids()
            await mine.todos.add_lines("\n".join(f"mine {number}" for number in range(700)))
            await mine.todos.complete_all([ids[f"theirs {number}"] for number in range(200)])
            await mine.todos.delete_all([ids[f"theirs {number}"] for number in range(200, 300)])
            for number in range(100):
                await mine.todos.edit(ids[f"theirs {number}"], f"ours {number}")
            assert mine.waiting() >= 1_000
            await other.todos.complete_all([ids[f"theirs {number}"] for number in range(50)])
            await other.settled()
            async with mine.following():
                rows = await mine.settled()
                assert await other.settled() == rows
        assert rows == sorted(
            [(f"mine {number}", False) for number in range(700)]
            + [(f"ours {number}", True) for number in range(100)]
            + [(f"theirs {number}", True) for number in range(100, 200)]
        )

    run(scene)


def test_a_server_that_crashes_and_comes_back_while_changes_are_sent(
    tmp_path: Path, managed: Managed, ada: Person, device: Make, postgres: PostgresServer
) -> None:
    async def scene() -> None:
        wanted = await undisturbed(tmp_path / "undisturbed", managed, 150)
        mine = device()
        await play(mine, 150)
        begun = mine.waiting()
        async with mine.following():
            await until(lambda: mine.waiting() < begun, "the first changes are sent")
            postgres.kill(signal.SIGQUIT)
            await mine.todos.add("while it was away")
            # Not on another thread: the server ends with the one that started it.
            postgres.restart()
            assert await mine.settled() == sorted([*wanted, ("while it was away", False)])

    run(scene)


def test_a_server_that_accepts_and_never_answers(managed: Managed, device: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the start, and in the middle of a session that was live."""

    async def noticed(mine: Device) -> None:
        start = time.monotonic()
        await mine.todos.add(f"into the hole, {len(mine.shown())}")
        assert time.monotonic() - start < 5
        await until(lambda: mine.statuses and mine.statuses[-1].live is Live.OFFLINE, "it says that it is offline")

    async def scene() -> None:
        # All the time: a pull may be under way when the hole opens.
        monkeypatch.setattr("devots_desktop.remote.postgres.remote._ANSWER_S", 3.0)
        with Proxy(managed.database.server.port, silent=True) as proxy:
            mine = device(port=proxy.port)
            async with mine.following():
                await noticed(mine)
                proxy.silent = False
                await mine.settled()
                proxy.silent = True
                await noticed(mine)
                proxy.silent = False
                assert await mine.settled() == [("into the hole, 0", False), ("into the hole, 1", False)]

    run(scene)


def test_slow_transactions_that_overtake_each_other(managed: Managed, ada: Person, device: Make) -> None:
    """Rows that were written early and committed late, and a row that is locked while this device writes it."""

    async def scene() -> None:
        mine = device()
        admin = managed.database.connect(SUPERUSER)
        with closing(managed.database.connect(autocommit=False)) as slow, managed.owner() as quick, admin:
            async with mine.following():
                await mine.todos.add("locked")
                await mine.settled()
                slow.execute("insert into todo(text, user_id) values ('early and late', %s)", [ada.user_id])
                slow.execute("update todo set completed = true where text = 'locked'")
                quick.execute("insert into todo(text, user_id) values ('in between', %s)", [ada.user_id])
                await until(lambda: ("in between", False) in mine.shown(), "the later one is here")
                await mine.todos.edit(mine.ids()["locked"], "written while it was locked")
                await until(lambda: _waits(admin), "its push waits for the lock")
                slow.commit()
                assert await mine.settled() == [("early and late", False), ("in between", False), ("written while it was locked", True)]

    run(scene)


def _waits(observer: psycopg.Connection) -> bool:
    found = observer.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = %s", [DESKTOP]).fetchone()
    return found != (0,)


def test_clocks_that_are_a_day_off(tmp_path: Path, managed: Managed, device: Make) -> None:
    """The same edits on devices whose clocks are right, and a day ahead and behind, come to the same."""

    async def scene() -> None:
        wanted = await undisturbed(tmp_path / "undisturbed", managed, 40)
        ahead, behind = device("ahead", clock=lambda: now() + DAY_US), device("behind", clock=lambda: now() - DAY_US)
        async with ahead.following(), behind.following():
            await play(ahead, 40)
            assert await ahead.settled() == wanted
            await until(lambda: behind.shown() == wanted, "the other one has it")
            victim = wanted[0][0]
            key = ahead.ids()[victim]
            await ahead.todos.edit(key, "first, by a clock a day ahead")
            await ahead.settled()
            await until(
                lambda: key in behind.ids().values() and "first, by a clock a day ahead" in behind.ids(), "the other one has seen it"
            )
            await behind.todos.edit(key, "last, by a clock a day behind")
            rows = await behind.settled()
            assert ("last, by a clock a day behind", wanted[0][1]) in rows
            await until(lambda: ahead.shown() == rows, "the last edit wins on both")
        with managed.owner() as owner:
            assert owner.execute(
                "select count(*) from todo where created_at > now() at time zone 'utc' + interval '1 minute'"
            ).fetchone() == (0,)

    run(scene)


PROCESS = """
import asyncio, sys
from pathlib import Path
from tests.contract.devices import Device, play
from tests.servers.fixtures import Servers
from tests.servers.managed import DESKTOP, Managed, Person
from tests.servers.postgres import Database, PostgresServer

folder, port, password, name, user_id, token = sys.argv[1:]
server = PostgresServer(18, Path(), int(port), {DESKTOP: password}, None, None)
device = Device(Path(folder), Managed(Database(server, name)), Person(user_id, "", token))

async def main():
    async with device.following():
        for number in range(10_000):
            await device.todos.add(f"there {number}")
            print(number, flush=True)

asyncio.run(main())
"""


def test_two_processes_on_one_profile_of_which_one_is_killed(tmp_path: Path, managed: Managed, ada: Person, device: Make) -> None:
    """What the killed one had said to be stored is sent by the other one."""

    async def scene() -> None:
        server = managed.database.server
        arguments = [str(tmp_path / "device"), str(server.port), server.passwords[DESKTOP], managed.database.name, ada.user_id, ada.token]
        command = [sys.executable, "-c", PROCESS, *arguments]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert process.stdout is not None
        try:
            assert await process.stdout.readline() == b"0\n"
            mine = device()
            async with mine.following():
                said = 0
                for number in range(20):
                    await mine.todos.add(f"here {number}")
                    said = int(await process.stdout.readline())
                process.kill()
                rest = (await process.stdout.read()).split()
                said = int(rest[-1]) if rest else said
                rows = await mine.settled()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        texts = [text for text, _ in rows]
        assert {f"here {number}" for number in range(20)} | {f"there {number}" for number in range(said + 1)} <= set(texts)
        assert len(set(texts)) == len(texts) <= 20 + said + 2

    run(scene)


def test_a_dump_restored_into_a_new_cluster(tmp_path: Path, managed: Managed, ada: Person, device: Make, postgres: PostgresServer) -> None:
    """What waits is sent there, nothing comes twice, and the new cluster's lower transaction numbers hide nothing."""

    async def scene() -> None:
        with managed.owner() as owner:
            owner.execute("do $$ begin for n in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$")
        wanted = await undisturbed(tmp_path / "undisturbed", managed, 50, seed=3)
        mine = device()
        async with mine.following():
            await play(mine, 50, seed=3)
            assert await mine.settled() == wanted
        await mine.todos.add("made before the move")
        await mine.todos.complete(mine.ids()[wanted[0][0]], completed=not wanted[0][1])
        with PostgresServer.start(postgres.version, quick_folder()) as new:
            moved = await asyncio.to_thread(_moved, managed, new)
            assert migrate.repair(moved.database.url()) == ()
            mine.managed, mine.port = moved, new.port
            async with mine.following():
                rows = await mine.settled()
                assert rows == sorted([(wanted[0][0], not wanted[0][1]), *wanted[1:], ("made before the move", False)])
                with moved.owner() as owner:
                    owner.execute("update todo set text = 'changed there' where text = 'made before the move'")
                await until(lambda: "changed there" in mine.ids(), "it follows the new cluster")

    run(scene)


def _moved(managed: Managed, new: PostgresServer) -> Managed:
    """Dump the database, as its owner would, and restore it into another cluster."""
    old = managed.database
    new.passwords[DESKTOP] = old.server.passwords[DESKTOP]
    programs = binaries(old.server.version)
    assert programs is not None
    dump = subprocess.run([programs / "pg_dump", "--dbname", old.url(SUPERUSER)], check=True, capture_output=True, timeout=50).stdout
    with new.superuser() as admin:
        admin.execute("create role anon nologin noinherit; create role authenticated nologin noinherit")
        admin.execute(f"create role {DESKTOP} login noinherit password '{new.passwords[DESKTOP]}'")
    made = new.create_database()
    command: list[str | Path] = [programs / "psql", "--dbname", made.url(SUPERUSER), "--quiet", "--set", "ON_ERROR_STOP=1", "--no-psqlrc"]
    subprocess.run(command, input=dump, check=True, capture_output=True, timeout=50)
    return Managed(made)


def test_a_database_set_back_to_an_earlier_point_in_time(managed: Managed, ada: Person, device: Make, postgres: PostgresServer) -> None:
    """The device has more than the server then: the user is asked, and puts it back."""

    async def scene() -> None:
        mine = device()
        async with mine.following():
            await mine.todos.add_lines("\n".join(f"early {number}" for number in range(10)))
            await mine.settled()
        copy = await asyncio.to_thread(postgres.create_database, managed.database.name)
        async with mine.following():
            await mine.todos.add_lines("\n".join(f"late {number}" for number in range(25)))
            rows = await mine.settled()
        await mine.todos.add("not sent before")
        await asyncio.to_thread(_set_back, managed.database, copy)
        assert migrate.repair(managed.database.url()) == ()
        async with mine.following():
            await until(lambda: missing.question(mine.cache.db), "the user is asked")
            assert mine.shown() == sorted([*rows, ("not sent before", False)])
            await mine.todos.answer_question(Choice.PUT_BACK)
            assert await mine.settled() == sorted([*rows, ("not sent before", False)])

    run(scene)


def _set_back(now_: Database, earlier: Database) -> None:
    """The earlier copy takes the place of the database, in the same cluster."""
    now_.server.drop_database(now_)
    with now_.server.superuser() as admin:
        admin.execute(f"alter database {earlier.name} rename to {now_.name}")
