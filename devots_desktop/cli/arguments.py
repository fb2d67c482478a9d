"""The options and commands, as argparse takes them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Never

from devots_desktop import __version__
from devots_desktop.cli.output import Output, plain


class _Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations: a script that uses one would break when an option is added."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings | {"allow_abbrev": False})  # type: ignore[arg-type]  # passed on as they come

    def print_help(self, file: object = None) -> None:
        # As every answer: argparse itself would not notice that it cannot be written.
        del file
        Output(as_json=False).lines(self.format_help().splitlines())

    def error(self, message: str) -> Never:
        # It may repeat an argument, which a script took from who knows where.
        super().error(plain(message))


if TYPE_CHECKING:
    _Group = argparse._MutuallyExclusiveGroup  # noqa: SLF001 (what add_mutually_exclusive_group answers has none either)
    _Commands = argparse._SubParsersAction[_Parser]  # noqa: SLF001 (what add_subparsers answers has no public name)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments after the program's name; `command` is None where none is given.

    Raises:
        SystemExit: 2 for wrong usage, which was explained on standard error; 0 where help or the version was asked for and given.
    """
    return tree().parse_args(argv)


def tree() -> argparse.ArgumentParser:
    """The whole of the commands and their options."""
    description = "Todos on the command line. Without a command the window opens."
    parser = _Parser(prog="devots", description=description, parents=[_shared()])
    parser.add_argument("--version", action="version", version=f"devots {__version__}")
    parser.set_defaults(profile=None, account=None, json=False)
    shared = _shared()
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_todo_commands(commands, shared)
    _add_settling_commands(commands, shared)
    _add_transfer_commands(commands, shared)
    _add_sync_commands(commands, shared)
    _add_account_commands(commands, shared)
    examining = _command(commands, shared, "doctor", "examine an account: files, keyring, server, and the list here against the server's")
    examining.add_argument("--repair", action="store_true", help="repair what can be repaired; what waits to be sent is not touched")
    _add_database_commands(commands, shared)
    _command(commands, shared, "completion", "print what makes a shell complete these commands").add_argument(
        "shell", choices=("bash", "zsh", "fish"), help="eval the answer in the shell's start file; fish: into its completions folder"
    )
    return parser


def _shared() -> _Parser:
    """The options that every command takes, before it and after it. Left out behind it, they do not undo what stood before it."""
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--profile", metavar="DIR", type=_filled, help="the folder that all state lies below (else DEVOTS_PROFILE)")
    shared.add_argument("--account", metavar="NAME", type=_filled, help="an account's name, where it is not the current one")
    shared.add_argument("--json", action="store_true", help="answer with one JSON value on standard output")
    return shared


def _command(commands: "_Commands", shared: _Parser, name: str, help_: str) -> _Parser:
    return commands.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".", parents=[shared])


def _add_todo_commands(commands: "_Commands", shared: "_Parser") -> None:
    _command(commands, shared, "add", "add a todo on top of the list").add_argument("text", metavar="TEXT")
    _add_views(_command(commands, shared, "list", "show the todos, newest first"))
    searching = _command(commands, shared, "search", "show the todos that have all of these words in their text, newest first")
    searching.add_argument("words", metavar="WORD", nargs="+", help="a part of the text, whatever its case and accents")
    _add_views(searching)
    for name, help_ in (("done", "mark todos as done"), ("reopen", "mark todos as open again"), ("delete", "delete todos")):
        _command(commands, shared, name, help_).add_argument(
            "ids", metavar="ID", nargs="+", help="a todo's id, or its first characters, at least 4"
        )
    editing = _command(commands, shared, "edit", "give a todo another text")
    editing.add_argument("id", metavar="ID", help="the todo's id, or its first characters, at least 4")
    editing.add_argument("text", metavar="TEXT")
    _command(commands, shared, "undo", "take back the last change that was made here, in the window or by a command")
    _command(commands, shared, "redo", "make the change again that was taken back last")


