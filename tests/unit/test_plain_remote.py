"""What is asked of a plain server's table."""

import asyncio

from devots_desktop.remote.memory import MemoryServer, MemoryTable
from devots_desktop.remote.plain import ROWS_MOST, PlainRemote
from tests.unit.building import ME


def test_no_more_rows_are_asked_for_at_once_than_a_server_may_be_set_to_give() -> None:
    server = MemoryServer(lambda: 1, {"token": ME}, managed=False)
    transaction = server.begin()
    for number in range(ROWS_MOST + 1):
        transaction.add(ME, f"{number:08}-aaaa-4000-8000-000000000000", str(number))
    transaction.commit()
    page = asyncio.run(PlainRemote(MemoryTable(server, "token")).pull(0, None, 10 * ROWS_MOST))
    assert (len(page.rows), page.more) == (ROWS_MOST, True)
