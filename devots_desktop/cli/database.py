"""The commands for the owner of a database."""

import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from devots_desktop.cli.environment import owners_url, read_password
from devots_desktop.cli.opening import open_profile
from devots_desktop.cli.output import Output, message
from devots_desktop.services import database

if TYPE_CHECKING:
    from devots_desktop.remote.postgres.migrate import AdoptResult, DatabaseStatus, UpgradeResult
    from devots_desktop.remote.postgres.owner.journal import Journal
    from devots_desktop.remote.postgres.owner.plan import Step
    from devots_desktop.remote.postgres.rights import Deviation


def run(arguments: Namespace, output: Output) -> int:
    """Run one of these commands.

    Returns:
        the exit code: 1 where a database was not adopted, or has drifted in a way that does harm.

    Raises:
        DevotsError: it cannot be done.
    """
    if arguments.verb == "upgrade" and arguments.sql and arguments.flavour == "supabase":
        _show_text(output, "sql", database.upgrade_sql(accept_rights=arguments.accept_rights))
        return 0
    verbs: dict[str, Callable[[str, Namespace, Output], int]] = {
        "status": _status,
        "adopt": _adopt,
        "upgrade": _upgrade,
        "downgrade": _downgrade,
        "drift": _drift,
        "drizzle": _drizzle,
        "repair": _repair,
        "revision": _revision,
    }
    return verbs[arguments.verb](owners_url(os.environ, arguments.env_file), arguments, output)


def _status(url: str, arguments: Namespace, output: Output) -> int:
    status = database.status(url, Path(arguments.migrations) if arguments.migrations else None)
    if output.as_json:
        output.value(asdict(status))
    else:
        output.lines(_status_lines(status))
    return 0


def _adopt(url: str, arguments: Namespace, output: Output) -> int:
    result = database.adopt(url, flavour=arguments.flavour, desktop_password=_desktop_password(arguments), report=message)
    if output.as_json:
        output.value(asdict(result))
    else:
        output.lines(_adopt_lines(result))
    return int(bool(result.blocking))


def _upgrade(url: str, arguments: Namespace, output: Output) -> int:
    if arguments.dry_run or arguments.sql:
        plan = database.plan_upgrade(url, flavour=arguments.flavour, accept_rights=arguments.accept_rights)
        _show_plan(output, plan, as_sql=arguments.sql)
        return 0
    result = database.upgrade(
        url,
        flavour=arguments.flavour,
        desktop_password=_desktop_password(arguments),
        sign_up=arguments.sign_up,
        accept_rights=arguments.accept_rights,
        backups=_backups(arguments),
        report=message,
    )
    if output.as_json:
        output.value(asdict(result))
    else:
        output.lines(_upgrade_lines(result))
    return 0


def _downgrade(url: str, arguments: Namespace, output: Output) -> int:
    if arguments.dry_run or arguments.sql:
        _show_plan(output, database.plan_downgrade(url, arguments.to), as_sql=arguments.sql)
        return 0
    database.downgrade(url, arguments.to, backups=_backups(arguments), report=message)
    if output.as_json:
        output.value({"after": arguments.to})
    else:
        output.line(f"Taken back to {arguments.to}. Todos and people are still there.")
    return 0


def _drift(url: str, arguments: Namespace, output: Output) -> int:
    del arguments
    found = database.drift(url)
    if output.as_json:
        output.value([asdict(each) for each in found])
    elif not found:
        output.line("Nothing has drifted: tables, policies, functions, triggers and rights are those of the migrations.")
    else:
        output.lines(_drift_lines(found))
    return int(any(each.harms for each in found))


def _drizzle(url: str, arguments: Namespace, output: Output) -> int:
    del arguments
    _show_text(output, "typescript", database.drizzle(url))
    return 0


def _repair(url: str, arguments: Namespace, output: Output) -> int:
    del arguments
    left = database.repair(url, report=message)
    if output.as_json:
        output.value({"left": left})
    else:
        output.lines(["Repaired. Every device downloads its list again with its next sync.", *(f"Left      {each}" for each in left)])
    return 0


