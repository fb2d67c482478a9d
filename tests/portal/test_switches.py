"""What a test switches on and off at a portal, and how a portal's process ends."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.portal.client import Asking, told
from tests.servers.fixtures import Servers
from tests.servers.portal import PortalFailed, PortalHost, PortalServer


def test_the_rate_limit_counts_all_clients_together_and_says_how_long_to_wait(seed: Asking) -> None:
    seed.portal.change(rate_limit=True)
    answers = [seed.try_sign_in("nobody") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[3].json() == {"message": "Too many requests. Please try again later."}
    assert 1 <= int(answers[3].headers["x-retry-after"]) <= 10
    assert "retry-after" not in answers[3].headers
    assert seed.auth("/get-session").status_code == 200, "each path is counted for itself"


def test_the_rate_limit_of_signing_up_and_of_claiming_a_devices_code(desktop: Asking) -> None:
    ada = desktop.sign_up()
    desktop.portal.change(rate_limit=True)
    assert [desktop.try_sign_up().status_code for _ in range(4)] == [422, 422, 422, 429]
    claims = [desktop.auth("/device?user_code=WRNGCODE", **ada.headers) for _ in range(6)]
    assert [claim.status_code for claim in claims] == [400] * 5 + [429]
    assert int(claims[-1].headers["x-retry-after"]) > 1700


def test_the_rate_limit_lets_a_hundred_sessions_be_asked_for_and_leaves_trpc_alone(seed: Asking) -> None:
    ada = seed.sign_up()
    seed.portal.change(rate_limit=True)
    with httpx.Client(base_url=seed.portal.url, headers=ada.headers) as client:
        assert [client.get("/trpc/todo.getAll").status_code for _ in range(105)] == [200] * 105
        statuses = [client.get("/api/auth/get-session").status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]


def test_without_the_switch_nobody_is_counted(seed: Asking) -> None:
    assert {seed.try_sign_in("nobody").status_code for _ in range(5)} == {401}


def test_the_latency_is_changed_while_the_portal_runs(seed: Asking) -> None:
    ada = seed.sign_up()
    seed.portal.change(latency=0.5)
    started = time.monotonic()
    assert seed.session(**ada.headers) is not None
    assert time.monotonic() - started >= 0.5
    seed.portal.change(latency=0)
    assert seed.data("healthCheck") == "OK"


def test_how_long_sessions_last_is_the_portals_choice(either: Asking) -> None:
    either.portal.change(expires_in=60, update_age=0)
    answer = either.try_sign_up()
    assert "Max-Age=60;" in answer.headers["set-cookie"]


def test_with_the_database_away_everything_is_500_and_nobody_is_signed_out(either: Asking) -> None:
    ada = either.sign_up()
    either.portal.set_database_away(True)
    assert told(either.auth("/get-session", **ada.headers)) == (500, "FAILED_TO_GET_SESSION")
    assert told(either.trpc("todo.getAll", **ada.headers)) == (500, "INTERNAL_SERVER_ERROR")
    assert told(either.trpc("healthCheck", **ada.headers)) == (500, "INTERNAL_SERVER_ERROR"), "a public procedure too"
    either.portal.set_database_away(False)
    assert either.session(**ada.headers) is not None


def test_a_portal_goes_away_and_comes_back_at_its_address(seed: Asking) -> None:
    ada = seed.sign_up()
    seed.portal.set_away(True)
    with pytest.raises(httpx.ConnectError):
        seed.data("healthCheck")
    seed.portal.set_away(False)
    assert seed.session(**ada.headers) is not None


def test_many_requests_at_once_are_answered(seed: Asking) -> None:
    ada = seed.sign_up()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: seed.data("todo.create", {"text": str(number)}, **ada.headers), range(24)))
    assert {row["text"] for row in seed.data("todo.getAll", **ada.headers)} == {str(number) for number in range(24)}


def test_a_portal_keeps_its_people_over_a_restart(servers: Servers) -> None:
    """A cookie is good as long as the secret stays, which is a portal's environment."""
    with servers.portal(18, "seed") as portal:
        ada = Asking(portal).sign_up()
        with PortalServer(portal.database, host=servers.portal_host(), secret=portal.secret) as restarted:
            assert Asking(restarted).session(**ada.headers) is not None
        with PortalServer(portal.database, host=servers.portal_host()) as stranger:
            assert Asking(stranger).session(**ada.headers) is None


def test_a_portal_that_cannot_start_says_why(servers: Servers) -> None:
    with servers.portal(18, "seed") as portal, pytest.raises(PortalFailed, match="EADDRINUSE"):
        PortalServer(portal.database, host=servers.portal_host(), port=int(portal.url.rpartition(":")[2])).start()


def test_a_portal_whose_process_was_killed_says_so_and_still_stops(servers: Servers) -> None:
    with servers.portal(18, "seed") as portal, PortalHost() as host, PortalServer(portal.database, host=host) as killed:
        os.kill(host.pid, signal.SIGKILL)
        with pytest.raises(PortalFailed, match="has ended"):
            killed.change(latency=1)


def test_the_process_ends_when_whoever_started_it_is_killed() -> None:
    program = textwrap.dedent("""
        import sys, signal
        from tests.servers.portal import PortalHost
        host = PortalHost()
        print(host.pid, flush=True)
        signal.pause()
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True) as starter:
        assert starter.stdout is not None
        host = os.pidfd_open(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    with os.fdopen(host, "rb", buffering=0) as process:
        assert ended(process.fileno())


def ended(process: int) -> bool:
    """Whether the process of this descriptor ends soon."""
    return bool(select.select([process], [], [], 20)[0])