def _add_settling_commands(commands: "_Commands", shared: "_Parser") -> None:
    parked = _command(commands, shared, "parked", "show the changes that the server refused, and why")
    verbs = parked.add_subparsers(dest="verb", metavar="retry | drop | show", title="commands")
    for name, help_ in (
        ("retry", "send what is parked of a todo again; one that was deleted elsewhere is made anew"),
        ("drop", "give up what is parked of a todo: it shows what the server has"),
        ("show", "show a parked change, with what was wanted and what was seen then"),
    ):
        _command(verbs, shared, name, help_).add_argument("id", metavar="ID", help="the id of the change or of its todo, or its beginning")
    conflicts = _command(commands, shared, "conflicts", "show the values that were overruled and can be restored")
    verbs = conflicts.add_subparsers(dest="verb", metavar="restore", title="commands")
    restoring = _command(verbs, shared, "restore", "give a todo an overruled value again, as an edit")
    restoring.add_argument("id", metavar="ID", help="the value's id, or that of its todo where it has only one")
    missing = _command(commands, shared, "missing", "show whether the server has lost many todos that are still here")
    verbs = missing.add_subparsers(dest="verb", metavar="remove | put-back | leave", title="commands")
    for name, help_ in (
        ("remove", "take them off this device too; undo puts them back"),
        ("put-back", "add them to the server again"),
        ("leave", "leave them here, marked, and do not ask again"),
    ):
        _command(verbs, shared, name, help_)


def _add_transfer_commands(commands: "_Commands", shared: "_Parser") -> None:
    exporting = _command(commands, shared, "export", "write all todos to a file or to standard output")
    exporting.add_argument("--format", choices=("json", "csv", "todotxt"), help="else by the file's name: .csv, .txt (todotxt), or JSON")
    exporting.add_argument("file", metavar="FILE", nargs="?", type=_filled, default="-", help="where to; - or nothing: standard output")
    help_ = "add the todos of a JSON export that are not here; nothing that is here is changed"
    _command(commands, shared, "import", help_).add_argument("file", metavar="FILE", type=_filled, help="the file; -: standard input")


def _add_views(listing: _Parser) -> None:
    views = listing.add_mutually_exclusive_group()
    for view, help_ in (("open", "only what is to be done"), ("done", "only what is done"), ("all", "both; the same without an option")):
        views.add_argument(f"--{view}", dest="view", action="store_const", const=view, default="all", help=help_)
    listing.add_argument("--limit", metavar="N", type=_count, default=-1, help="at most N todos")


def _add_sync_commands(commands: "_Commands", shared: "_Parser") -> None:
    syncing = _command(commands, shared, "sync", "follow the server until interrupted")
    syncing.add_argument("--once", action="store_true", help="push and pull once, and say what came of it")
    _command(commands, shared, "watch", "print changes as they come, wherever they are made, until interrupted")


def _add_account_commands(commands: "_Commands", shared: "_Parser") -> None:
    accounts = _command(commands, shared, "accounts", "show, add, remove and choose accounts")
    verbs = accounts.add_subparsers(dest="verb", metavar="list | add | sign-in | remove | use", title="commands")
    _command(verbs, shared, "list", "show the accounts; the current one is marked")
    for name, help_ in (("remove", "sign out, and delete an account's files from this device"), ("use", "make an account the current one")):
        _command(verbs, shared, name, help_).add_argument("name", metavar="NAME")
    help_ = "sign in again to an account whose session ended; to a portal without a password, by the browser"
    again = _command(verbs, shared, "sign-in", help_)
    again.add_argument("name", metavar="NAME")
    _add_password(again.add_mutually_exclusive_group())
    help_ = "the project's publishable or anon key, where the kept one is gone or not accepted any more"
    again.add_argument("--key", metavar="KEY", type=_filled, help=help_)
    help_ = "read the password of the database's login from a file, where the kept one is gone or not accepted any more"
    again.add_argument("--login-password-file", metavar="F", type=_filled, help=help_)
    kinds = _command(verbs, shared, "add", "add an account").add_subparsers(dest="kind", metavar="KIND", title="kinds", required=True)
    supabase = _command(kinds, shared, "supabase", "look at a Supabase project, and sign in to it or sign up")
    supabase.add_argument("--url", type=_filled, help="the project's URL, a link of its dashboard, or its host (else SUPABASE_URL)")
    help_ = "the project's publishable or anon key (else SUPABASE_PUBLISHABLE_KEY or SUPABASE_ANON_KEY)"
    supabase.add_argument("--key", type=_filled, help=help_)
    supabase.add_argument("--env-file", metavar="F", type=_filled, help="take these variables from this file instead of the environment")
    _add_person(supabase)
    portal = _command(kinds, shared, "portal", "sign in to a Devots Portal, by e-mail and password or, without them, by the browser")
    portal.add_argument("--url", required=True, help="the address that the portal is opened with in the browser")
    portal.add_argument("--email", metavar="E", default="", help="the address that you sign in with")
    _add_password(portal.add_mutually_exclusive_group())
    _add_keeping(portal)
    postgres = _command(kinds, shared, "postgres", "sign in to a PostgreSQL database, or sign up")
    postgres.add_argument("--url", required=True, help="postgresql://devots_desktop@host:5432/database, without a password")
    help_ = "read the password of the database's login from a file (else PGPASSWORD is taken)"
    postgres.add_argument("--login-password-file", metavar="F", type=_filled, help=help_)
    _add_person(postgres)


