"""The commands that speak to a server or go on until they are interrupted: sync and watch, and the push after a change."""

import asyncio
import select
import signal
import sys
import time
from argparse import Namespace
from contextlib import suppress

from devots_desktop.cli import forms
from devots_desktop.cli.opening import chosen, open_profile
from devots_desktop.cli.output import NotAnswered, Output, message
from devots_desktop.domain.account import Account, AccountKind, Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.services import logs
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.tasks import Tasks
from devots_desktop.services.watching import Shown
from devots_desktop.store.profile import Profile
from devots_desktop.sync.engine import SyncReport

PUSH_S = 5.0
"""Seconds that a change may wait for its server before the command ends (sync.md, section 2)."""
ONCE_S = 120.0
"""Seconds for `sync --once`, which may be the first pull of a long list."""
LOOK_EVERY_S = 0.05
"""How often these commands look for what other processes wrote. A window is pinged; here nobody listens, and one look is a read of one row."""
_READER_EVERY_S = 1.0
_NAMES = {Live.LIVE: "Live", Live.CHECKING: "Checking", Live.OFFLINE: "Offline", Live.SIGNED_OUT: "Signed out"}


def run(arguments: Namespace, output: Output) -> int:
    """Run `sync` or `watch`.

    Returns:
        the exit code: 1 where `sync --once` did not reach the server.

    Raises:
        DevotsError: the profile, the account or the cache cannot be used.
    """
    profile = open_profile(arguments)
    account = chosen(profile, arguments.account)
    if arguments.command == "sync" and account.kind is AccountKind.COMPUTER:
        raise AccountUnusable(
            "Nothing to sync",
            f"The account {account.name} has no server.",
            "Choose another with --account, or add one with `devots accounts add`.",
        )
    if arguments.command == "sync" and arguments.once:
        return _sync_once(profile, account, output)
    if arguments.command == "sync" and output.as_json:
        message("devots sync: --json goes with --once, which has an answer.")
        return 2
    logs.start(profile.folder)
    opened = Accounts(profile).open(account)
    for notice in opened.notices.all():
        message(str(notice))
    opened.notices.added.subscribe(lambda notice: message(str(notice)))
    try:
        asyncio.run(_watch(opened, output) if arguments.command == "watch" else _until_ended(opened, asyncio.Event()))
    except KeyboardInterrupt:
        return 0  # Where signals do not reach the loop (Windows): this is how one ends it.
    return 0


def push(profile: Profile, account: Account) -> None:
    """Send what waits, for at most five seconds. Says why where it could not."""
    report = asyncio.run(_once(profile, account, PUSH_S))
    if report.pending and report.sentence:
        message(f"Not sent yet: {report.sentence}")


def _sync_once(profile: Profile, account: Account, output: Output) -> int:
    report = asyncio.run(_once(profile, account, ONCE_S))
    if output.as_json:
        output.value(forms.report_form(report))
    else:
        counts = f"{report.pushed} sent, {report.pulled} received, {report.pending} waiting, {report.parked} parked"
        output.line(f"{_NAMES[report.live]}: {counts}")
    if report.sentence:
        message(report.sentence)
    return 1 if report.live in (Live.OFFLINE, Live.SIGNED_OUT) else 0


async def _once(profile: Profile, account: Account, timeout: float) -> SyncReport:
    tasks = Tasks(lambda name, error: message(f"{name}: {error}"))
    opened = Accounts(profile).open(account)
    try:
        opened.start(tasks, follow=False)
        report = await opened.sync_once(timeout=timeout)
        if question := opened.lists.question():
            message(f"{forms.question_line(question)} Decide with `devots missing`; until then they stay.")
        return report
    finally:
        await tasks.close()
        await opened.close()


# Until interrupted -----------------------------------------------------------------------------------------------------------


async def _watch(opened: OpenAccount, output: Output) -> None:
    """Print changes as they come."""
    end, shown = asyncio.Event(), Shown(opened.cache, opened.lists)
    unwritten: list[NotAnswered] = []

    def tell(changes: ChangeSet) -> None:
        try:
            for change in shown.news(changes):
                if output.as_json:
                    output.value(forms.change_form(change))
                else:
                    output.line(forms.change_line(output, change))
        except NotAnswered as error:
            unwritten.append(error)
            end.set()

    opened.changes.subscribe(tell)
    message(f"Watching {opened.account.name}. Ctrl+C ends it.")
    await _until_ended(opened, end)
    if unwritten:
        raise unwritten[0]


async def _until_ended(opened: OpenAccount, end: asyncio.Event) -> None:
    """Keep an account in step, and say what it is doing, until `end`, a signal, or a failure, which is raised.

    It also ends when nobody reads standard output any more.
    """
    failures: list[BaseException] = []

    def failed(_: str, error: BaseException) -> None:
        failures.append(error)
        end.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl+C cancels the main task instead.
            asyncio.get_running_loop().add_signal_handler(number, end.set)
    opened.statuses.subscribe(_tell_status)
    tasks = Tasks(failed)
    opened.start(tasks, look_every=LOOK_EVERY_S)
    try:
        while not end.is_set() and not reader_gone():
            with suppress(TimeoutError):
                await asyncio.wait_for(end.wait(), _READER_EVERY_S)
    finally:
        await tasks.close()
        await opened.close()
    if failures:
        raise failures[0]


def _tell_status(status: Status) -> None:
    message(f"{time.strftime('%H:%M:%S')}  {_NAMES[status.live]}  {status.sentence}")


def reader_gone() -> bool:
    """Whether standard output is a pipe that nobody reads any more: otherwise that would be noticed with the next change only."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False  # No `poll` here (Windows), or standard output is no file.
