"""The commands on accounts: list, add, sign in again, remove, use."""

import asyncio
import os
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from devots_desktop.cli import forms, portal
from devots_desktop.cli.environment import project_and_key, read_code, read_password
from devots_desktop.cli.opening import chosen, open_profile
from devots_desktop.cli.output import Output, message
from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.errors import AccountUnusable, ConfirmationNeeded
from devots_desktop.domain.finding import Level
from devots_desktop.remote.supabase.checks import NEEDED
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.services.supabase_checks import check_project
from devots_desktop.services.supabase_form import SupabaseForm, Way


def run(arguments: Namespace, output: Output) -> None:
    """Run one of these commands. Raises DevotsError."""
    profile = open_profile(arguments)
    accounts = Accounts(profile)
    match arguments.verb:
        case "add":
            _show(output, accounts, _add(accounts, arguments))
        case "use":
            account = chosen(profile, arguments.name)
            accounts.use(account)
            _show(output, accounts, account)
        case "sign-in":
            account = chosen(profile, arguments.name)
            asyncio.run(_sign_in(accounts, account, arguments))
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


def _add(accounts: Accounts, arguments: Namespace) -> Account:
    """Add an account of the kind that was named."""
    if arguments.secrets == SecretStore.MEMORY:
        raise AccountUnusable(
            "Not here",
            "Secrets in memory are for the window only: a command ends, and what it had in memory is gone.",
            "Take --secrets keyring, or --secrets file where there is no keyring.",
        )
    if arguments.kind == AccountKind.SUPABASE:
        return asyncio.run(_add_supabase(accounts, _supabase_form(arguments)))
    if arguments.kind == AccountKind.PORTAL:
        return asyncio.run(_add_portal(accounts, _portal_form(arguments)))
    return asyncio.run(accounts.add_postgres(_postgres_form(arguments)))


def _supabase_form(arguments: Namespace) -> SupabaseForm:
    """What `accounts add supabase` was told. No password is read before address and key are known to be usable."""
    url, key = project_and_key(arguments.url, arguments.key, os.environ, arguments.env_file)
    form = SupabaseForm.from_text(url, key, ca=_ca(arguments), email=arguments.email)
    return replace(
        form,
        password=read_password(arguments.password_file, f"Password of {arguments.email}"),
        way=Way.SIGN_UP if arguments.sign_up else Way.PASSWORD,
        name=arguments.name,
        secrets=SecretStore(arguments.secrets),
    )


async def _add_supabase(accounts: Accounts, form: SupabaseForm) -> Account:
    """Look at the project, say what is to be said of it, and sign in. Raises DevotsError: it cannot be used, or nobody is let in."""
    async for finding in check_project(form.project, form.key):
        if finding.level is Level.WRONG and finding.check in NEEDED:
            raise AccountUnusable("Project not ready", finding.sentence, finding.next_step)
        if finding.level is not Level.OK:
            message(f"{finding.check}: {finding.sentence} {finding.next_step}".rstrip())
    with suppress(ConfirmationNeeded):
        return await accounts.add_supabase(form)
    return await _add_confirmed(accounts, form)


async def _add_confirmed(accounts: Accounts, form: SupabaseForm) -> Account:
    """Sign in with the code that confirms the e-mail; where none is entered, as somebody who has opened the link beside it. Raises DevotsError."""
    code = read_code(f"Code in the message to {form.email} (empty once you have opened its link)")
    try:
        return await accounts.add_supabase(replace(form, code=code, way=Way.SIGN_UP if code else Way.PASSWORD))
    except ConfirmationNeeded as error:
        raise AccountUnusable(error.title, error.sentence, "Open the link in it, then say this again without --sign-up.") from None


def _portal_form(arguments: Namespace) -> PortalForm:
    """What `accounts add portal` was told. No password is read before the address is known to be usable."""
    form = PortalForm.from_text(arguments.url, ca=_ca(arguments), email=arguments.email, name=arguments.name)
    given = arguments.password_stdin or arguments.password_file
    if bool(given) != bool(arguments.email):
        raise AccountUnusable(
            "E-mail and password",
            "To sign in by e-mail and password takes both.",
            "Give --email and --password-stdin (or --password-file), or none of them to be let in by the browser.",
        )
    password = read_password(arguments.password_file, f"Password of {arguments.email}") if given else ""
    return replace(form, password=password, secrets=SecretStore(arguments.secrets))


async def _add_portal(accounts: Accounts, form: PortalForm) -> Account:
    return await accounts.add_portal(form, await portal.enter(accounts, form))


async def _sign_in(accounts: Accounts, account: Account, arguments: Namespace) -> None:
    """Sign in again after the session ended."""
    given = arguments.password_stdin or arguments.password_file
    if account.kind is AccountKind.COMPUTER:
        raise AccountUnusable("Nothing to sign in to", "The list on this computer has no server.", "Name another account.")
    if not given and account.kind is not AccountKind.PORTAL:
        raise AccountUnusable("Password needed", "This account is signed in to by password.", "Give --password-stdin or --password-file.")
    password = read_password(arguments.password_file, f"Password of {account.email}") if given else ""
    match account.kind:
        case AccountKind.PORTAL:
            form = PortalForm.again(account, password=password)
            await accounts.sign_in_portal(account, form, await portal.enter(accounts, form))
        case AccountKind.SUPABASE:
            await accounts.sign_in_supabase(account, SupabaseForm.again(account, password=password, key=arguments.key or ""))
        case AccountKind.POSTGRES:
            await accounts.sign_in(account, password, _login_password(arguments))


def _login_password(arguments: Namespace) -> str:
    file = arguments.login_password_file
    return read_password(file, "Password of the database's login") if file else ""


def _postgres_form(arguments: Namespace) -> PostgresForm:
    """What `accounts add postgres` was told. Nothing is read from a terminal or file before the arguments are known to be usable."""
    form = PostgresForm.from_url(_without_password(arguments.url), ca=_ca(arguments), email=arguments.email)
    return replace(
        form,
        login_password=_login_password(arguments) or os.environ.get("PGPASSWORD", ""),
        password=read_password(arguments.password_file, f"Password of {arguments.email}"),
        sign_up=arguments.sign_up,
        name=arguments.name,
        secrets=SecretStore(arguments.secrets),
    )


def _ca(arguments: Namespace) -> str:
    return str(Path(arguments.ca).absolute()) if arguments.ca else ""


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