def _add_person(adding: _Parser) -> None:
    adding.add_argument("--email", metavar="E", required=True, help="the address that you sign in with")
    adding.add_argument("--sign-up", action="store_true", help="make a new account on the server")
    _add_password(adding.add_mutually_exclusive_group(required=True))
    _add_keeping(adding)


def _add_password(password: "_Group") -> None:
    password.add_argument("--password-stdin", action="store_true", help="read your password from standard input")
    password.add_argument("--password-file", metavar="F", type=_filled, help="read your password from a file")


def _add_keeping(adding: _Parser) -> None:
    adding.add_argument("--name", metavar="N", default="", help="what the account is called here")
    adding.add_argument("--ca", metavar="FILE", default="", help="PEM file of the CA that signed the server, where it is not a public one")
    help_ = "where the session is kept: the system's keyring, or a file that only you can read (memory: for the window only)"
    adding.add_argument("--secrets", choices=("keyring", "memory", "file"), default="keyring", help=help_)


def _add_database_commands(commands: "_Commands", shared: "_Parser") -> None:
    database = _command(commands, shared, "db", "for the owner of a database: take it over, bring it up to date, compare and repair it")
    names = "status | adopt | upgrade | downgrade | drift | drizzle | repair | revision"
    verbs = database.add_subparsers(dest="verb", metavar=names, title="commands", required=True)
    helps = {
        "status": "see how a database stands, without changing it",
        "adopt": "compare a portal's database with what it should be, and note that it is one; nothing else is changed",
        "upgrade": "bring a database to the form that this program works with",
        "downgrade": "take that back; todos and people stay",
        "drift": "see what is not as this program made it, and the line that mends it",
        "drizzle": "print the schema with our tables and policies for the portal's own repository (TypeScript)",
        "repair": "after a restore, or a finding of doctor: make keys, functions and rights anew, and let every device download again",
        "revision": "for developers, in a clone: begin a migration from the difference between the models and a database",
    }
    parsers = {name: _command(verbs, shared, name, help_) for name, help_ in helps.items()}
    parsers["status"].add_argument(
        "--migrations", metavar="DIR", type=_filled, help="the folder of Drizzle's migrations, to compare journals"
    )
    parsers["downgrade"].add_argument(
        "--to", metavar="REVISION", default="base", type=_filled, help="a revision of ours (else all are taken back)"
    )
    parsers["revision"].add_argument("words", metavar="WORDS", type=_filled, help="what the migration brings")
    for name in ("adopt", "upgrade"):
        _add_preparing(parsers[name])
    _add_upgrading(parsers["upgrade"])
    for name in ("upgrade", "downgrade"):
        _add_migrating(parsers[name])
    for each in parsers.values():
        help_ = "take SUPABASE_POSTGRES_URL or else DATABASE_URL from this file instead of the environment"
        each.add_argument("--env-file", metavar="F", type=_filled, help=help_)


def _add_preparing(preparing: _Parser) -> None:
    preparing.add_argument("--flavour", choices=("portal", "supabase"), help="whose tables these are, where it cannot be seen")
    help_ = "the password for the login devots_desktop (else one is made)"
    preparing.add_argument("--password-file", metavar="F", type=_filled, help=help_)


def _add_upgrading(upgrading: _Parser) -> None:
    upgrading.add_argument("--sign-up", choices=("on", "off"), help="whether people may sign up by themselves")
    upgrading.add_argument("--accept-rights", action="store_true", help="the rights of others that were found are meant to be so")


def _add_migrating(migrating: _Parser) -> None:
    looking = migrating.add_mutually_exclusive_group()
    looking.add_argument("--dry-run", action="store_true", help="say what would be done, step by step, and change nothing")
    help_ = "print the SQL instead, exactly as it would run; for an upgrade with --flavour supabase no database is asked, and it is for the SQL editor"
    looking.add_argument("--sql", action="store_true", help=help_)
    saving = migrating.add_mutually_exclusive_group()
    saving.add_argument("--no-backup", action="store_true", help="make no copy with pg_dump before the first change")
    saving.add_argument("--backup-to", metavar="DIR", type=_filled, help="the folder of that copy (else `database-backups` in the profile)")


def _filled(value: str) -> str:
    if not value:
        raise argparse.ArgumentTypeError("is empty")
    return value


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise argparse.ArgumentTypeError("is not a number of todos")
    # A larger number means the same, and SQLite could not hold it.
    return min(int(value[:18]), 2**62)
