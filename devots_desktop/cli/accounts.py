"""The commands on accounts: list, add, remove, use."""

import asyncio
import os
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from devots_desktop.cli import forms
from devots_desktop.cli.environment import read_password
from devots_desktop.cli.opening import chosen, open_profile
from devots_desktop.cli.output import Output
from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.postgres_form import PostgresForm


def run(arguments: Namespace, output: Output) -> None:
    """Run one of these commands. Raises DevotsError."""
    profile = open_profile(arguments)
    accounts = Accounts(profile)
    match arguments.verb:
        case "add":
            _show(output, accounts, asyncio.run(accounts.add_postgres(_form(arguments))))
        case "use":
            account = chosen(profile, arguments.name)
            accounts.use(account)
            _show(output, accounts, account)
        case "remove":
            account = chosen(profile, arguments.name)
            asyncio.run(accounts.remove(account))
            _show(output, accounts, account)
        case _:
            _list(output, accounts)


def _list(output: Output, accounts: Accounts) -> None:
    current = accounts.current()
    shown = [(account, account.account_id == current.account_id) for account in accounts.all()]
    if output.as_json:
        output.array(forms.account_form(account, current=is_current) for account, is_current in shown)
    else:
        output.lines(forms.account_line(account, current=is_current) for account, is_current in shown)


def _show(output: Output, accounts: Accounts, account: Account) -> None:
    is_current = accounts.current().account_id == account.account_id
    if output.as_json:
        output.value(forms.account_form(account, current=is_current))
    else:
        output.line(forms.account_line(account, current=is_current))


def _form(arguments: Namespace) -> PostgresForm:
    """What `accounts add postgres` was told. Nothing is read from a terminal or file before the arguments are known to be usable."""
    if arguments.secrets == SecretStore.MEMORY:
        raise AccountUnusable(
            "Not here",
            "Secrets in memory are for the window only: a command ends, and what it had in memory is gone.",
            "Take --secrets keyring, or --secrets file where there is no keyring.",
        )
    form = PostgresForm.from_url(
        _without_password(arguments.url), ca=str(Path(arguments.ca).absolute()) if arguments.ca else "", email=arguments.email
    )
    file = arguments.login_password_file
    return replace(
        form,
        login_password=read_password(file, "Password of the database's login") if file else os.environ.get("PGPASSWORD", ""),
        password=read_password(arguments.password_file, f"Password of {arguments.email}"),
        sign_up=arguments.sign_up,
        name=arguments.name,
        secrets=SecretStore(arguments.secrets),
    )


def _without_password(url: str) -> str:
    """The URL, if it has no password in it.

    Raises:
        AccountUnusable: it has one.
    """
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        return url  # It is refused as an address.
    if secret:
        raise AccountUnusable(
            "Password in the URL",
            "The URL has a password in it, which everybody on this computer can read in the list of processes.",
            "Take it out and pass it in PGPASSWORD or with --login-password-file; change it if others can see this computer's processes.",
        )
    return url
