"""What is told to a command beside its arguments, because arguments stand in the process list: passwords and the owner's URL."""

import re
import sys
from collections.abc import Mapping, Sequence
from getpass import getpass
from pathlib import Path

from devots_desktop.cli.output import plain
from devots_desktop.domain.errors import AccountUnusable

_MOST = 1_000_000
"""Bytes that are read of a file at the most."""
_URL_NAMES = ("SUPABASE_POSTGRES_URL", "DATABASE_URL")
_PROJECT_NAME = "SUPABASE_URL"
_KEY_NAMES = ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY")
"""The guide's names. SUPABASE_SERVICE_KEY is none of them: it is not for this program."""
_ENTRY = re.compile(
    r"""
    [ \t]*
    (?: (?:export[ \t]+)? (?P<name>[A-Za-z_][A-Za-z0-9_]*) [ \t]*=[ \t]*
        (?: '(?P<single>[^']*)' | "(?P<double>(?:\\.|[^"\\])*)" | (?P<bare>[^\s'"\#][^\r\n]*?) )?
        (?: [ \t]+ \#[^\r\n]* | [ \t]* )
      | \#[^\r\n]* )?
    (?: \r?\n | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def owners_url(environ: Mapping[str, str], env_file: str | None) -> str:
    """The URL of a database's owner: the portal guide's names, from `env_file` where there is one, else from the environment.

    Raises:
        AccountUnusable: there is none, or the file cannot be read.
    """
    if found := _first(_values(environ, env_file), _URL_NAMES):
        return found
    raise AccountUnusable(
        "No database named",
        f"{' and '.join(_URL_NAMES)} are empty in {_place(env_file)}.",
        "Set one to the URL of the database's owner, or name the portal's file with --env-file.",
    )


def project_and_key(url: str | None, key: str | None, environ: Mapping[str, str], env_file: str | None) -> tuple[str, str]:
    """A Supabase project's address and key: what was given as an argument, else the guide's names, as for `owners_url`.

    Raises:
        AccountUnusable: one of them is nowhere, or the file cannot be read.
    """
    values = _values(environ, env_file)
    url, key = url or _first(values, (_PROJECT_NAME,)), key or _first(values, _KEY_NAMES)
    for given, option, names in ((url, "--url", (_PROJECT_NAME,)), (key, "--key", _KEY_NAMES)):
        if not given:
            raise AccountUnusable(
                "Project not named",
                f"{option} was not given, and {' and '.join(names)} {'is' if len(names) == 1 else 'are'} empty in {_place(env_file)}.",
                f"Give {option}, set {names[0]}, or name the portal's file with --env-file.",
            )
    return url, key


def parse_env(text: str, file: str) -> dict[str, str]:
    """The entries of an .env file: NAME=value lines, bare or in quotes (which may span lines), with comments. No variables are replaced.

    Raises:
        AccountUnusable: a line is none of these. Its content is not repeated: it may be a secret.
    """
    values, place = {}, 0
    while place < len(text):
        found = _ENTRY.match(text, place)
        if found is None:
            line = text.count("\n", 0, place) + 1
            raise AccountUnusable("File not understood", f"Line {line} of {plain(file)} is not NAME=value.", "Mend the line.")
        if found["name"]:
            values[found["name"]] = found["single"] or _unescaped(found["double"] or "") or found["bare"] or ""
        place = found.end()
    return values


def read_text(path: str) -> str:
    """A small file's text.

    Raises:
        AccountUnusable: it cannot be read, or is no text.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise AccountUnusable("File not readable", f"{plain(path)} cannot be read: {reason}.", "Name another file.") from error


def read_password(path: str | None, what: str) -> str:
    """A password: the first line of a file, or of standard input where `path` is None; asked for where that is a terminal.

    Args:
        what: whose password it is, for a prompt.

    Raises:
        AccountUnusable: there is none, or the file cannot be read.
    """
    if path is not None:
        text = read_text(path)
    elif sys.stdin.isatty():
        text = getpass(f"{what}: ")
    else:
        text = _standard_input()
    password = text.partition("\n")[0].removesuffix("\r")
    if not password:
        source = "Standard input" if path is None else plain(path)
        raise AccountUnusable("No password", f"{source} has no password in its first line.", "Write it there, and nothing else.")
    return password


def read_code(what: str) -> str:
    """A code to sign in with: the next line of standard input, asked for where that is a terminal; "" for none.

    Args:
        what: which one, for a prompt.

    Raises:
        AccountUnusable: standard input is no text.
    """
    return (getpass(f"{what}: ") if sys.stdin.isatty() else _standard_input()).strip()


def _values(environ: Mapping[str, str], env_file: str | None) -> Mapping[str, str]:
    return parse_env(read_text(env_file), env_file) if env_file else environ


def _first(values: Mapping[str, str], names: Sequence[str]) -> str:
    return next((values[name] for name in names if values.get(name)), "")


def _place(env_file: str | None) -> str:
    return plain(env_file) if env_file else "the environment"


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.readline(_MOST).decode()
    except ValueError as error:
        raise AccountUnusable("Not readable", "Standard input is no UTF-8 text.", "Pass password and code as UTF-8.") from error


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)
