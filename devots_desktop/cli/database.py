"""The commands for the owner of a database: upgrade, status, repair."""

import os
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from devots_desktop.cli.environment import owners_url, read_password
from devots_desktop.cli.output import Output, message
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.services import database

if TYPE_CHECKING:
    from devots_desktop.remote.postgres.migrate import DatabaseStatus, UpgradeResult


def run(arguments: Namespace, output: Output) -> None:
    """Run one of these commands. Raises DevotsError."""
    if arguments.verb == "upgrade" and arguments.sql:
        _show_sql(output, arguments)
        return
    url = owners_url(os.environ, arguments.env_file)
    if arguments.verb == "status":
        _show_status(output, database.status(url))
        return
    if arguments.verb == "repair":
        _show_repair(output, database.repair(url, report=message))
        return
    file = arguments.password_file
    result = database.upgrade(
        url,
        flavour=arguments.flavour,
        desktop_password=read_password(file, "Password for devots_desktop") if file else None,
        sign_up=arguments.sign_up,
        accept_rights=arguments.accept_rights,
        report=message,
    )
    _show_result(output, result)


def _show_sql(output: Output, arguments: Namespace) -> None:
    if arguments.flavour != "supabase":
        raise AccountUnusable(
            "Only for Supabase", "A portal's upgrade makes a login with a password, which is no text to paste.", "Add --flavour supabase."
        )
    sql = database.upgrade_sql(accept_rights=arguments.accept_rights)
    if output.as_json:
        output.value({"sql": sql})
    else:
        output.line(sql.rstrip("\n"))


def _show_status(output: Output, status: "DatabaseStatus") -> None:
    if output.as_json:
        output.value(asdict(status))
        return
    sign_up = {True: "on", False: "off", None: "not offered"}[status.sign_up]
    output.lines(
        [
            f"State     {status.state} (revision {status.revision or 'none'}, this program works with {status.head})",
            f"Flavour   {status.flavour or 'none'}",
            f"Sign-up   {sign_up}",
            *(f"Missing   {each}" for each in status.missing),
            *(f"Trouble   {each}" for each in status.trouble),
        ]
    )


def _show_repair(output: Output, left: tuple[str, ...]) -> None:
    if output.as_json:
        output.value({"left": left})
        return
    output.lines(["Repaired. Every device downloads its list again with its next sync.", *(f"Left      {each}" for each in left)])


def _show_result(output: Output, result: "UpgradeResult") -> None:
    if output.as_json:
        output.value(asdict(result))
        return
    before = "as it was" if result.before == result.after else f"from {result.before or 'nothing'} to {result.after}"
    output.line(f"Upgraded: {before} ({result.flavour}).")
    if result.desktop_password:
        output.line(f"Password of the login devots_desktop, shown this once: {result.desktop_password}")