def _revision(url: str, arguments: Namespace, output: Output) -> int:
    path = str(database.revision(url, arguments.words))
    if output.as_json:
        output.value({"file": path})
    else:
        output.line(f"Written: {path}. Read it, make its steps small and safe to run again, and raise HEAD.")
    return 0


def _desktop_password(arguments: Namespace) -> str | None:
    return read_password(arguments.password_file, "Password for devots_desktop") if arguments.password_file else None


def _backups(arguments: Namespace) -> Path | None:
    if arguments.no_backup:
        return None
    return Path(arguments.backup_to) if arguments.backup_to else open_profile(arguments).folder / "database-backups"


def _show_text(output: Output, name: str, text: str) -> None:
    if output.as_json:
        output.value({name: text})
    else:
        output.line(text.rstrip("\n"))


def _show_plan(output: Output, plan: "list[Step]", *, as_sql: bool) -> None:
    if as_sql:
        _show_text(output, "sql", database.as_sql(plan))
    elif output.as_json:
        output.value([asdict(each) for each in plan])
    else:
        output.lines([f"{number:>3}  {each.name:<24}  {each.words}" for number, each in enumerate(plan, 1)] or ["There is nothing to do."])


def _status_lines(status: "DatabaseStatus") -> Iterator[str]:
    sign_up = {True: "on", False: "off", None: "not offered"}[status.sign_up]
    baseline = {"none": "no tables of a portal yet", "portal": "a portal's tables", "differs": "not a portal's tables: see below"}
    yield f"State     {status.state} (revision {status.revision or 'none'}, this program works with {status.head})"
    yield f"Flavour   {status.flavour or 'none'}"
    yield f"Sign-up   {sign_up}"
    yield f"Baseline  {baseline[status.baseline]}"
    yield from _journal_lines(status.drizzle)
    yield from (f"Differs   {each}" for each in status.blocking)
    yield from (f"Note      {each}" for each in status.harmless)
    yield from (f"Missing   {each}" for each in status.missing)
    yield from (f"Trouble   {each}" for each in status.trouble)


def _journal_lines(journal: "Journal | None") -> Iterator[str]:
    if journal is None:
        yield "Drizzle   no journal of migrations (drizzle-kit push keeps none)"
        return
    yield f"Drizzle   {journal.applied} migrations applied" + (f", the newest of {journal.newest}" if journal.newest else "")
    yield from (f"          {tag} waits to be applied" for tag in journal.waiting)
    yield from (f"          {tag} is older than the newest one and will be passed over: generate it anew" for tag in journal.skipped)
    yield from (f"          {tag} was edited after it was applied; nobody applies it again" for tag in journal.edited)


def _drift_lines(found: "list[Deviation]") -> Iterator[str]:
    for each in found:
        yield f"{'Drift' if each.harms else 'Note':<10}{each.sentence}"
        if each.harms:
            yield f"{'':10}Mend it with: {each.mend}"


def _adopt_lines(result: "AdoptResult") -> Iterator[str]:
    if result.blocking:
        yield "Not adopted; nothing was changed."
    elif result.before is not None:
        yield f"Adopted before: it is at revision {result.before}."
    else:
        yield "Adopted. `devots db upgrade` brings sync and rights; `devots db upgrade --dry-run` tells how."
    yield from (f"Differs   {each}" for each in result.blocking)
    yield from (f"Note      {each}" for each in result.harmless)
    yield from _password_lines(result.desktop_password)


def _upgrade_lines(result: "UpgradeResult") -> Iterator[str]:
    before = "as it was" if result.before == result.after else f"from {result.before or 'nothing'} to {result.after}"
    yield f"Upgraded: {before} ({result.flavour})."
    yield from _password_lines(result.desktop_password)


def _password_lines(password: str | None) -> Iterator[str]:
    if password:
        yield f"Password of the login devots_desktop, shown this once: {password}"
